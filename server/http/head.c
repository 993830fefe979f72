#include "http/head.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct FieldRule {
    const char *name;
    bool list; /* may be given several times: the lines are one list */
} FieldRule;

static const FieldRule field_rules[HEAD_FIELD_COUNT] = {
    [HEAD_HOST] = {"Host", false},
    [HEAD_CONTENT_LENGTH] = {"Content-Length", false},
    [HEAD_TRANSFER_ENCODING] = {"Transfer-Encoding", false},
    [HEAD_CONTENT_TYPE] = {"Content-Type", false},
    [HEAD_CONTENT_ENCODING] = {"Content-Encoding", true},
    [HEAD_ACCEPT] = {"Accept", true},
    [HEAD_ACCEPT_ENCODING] = {"Accept-Encoding", true},
    [HEAD_AUTHORIZATION] = {"Authorization", false},
    [HEAD_IF_MATCH] = {"If-Match", true},
    [HEAD_IF_NONE_MATCH] = {"If-None-Match", true},
    [HEAD_ORIGIN] = {"Origin", false},
    [HEAD_EXPECT] = {"Expect", false},
    [HEAD_CHANGE_ACTOR] = {"Change-Actor", false},
    [HEAD_CHANGE_REASON] = {"Change-Reason", false},
    [HEAD_IDEMPOTENCY_KEY] = {"Idempotency-Key", false},
    [HEAD_CORS_METHOD] = {"Access-Control-Request-Method", false},
    [HEAD_LAST_EVENT_ID] = {"Last-Event-ID", false},
    [HEAD_CACHE_CONTROL] = {"Cache-Control", true},
};

Head head_new(Arena *arena) {
    return (Head){.arena = arena};
}

const char *head_field_name(HeadField field) {
    return field_rules[field].name;
}

/* RFC 9110, section 5.6.2. */
static bool is_token(const char *text, size_t length) {
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!alphanumeric && (c == 0 || strchr(others, c) == NULL))
            return false;
    }
    return length > 0;
}

static bool has_control(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

/* Which field it is; HEAD_FIELD_COUNT for one that means nothing here. */
static HeadField field_find(const char *name, size_t length) {
    for (int i = 0; i < HEAD_FIELD_COUNT; i++) {
        const char *known = field_rules[i].name;
        if ((known[0] | 0x20) == (name[0] | 0x20) && strncasecmp(known, name, length) == 0 && known[length] == 0)
            return (HeadField)i;
    }
    return HEAD_FIELD_COUNT;
}

void head_add(Head *head, const char *name, size_t name_length, const char *value, size_t value_length) {
    if (!is_token(name, name_length)) {
        head->bad_line = true;
        return;
    }
    if (has_control(value, value_length)) {
        head->bad_value = head->bad_value ? head->bad_value : name;
        return;
    }
    HeadField field = field_find(name, name_length);
    if (field == HEAD_FIELD_COUNT)
        return;
    if (value_length > 0 && (value[value_length - 1] == ' ' || value[value_length - 1] == '\t')) {
        while (value_length > 0 && (value[value_length - 1] == ' ' || value[value_length - 1] == '\t'))
            value_length--;
        value = arena_strndup(head->arena, value, value_length);
    }
    if (head->values[field] == NULL)
        head->values[field] = value;
    else if (field_rules[field].list)
        head->values[field] = arena_printf(head->arena, "%s, %s", head->values[field], value);
    else
        head->repeated |= 1u << field;
}

static bool is_digits(const char *text) {
    return text[0] != 0 && text[strspn(text, "0123456789")] == 0;
}

static void fault_add(HeadFault faults[HEAD_FAULTS_MAX], int *count, const char *header, const char *detail) {
    if (*count < HEAD_FAULTS_MAX)
        faults[(*count)++] = (HeadFault){header, detail};
}

int head_faults(const Head *head, bool http11, HeadFault faults[HEAD_FAULTS_MAX]) {
    int count = 0;
    const char *length = head->values[HEAD_CONTENT_LENGTH];
    const char *encoding = head->values[HEAD_TRANSFER_ENCODING];
    if (head->bad_line)
        fault_add(faults, &count, "", "a line is none that HTTP allows: a name, a colon and a value");
    if (head->bad_value)
        fault_add(faults, &count, head->bad_value, "holds a control character");
    for (int i = 0; i < HEAD_FIELD_COUNT; i++)
        if (head->repeated & (1u << i))
            fault_add(faults, &count, field_rules[i].name, "may be given once only");
    if (http11 && head->values[HEAD_HOST] == NULL)
        fault_add(faults, &count, "Host", "is required in HTTP/1.1");
    if (head->values[HEAD_HOST] && !head_is_host(head->values[HEAD_HOST]))
        fault_add(faults, &count, "Host", "must be a host, with a port where it needs one");
    if (length && !is_digits(length))
        fault_add(faults, &count, "Content-Length", "must be a number of bytes");
    if (encoding && strcasecmp(encoding, "chunked") != 0)
        fault_add(faults, &count, "Transfer-Encoding", "must be chunked, or not be given");
    if (encoding && !http11)
        fault_add(faults, &count, "Transfer-Encoding", "is not for HTTP/1.0");
    if (encoding && length)
        fault_add(faults, &count, "Content-Length", "may not be given beside Transfer-Encoding");
    if (head->values[HEAD_EXPECT] && !head_expects_continue(head))
        fault_add(faults, &count, "Expect", "must be 100-continue, or not be given");
    else if (head->values[HEAD_EXPECT] && head_body_length(head) == 0)
        fault_add(faults, &count, "Expect", "is for requests with a body");
    return count;
}

int64_t head_body_length(const Head *head) {
    const char *length = head->values[HEAD_CONTENT_LENGTH];
    if (head->values[HEAD_TRANSFER_ENCODING])
        return -1;
    if (length == NULL || !is_digits(length))
        return 0;
    long long value = strtoll(length, NULL, 10); /* what is too large becomes the largest */
    return value;
}

bool head_is_host(const char *host) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    size_t length = strspn(host, letters);
    if (host[0] == '[') {
        length = 1 + strspn(host + 1, "0123456789abcdefABCDEF:.");
        if (length == 1 || host[length] != ']')
            return false;
        length++;
    }
    const char *port = host + length;
    return length > 0 && (port[0] == '\0' || (port[0] == ':' && is_digits(port + 1) && strlen(port) <= 6));
}

bool head_expects_continue(const Head *head) {
    const char *expect = head->values[HEAD_EXPECT];
    return expect != NULL && strcasecmp(expect, "100-continue") == 0;
}
