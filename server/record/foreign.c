#include "record/foreign.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/hash.h"

enum { CONTEXT_MAX = 1000 /* code points of prefix and suffix */, NAME_DIGITS = 32 };

/* ---- members ---- */

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL && text[0] != '\0' ? text : NULL;
}

/* The members of `object` that are not among the names, which NULL ends; NULL: there are none. */
static json_t *others(json_t *object, const char *const *names) {
    json_t *left = json_object();
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) {
        int known = 0;
        while (names[known] != NULL && strcmp(names[known], name) != 0)
            known++;
        if (names[known] == NULL)
            json_object_set(left, name, value);
    }
    if (json_object_size(left) > 0)
        return left;
    json_decref(left);
    return NULL;
}

static void extra_set(json_t *record, const char *collection, json_t *left) {
    if (left != NULL)
        json_object_set_new(record, "extra", json_pack("{s:o}", collection, left));
}

static void text_set(json_t *record, const char *name, const char *text) {
    if (text != NULL)
        json_object_set_new(record, name, json_string(text));
}

/* The last, or the first, code points of a context. */
static void context_set(json_t *record, const char *name, const char *text, bool last) {
    size_t length = text != NULL ? strlen(text) : 0;
    const char *from = text;
    int points = 0;
    if (text == NULL)
        return;
    if (last) {
        for (from = text + length; from > text && points <= CONTEXT_MAX;
             points += ((unsigned char)*from & 0xC0) != 0x80)
            from--;
        while (points > CONTEXT_MAX && ((unsigned char)*++from & 0xC0) == 0x80) {
        }
        length -= (size_t)(from - text);
    } else {
        for (length = 0; text[length] != '\0'; length++)
            if (((unsigned char)text[length] & 0xC0) != 0x80 && ++points > CONTEXT_MAX)
                break;
    }
    json_object_set_new(record, name, json_stringn(from, length));
}

/* A name for what has none: the same for the same texts. */
static const char *name_of(Arena *arena, const char *collection, const char *const *texts, int count) {
    Buffer all = buffer_new(arena, 1024);
    uint8_t digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    for (int i = 0; i < count; i++) {
        buffer_add_string(&all, texts[i] != NULL ? texts[i] : "");
        buffer_add_char(&all, '\0');
    }
    sha256(all.data, all.length, digest);
    hex_encode(digest, SHA256_SIZE, hex);
    return arena_printf(arena, "%s:%.*s", collection, NAME_DIGITS, hex);
}

static Foreign fault(const char *sentence) {
    return (Foreign){.fault = sentence};
}

static ForeignQuote *quote_add(Foreign *foreign, const char *external_id, const char *url, const char *text,
                               const char *status) {
    ForeignQuote *quote = &foreign->quotes[foreign->quote_count++];
    *quote = (ForeignQuote){.record = json_pack("{s:s, s:{s:s}, s:s, s:s}", "external_id", external_id, "article_id",
                                                "url", url, "text", text, "status", status)};
    return quote;
}

static Foreign foreign_new(Arena *arena, const char *url, const char *headline, const char *language, size_t quotes) {
    Foreign foreign = {.article = json_pack("{s:s, s:s}", "url", url, "language", language)};
    text_set(foreign.article, "headline", headline);
    foreign.quotes = arena_calloc(arena, quotes + 1, sizeof *foreign.quotes);
    return foreign;
}

void foreign_release(Foreign *foreign) {
    json_decref(foreign->article);
    for (int i = 0; i < foreign->quote_count; i++)
        json_decref(foreign->quotes[i].record);
    *foreign = (Foreign){.article = NULL};
}

/* ---- GDELT ---- */

