#include "db/constraints.h"

#include <stddef.h>

#define TOO_LONG(field, max) field " is too long: " max " characters at most."
#define ONE_TO(field, max) field " must have 1 to " max " characters."
#define ONE_OF(field, values) field " must be one of: " values "."
#define MISSING(field, singular) field " refers to " singular " that is not there."
#define CASCADE "The record was deleted meanwhile."

/* Rules of one field, of several fields of one resource, and those that every resource has. */
#define INVALID(resource, field, detail)                                                                               \
    { resource "_" field "_check", FAILURE_INVALID, resource, field, detail, NULL }
#define REFERENCE(resource, field, target, singular)                                                                   \
    { resource "_" field "_fkey", FAILURE_REFERENCE, resource, field, MISSING(field, singular), target }
#define LINK(name, resource, field, target, singular)                                                                  \
    { name "_fkey", FAILURE_REFERENCE, resource, field, MISSING(field, singular), target }
#define OWNER(name, resource)                                                                                          \
    { name "_fkey", FAILURE_REFERENCE, resource, NULL, CASCADE, resource }
#define UNIQUE(name, resource, field, detail)                                                                          \
    { name, FAILURE_CONFLICT, resource, field, detail, NULL }
#define COMMON(resource, singular)                                                                                     \
    UNIQUE(resource "_pkey", resource, "id", "There is " singular " with this id."),                                   \
        UNIQUE(resource "_external_id_key", resource, "external_id", "Another record has this external_id."),          \
        INVALID(resource, "external_id", ONE_TO("external_id", "255")),                                                \
        INVALID(resource, "extra", "extra must be an object."),                                                        \
        {resource "_change_actor_check", FAILURE_INVALID, resource, NULL, TOO_LONG("Change-Actor", "500"), NULL}, {    \
        resource "_change_reason_check", FAILURE_INVALID, resource, NULL, TOO_LONG("Change-Reason", "500"), NULL       \
    }

