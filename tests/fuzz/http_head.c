/* What a stranger writes into headers: lines of `name: value`. Nothing may crash, and what is answered must be in
 * range. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/auth.h"
#include "http/conditional.h"
#include "http/cors.h"
#include "http/head.h"
#include "http/negotiate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition)
        abort();
}

static void judge(const Head *head) {
    static const char *const offers[] = {"application/json", "text/html", "application/x-ndjson"};
    static const Keyring keyring = {0};
    const CorsPolicy policy = cors_policy("https://a.example, http://b.example:8000", ":80");
    const CorsPolicy loopback = cors_policy("", "127.0.0.1:80");
    HeadFault faults[HEAD_FAULTS_MAX];
    IfMatch match;
    bool gzip;
    const char *fault = NULL;
    int64_t key;
    require(head_faults(head, true, faults) <= HEAD_FAULTS_MAX);
    require(head_body_length(head) >= -1);
    int offer = negotiate_accept(head->values[HEAD_ACCEPT], offers, 3);
    require(offer >= -1 && offer < 3);
    negotiate_gzip(head->values[HEAD_ACCEPT_ENCODING]);
    require(negotiate_content_type(head->values[HEAD_CONTENT_TYPE], ACCEPTS_PATCH, &fault) == (fault == NULL));
    conditional_if_match(head->values[HEAD_IF_MATCH], &match);
    require(match.count >= 0 && match.count <= IF_MATCH_MAX);
    conditional_none_match(head->values[HEAD_IF_NONE_MATCH], "7", &gzip);
    cors_allow(&policy, head->values[HEAD_ORIGIN]);
    cors_allow(&loopback, head->values[HEAD_ORIGIN]);
    require(auth_check(&keyring, head->values[HEAD_AUTHORIZATION], SCOPE_WRITE, true, 0, &key) != AUTH_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Arena *arena = arena_new();
    char *text = arena_strndup(arena, (const char *)data, size);
    Head head = head_new(arena);
    char *rest = text;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        char *value = strchr(line, ':');
        if (value) {
            *value++ = 0;
            value += strspn(value, " \t");
            head_add(&head, line, strlen(line), value, strlen(value));
        }
    }
    judge(&head);
    arena_free(arena);
    return 0;
}