/* GDELT says languages in English; "und" is BCP 47 for one that is not known. */
static const char *language_of(const char *name) {
    static const char *const known[][2] = {
        {"ENGLISH", "en"},    {"ARABIC", "ar"},     {"ALBANIAN", "sq"},  {"ARMENIAN", "hy"},   {"AZERBAIJANI", "az"},
        {"BENGALI", "bn"},    {"BOSNIAN", "bs"},    {"BULGARIAN", "bg"}, {"CATALAN", "ca"},    {"CHINESE", "zh"},
        {"CROATIAN", "hr"},   {"CZECH", "cs"},      {"DANISH", "da"},    {"DUTCH", "nl"},      {"ESTONIAN", "et"},
        {"FINNISH", "fi"},    {"FRENCH", "fr"},     {"GEORGIAN", "ka"},  {"GERMAN", "de"},     {"GREEK", "el"},
        {"HEBREW", "he"},     {"HINDI", "hi"},      {"HUNGARIAN", "hu"}, {"ICELANDIC", "is"},  {"INDONESIAN", "id"},
        {"ITALIAN", "it"},    {"JAPANESE", "ja"},   {"KAZAKH", "kk"},    {"KOREAN", "ko"},     {"LATVIAN", "lv"},
        {"LITHUANIAN", "lt"}, {"MACEDONIAN", "mk"}, {"MALAY", "ms"},     {"NEPALI", "ne"},     {"NORWEGIAN", "no"},
        {"PASHTO", "ps"},     {"PERSIAN", "fa"},    {"POLISH", "pl"},    {"PORTUGUESE", "pt"}, {"ROMANIAN", "ro"},
        {"RUSSIAN", "ru"},    {"SERBIAN", "sr"},    {"SLOVAK", "sk"},    {"SLOVENIAN", "sl"},  {"SPANISH", "es"},
        {"SWAHILI", "sw"},    {"SWEDISH", "sv"},    {"TAMIL", "ta"},     {"THAI", "th"},       {"TURKISH", "tr"},
        {"UKRAINIAN", "uk"},  {"URDU", "ur"},       {"UZBEK", "uz"},     {"VIETNAMESE", "vi"},
    };
    for (size_t i = 0; name != NULL && i < sizeof known / sizeof *known; i++)
        if (strcasecmp(known[i][0], name) == 0)
            return known[i][1];
    return "und";
}

Foreign gdelt_read(Arena *arena, json_t *line, const char *status) {
    static const char *const article_names[] = {"url", "title", "quotes", NULL};
    static const char *const quote_names[] = {"pre", "quote", "post", NULL};
    const char *url = text_of(line, "url");
    json_t *quotes = json_object_get(line, "quotes");
    if (url == NULL || !json_is_array(quotes))
        return fault("The line must have a url, and a list of quotes.");
    Foreign foreign =
        foreign_new(arena, url, text_of(line, "title"), language_of(text_of(line, "lang")), json_array_size(quotes));
    extra_set(foreign.article, "gdelt", others(line, article_names));
    for (size_t i = 0; i < json_array_size(quotes); i++) {
        json_t *given = json_array_get(quotes, i);
        const char *texts[] = {url, text_of(given, "quote"), text_of(given, "pre"), text_of(given, "post")};
        if (texts[1] == NULL) {
            foreign_release(&foreign);
            return fault("Each of the quotes must be an object with a quote.");
        }
        const char *name = name_of(arena, "gdelt", texts, (int)(sizeof texts / sizeof *texts));
        ForeignQuote *quote = quote_add(&foreign, name, url, texts[1], status);
        context_set(quote->record, "prefix", texts[2], true);
        context_set(quote->record, "suffix", texts[3], false);
        extra_set(quote->record, "gdelt", others(given, quote_names));
    }
    return foreign;
}

/* ---- Quotebank ---- */

/* Its word for nobody. */
static const char *speaker_of(const json_t *object, const char *name) {
    const char *speaker = text_of(object, name);
    return speaker != NULL && strcmp(speaker, "None") != 0 ? speaker : NULL;
}

/* One item of Wikidata is a page; of several nobody knows which. They come as an array, or as a text like "['Q42']". */
static const char *page_of(Arena *arena, const json_t *qids) {
    const char *qid = json_is_string(qids) ? json_string_value(qids) : NULL;
    if (json_array_size(qids) == 1)
        qid = json_string_value(json_array_get(qids, 0));
    if (qid == NULL)
        return NULL;
    const char *item = qid + strspn(qid, "[' \"");
    size_t digits = item[0] == 'Q' ? strspn(item + 1, "0123456789") : 0;
    if (digits == 0 || item[1 + digits + strspn(item + 1 + digits, "]' \"")] != '\0')
        return NULL;
    return arena_printf(arena, "https://www.wikidata.org/wiki/%.*s", (int)(1 + digits), item);
}

/* What is said of a name by how likely it is: ["Ann", "0.9"], or {"speaker": "Ann", "proba": 0.9, "qids": ["Q42"]}.
 * NULL: nothing. */
static const json_t *candidate_of(const json_t *probabilities, const char *speaker) {
    for (size_t i = 0; speaker != NULL && i < json_array_size(probabilities); i++) {
        const json_t *candidate = json_array_get(probabilities, i);
        const char *name = json_string_value(json_is_array(candidate) ? json_array_get(candidate, 0)
                                                                      : json_object_get(candidate, "speaker"));
        if (name != NULL && strcmp(name, speaker) == 0)
            return candidate;
    }
    return NULL;
}