const ConstraintRow constraint_rows[] = {
    COMMON("sources", "a source"),
    UNIQUE("sources_name_country_key", "sources", "name", "Another source has this name in this country."),
    INVALID("sources", "name", ONE_TO("name", "500")),
    INVALID("sources", "country", "country must be two capital letters."),
    INVALID("sources", "description", TOO_LONG("description", "20000")),
    INVALID("sources", "url", "url must have 1 to 2048 bytes."),

    COMMON("articles", "an article"),
    UNIQUE("articles_url_key", "articles", "url", "Another article has this url."),
    INVALID("articles", "headline", TOO_LONG("headline", "2000")),
    INVALID("articles", "alternative_headline", TOO_LONG("alternative_headline", "2000")),
    {"articles_headline_or_url_check", FAILURE_INVALID, "articles", "headline", "An article needs a headline or a url.",
     NULL},
    INVALID("articles", "url", "url must have 1 to 2048 bytes."),
    INVALID("articles", "byline", TOO_LONG("byline", "1000")),
    INVALID("articles", "dateline", TOO_LONG("dateline", "500")),
    INVALID("articles", "section", ONE_TO("section", "200")),
    INVALID("articles", "language", "language must be a BCP 47 tag."),
    INVALID("articles", "summary", TOO_LONG("summary", "20000")),
    INVALID("articles", "body", TOO_LONG("body", "2000000")),
    INVALID("articles", "rights", TOO_LONG("rights", "2000")),
    INVALID("articles", "keywords", "keywords must be texts of 1 to 200 characters."),
    INVALID("articles", "via", "via must be a list of sources as they were printed."),
    INVALID("articles", "mentions", "mentions must be a list of speakers as they were printed."),
    REFERENCE("articles", "source_id", "sources", "a source"),
    LINK("via_source_id", "articles", "via", "sources", "a source"),
    LINK("mentions_speaker_id", "articles", "mentions", "speakers", "a speaker"),
    OWNER("via_article_id", "articles"),
    OWNER("mentions_article_id", "articles"),

    COMMON("speakers", "a speaker"),
    INVALID("speakers", "name", ONE_TO("name", "500")),
    INVALID("speakers", "kind", ONE_OF("kind", "person, organization, unnamed")),
    INVALID("speakers", "description", TOO_LONG("description", "20000")),
    INVALID("speakers", "aliases", "aliases must be texts of 1 to 500 characters."),
    INVALID("speakers", "same_as", "same_as must be URLs of 1 to 2048 characters."),
    INVALID("speakers", "affiliations", "affiliations must be a list of organizations, with a role and dates."),
    {"speakers_part_of_cycle", FAILURE_INVALID, "speakers", "part_of_id", "An organization cannot be part of itself.",
     NULL},
    REFERENCE("speakers", "part_of_id", "speakers", "a speaker"),
    LINK("affiliations_organization_id", "speakers", "affiliations", "speakers", "an organization"),
    LINK("affiliations_article_id", "speakers", "affiliations", "articles", "an article"),
    OWNER("affiliations_speaker_id", "speakers"),
    OWNER("speaker_names_speaker_id", "speakers"),

    COMMON("events", "an event"),
    INVALID("events", "name", ONE_TO("name", "500")),
    INVALID("events", "kind", ONE_OF("kind", "meeting, visit, appointment, ruling, summit, announcement, other")),
    INVALID("events", "status", ONE_OF("status", "announced, planned, occurred, cancelled")),
    INVALID("events", "description", TOO_LONG("description", "20000")),
    INVALID("events", "place", ONE_TO("place", "500")),
    INVALID("events", "date_as_printed", TOO_LONG("date_as_printed", "500")),
    INVALID("events", "starts_on", "starts_on must be a date: YYYY, YYYY-MM or YYYY-MM-DD."),
    INVALID("events", "ends_on", "ends_on must be a date: YYYY, YYYY-MM or YYYY-MM-DD."),
    INVALID("events", "participants", "participants must be a list of speakers, with a role."),
    INVALID("events", "article_ids", "article_ids must be a list of ids."),
    {"events_part_of_cycle", FAILURE_INVALID, "events", "part_of_id", "An event cannot be part of itself.", NULL},
    REFERENCE("events", "part_of_id", "events", "an event"),
    LINK("participants_speaker_id", "events", "participants", "speakers", "a speaker"),
    LINK("article_events_article_id", "events", "article_ids", "articles", "an article"),
    OWNER("participants_event_id", "events"),
    OWNER("article_events_event_id", "events"),

    COMMON("quotes", "a quote"),
    INVALID("quotes", "text", ONE_TO("text", "100000")),
    INVALID("quotes", "kind", ONE_OF("kind", "direct, partial, indirect")),
    INVALID("quotes", "status", ONE_OF("status", "proposed, confirmed, rejected")),
    INVALID("quotes", "channel", ONE_OF("channel", "speech, interview, statement, social_media, other")),
    INVALID("quotes", "speaker_as_printed", TOO_LONG("speaker_as_printed", "500")),
    INVALID("quotes", "role", TOO_LONG("role", "500")),
    INVALID("quotes", "cue", TOO_LONG("cue", "200")),
    INVALID("quotes", "prefix", TOO_LONG("prefix", "1000")),
    INVALID("quotes", "suffix", TOO_LONG("suffix", "1000")),
    INVALID("quotes", "said_on", "said_on must be a date: YYYY, YYYY-MM or YYYY-MM-DD."),
    INVALID("quotes", "confidence", "confidence must be a number from 0 to 1."),
    INVALID("quotes", "spans", "spans must be in order, not overlapping, and not empty."),
    INVALID("quotes", "anchor", ONE_OF("anchor", "anchored, lost")),
    {"quotes_anchor_spans_check", FAILURE_INVALID, "quotes", "anchor", "A quote that is anchored has spans.", NULL},
    INVALID("quotes", "about_ids", "about_ids must be a list of ids."),
    INVALID("quotes", "relayed_by", "relayed_by must be a speaker, with how it was printed."),
    INVALID("quotes", "continues_id", "A quote cannot continue itself."),
    REFERENCE("quotes", "article_id", "articles", "an article"),
    REFERENCE("quotes", "speaker_id", "speakers", "a speaker"),
    REFERENCE("quotes", "event_id", "events", "an event"),
    REFERENCE("quotes", "continues_id", "quotes", "a quote"),
    LINK("quotes_relayed_by_id", "quotes", "relayed_by", "speakers", "a speaker"),
    LINK("quote_abouts_speaker_id", "quotes", "about_ids", "speakers", "a speaker"),
    OWNER("quote_abouts_quote_id", "quotes"),
};

const int constraint_count = sizeof constraint_rows / sizeof constraint_rows[0];
