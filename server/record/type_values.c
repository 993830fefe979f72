#include "record/type_values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/moment.h"
#include "base/utf8.h"

enum { URL_MAX = 2048, LANGUAGE_MAX = 35, LANGUAGE_SUBTAG_MAX = 8, TEXT_MAX = 10000 };
static const long long ID_MAX = 9007199254740991; /* 2^53 - 1: what JavaScript's numbers hold */

/* ISO 3166-1 alpha-2, the codes officially assigned. */
static const char countries[] =
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY "
    "BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK "
    "FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR "
    "IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK "
    "ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM "
    "PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF "
    "TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW ";

static Value value_ok(const char *text) {
    return (Value){.text = text};
}

static Value value_fault(const char *fault) {
    return (Value){.fault = fault};
}

static bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool url_valid(const char *url) {
    size_t scheme = strncasecmp(url, "https://", 8) == 0 ? 8 : strncasecmp(url, "http://", 7) == 0 ? 7 : 0;
    if (scheme == 0 || strlen(url) > URL_MAX || strchr("/?#:", url[scheme]) != NULL)
        return false;
    for (const unsigned char *c = (const unsigned char *)url; *c != '\0'; c++)
        if (*c <= ' ' || *c == 0x7f || strchr("<>\"\\^`{|}", *c) != NULL)
            return false;
    return true;
}

/* BCP 47 by its shape: subtags of 1 to 8 letters or digits, the first 2 to 8 letters. */
static bool language_valid(const char *tag) {
    size_t subtag = 0;
    bool first = true;
    if (strlen(tag) > LANGUAGE_MAX)
        return false;
    for (const char *c = tag;; c++) {
        if (*c == '-' || *c == '\0') {
            if (subtag == 0 || subtag > LANGUAGE_SUBTAG_MAX || (first && subtag < 2))
                return false;
            if (*c == '\0')
                return true;
            first = false;
            subtag = 0;
        } else if (is_alpha(*c) || (!first && is_digit(*c))) {
            subtag++;
        } else {
            return false;
        }
    }
}

static bool country_valid(const char *code) {
    char wanted[4] = {code[0], code[0] != '\0' ? code[1] : '\0', ' ', '\0'};
    return strlen(code) == 2 && strstr(countries, wanted) != NULL && is_alpha(code[0]);
}

static Value enum_value(Arena *arena, const Field *field, const char *text) {
    Buffer fault = buffer_new(arena, 128);
    buffer_add_string(&fault, "one of");
    for (const char *const *allowed = field->values; *allowed != NULL; allowed++) {
        if (strcmp(text, *allowed) == 0)
            return value_ok(*allowed);
        buffer_printf(&fault, "%s %s", allowed == field->values ? "" : ",", *allowed);
    }
    return value_fault(fault.data);
}

static Value name_value(Arena *arena, const char *text) {
    size_t length;
    const char *name = utf8_name(arena, text, strlen(text), &length);
    if (name == NULL || length == 0)
        return value_fault("text that is more than white space");
    for (const char *c = name; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return value_fault("text without control characters");
    return value_ok(name);
}

/* The types whose value is a string, checked and in the form in which it is stored. */
static Value string_value(Arena *arena, const Field *field, const char *text) {
    switch (field->type) {
    case TYPE_NAME:
    case TYPE_NAMES:
        return name_value(arena, text);
    case TYPE_URL:
    case TYPE_URLS:
        return url_valid(text) ? value_ok(text) : value_fault("an absolute http or https URL of at most 2048 bytes");
    case TYPE_LANGUAGE:
        return language_valid(text) ? value_ok(text) : value_fault("a BCP 47 language tag, such as en or fa-AF");
    case TYPE_COUNTRY:
        return country_valid(text) ? value_ok(text) : value_fault("an ISO 3166-1 alpha-2 code, such as AF");
    case TYPE_ENUM:
        return enum_value(arena, field, text);
    case TYPE_EDTF:
        return edtf_valid(text) ? value_ok(text) : value_fault("a date: 2025, 2025-05 or 2025-05-15");
    default:
        return value_ok(text);
    }
}

Value value_parse_id(Arena *arena, const Field *field, const char *text) {
    size_t digits = strspn(text, "0123456789");
    (void)arena;
    (void)field;
    if (digits == 0 || text[digits] != '\0' || digits > REFERENCE_MAX_DIGITS || text[0] == '0' ||
        strtoll(text, NULL, 10) > ID_MAX)
        return value_fault("a whole number from 1 to 9007199254740991, without a sign or a leading zero");
    return value_ok(text);
}

/* As we spell it: PostgreSQL refuses what a double cannot hold. */
static Value fraction_value(Arena *arena, double number) {
    if (!(number >= 0 && number <= 1))
        return value_fault("a number from 0 to 1");
    return value_ok(number > 0 ? arena_printf(arena, "%.17g", number) : "0"); /* not "-0" */
}

Value value_parse_fraction(Arena *arena, const Field *field, const char *text) {
    char *end;
    double number = strtod(text, &end);
    (void)field;
    if (end == text || *end != '\0' || text[strspn(text, "0123456789.")] != '\0')
        number = NAN;
    return fraction_value(arena, number);
}

Value value_parse_text(Arena *arena, const Field *field, const char *text) {
    return string_value(arena, field, text);
}

Value value_parse_moment(Arena *arena, const Field *field, const char *text) {
    char first[MOMENT_TEXT];
    char end[MOMENT_TEXT];
    (void)arena;
    (void)field;
    if (!timestamp_interval(text, first, end))
        return value_fault("a date (2025, 2025-05, 2025-05-15) or an RFC 3339 timestamp");
    return value_ok(text);
}

Value value_bind_id(Arena *arena, const Field *field, const json_t *json) {
    (void)field;
    if (!json_is_integer(json) || json_integer_value(json) < 1 || json_integer_value(json) > ID_MAX)
        return value_fault("a whole number from 1 to 9007199254740991");
    return value_ok(arena_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(json)));
}

Value value_bind_fraction(Arena *arena, const Field *field, const json_t *json) {
    (void)field;
    return fraction_value(arena, json_is_number(json) ? json_number_value(json) : NAN);
}

Value value_bind_string(Arena *arena, const Field *field, const json_t *json) {
    if (!json_is_string(json))
        return value_fault(field->type == TYPE_ENUM ? enum_value(arena, field, "").fault : "a string");
    const char *text = json_string_value(json);
    size_t max = field->max > 0 ? (size_t)field->max : TEXT_MAX;
    size_t length = utf8_length(text, json_string_length(json));
    if ((field->flags & FIELD_REQUIRED) != 0 && length == 0)
        return value_fault("a string that is not empty");
    Value value = length <= max ? string_value(arena, field, text) : value_ok(NULL);
    bool stored_fits = value.text != NULL && utf8_length(value.text, strlen(value.text)) <= max; /* NFC may lengthen */
    if (value.fault == NULL && !stored_fits)
        return value_fault(arena_printf(arena, "at most %zu characters long", max));
    return value;
}

Value value_bind_timestamp(Arena *arena, const Field *field, const json_t *json) {
    char utc[MOMENT_TEXT];
    (void)field;
    if (!json_is_string(json) || !timestamp_parse(json_string_value(json), utc))
        return value_fault("an RFC 3339 timestamp, such as 2025-05-15T10:00:00Z");
    return value_ok(arena_strdup(arena, utc));
}