static void confidence_set(json_t *record, const json_t *candidate) {
    const json_t *number =
        json_is_array(candidate) ? json_array_get(candidate, 1) : json_object_get(candidate, "proba");
    double value = json_is_string(number) ? strtod(json_string_value(number), NULL) : json_number_value(number);
    if (number != NULL && value >= 0 && value <= 1)
        json_object_set_new(record, "confidence", json_real(value));
}

static Foreign by_quote(Arena *arena, json_t *line, const char *status) {
    static const char *const names[] = {"quoteID", "quotation", NULL};
    const char *url = json_string_value(json_array_get(json_object_get(line, "urls"), 0));
    const char *id = text_of(line, "quoteID");
    const char *text = text_of(line, "quotation");
    if (url == NULL || id == NULL || text == NULL)
        return fault("The line must have a quoteID, a quotation, and a list of urls.");
    Foreign foreign = foreign_new(arena, url, NULL, "en", 1);
    ForeignQuote *quote = quote_add(&foreign, arena_printf(arena, "quotebank:%s", id), url, text, status);
    quote->speaker = speaker_of(line, "speaker");
    quote->page = page_of(arena, json_object_get(line, "qids"));
    confidence_set(quote->record, candidate_of(json_object_get(line, "probas"), quote->speaker));
    extra_set(quote->record, "quotebank", others(line, names));
    return foreign;
}

/* The items of Wikidata that the article's list of names has for a speaker. */
static const json_t *qids_of(const json_t *names, const char *speaker) {
    for (size_t i = 0; speaker != NULL && i < json_array_size(names); i++) {
        const json_t *item = json_array_get(names, i);
        const char *name = text_of(item, "name");
        if (name != NULL && strcmp(name, speaker) == 0)
            return json_object_get(item, "ids");
    }
    return NULL;
}

/* One quotation of an article. False: it is none. */
static bool quotation_add(Arena *arena, Foreign *foreign, const char *url, json_t *line, json_t *given,
                          const char *status) {
    static const char *const names[] = {"quotation", "leftContext", "rightContext", NULL};
    const char *texts[] = {url, text_of(given, "quotation"), text_of(given, "leftContext"),
                           text_of(given, "rightContext")};
    if (texts[1] == NULL)
        return false;
    const char *name = name_of(arena, "quotebank", texts, (int)(sizeof texts / sizeof *texts));
    ForeignQuote *quote = quote_add(foreign, name, url, texts[1], status);
    bool local = text_of(given, "localTopSpeaker") != NULL;
    quote->speaker = speaker_of(given, local ? "localTopSpeaker" : "globalTopSpeaker");
    const json_t *candidate =
        candidate_of(json_object_get(given, local ? "localProbas" : "globalProbas"), quote->speaker);
    const json_t *qids = json_object_get(candidate, "qids");
    quote->page = page_of(arena, qids ? qids : qids_of(json_object_get(line, "names"), quote->speaker));
    confidence_set(quote->record, candidate);
    context_set(quote->record, "prefix", texts[2], true);
    context_set(quote->record, "suffix", texts[3], false);
    extra_set(quote->record, "quotebank", others(given, names));
    return true;
}

static Foreign by_article(Arena *arena, json_t *line, const char *status) {
    static const char *const names[] = {"url", "title", "quotations", NULL};
    const char *url = text_of(line, "url");
    json_t *quotations = json_object_get(line, "quotations");
    if (url == NULL || !json_is_array(quotations))
        return fault("The line must have a url, and a list of quotations.");
    Foreign foreign = foreign_new(arena, url, text_of(line, "title"), "en", json_array_size(quotations));
    extra_set(foreign.article, "quotebank", others(line, names));
    for (size_t i = 0; i < json_array_size(quotations); i++) {
        if (!quotation_add(arena, &foreign, url, line, json_array_get(quotations, i), status)) {
            foreign_release(&foreign);
            return fault("Each of the quotations must be an object with a quotation.");
        }
    }
    return foreign;
}

Foreign quotebank_read(Arena *arena, json_t *line, const char *status) {
    bool articles = json_object_get(line, "quotations") != NULL || json_object_get(line, "articleID") != NULL;
    return articles ? by_article(arena, line, status) : by_quote(arena, line, status);
}
