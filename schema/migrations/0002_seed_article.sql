-- 0002: the first article on record, with everything that it says and nothing that it does not.
-- admits: 1
-- seed
--
-- Names, roles, cues and dates stand as printed; what the text does not say is null. Ids come out in the order of
-- listing, quotes in the order of reading. schema/article.txt is the same text, for tests.

-- The outlet, and the one that it relies on.

INSERT INTO onrecord.sources (name, change_reason) VALUES
    ('MNTV', 'seed'),
    ('TOLOnews', 'seed');

-- Who speaks, and who is spoken of.

INSERT INTO onrecord.speakers (kind, name, aliases, change_reason) VALUES
    ('organization', 'Taliban-led administration', '{Taliban-led government,Afghanistan’s interim government}', 'seed');

INSERT INTO onrecord.speakers (kind, name, part_of_id, change_reason)
SELECT 'organization', ministry.name, administration.id, 'seed'
FROM (VALUES (1, 'ministry of foreign affairs'), (2, 'Interior Ministry')) AS ministry (place, name),
     onrecord.speakers AS administration
WHERE administration.name = 'Taliban-led administration'
ORDER BY ministry.place;

INSERT INTO onrecord.speakers (kind, name, change_reason) VALUES
    ('organization', 'Taliban', 'seed'),
    ('organization', 'Russia', 'seed');

INSERT INTO onrecord.speakers (kind, name, part_of_id, change_reason)
SELECT 'organization', 'Supreme Court', russia.id, 'seed'
FROM onrecord.speakers AS russia
WHERE russia.name = 'Russia';

INSERT INTO onrecord.speakers (kind, name, change_reason) VALUES
    ('organization', 'China', 'seed'),
    ('unnamed', 'Political observers', 'seed');

-- The persons, in the order in which the article names them. It is the source of their roles and comes after them: its
-- id is drawn here.

SET CONSTRAINTS onrecord.affiliations_article_id_fkey DEFERRED;

WITH article AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('onrecord.articles', 'id')) AS id
), person (place, name, organization, role) AS (
    VALUES
        (1, 'Zamir Kabulov', 'Russia', 'Russia’s special envoy for Afghanistan'),
        (2, 'Amir Khan Muttaqi', 'Taliban-led administration', 'acting Foreign Minister'),
        (3, 'Sirajuddin Haqqani', 'Taliban-led administration', 'Interior Minister'),
        (4, 'Zia Ahmad Takal', 'ministry of foreign affairs',
            'spokesperson for the Taliban’s ministry of foreign affairs'),
        (5, 'Abdul Matin Qani', 'Interior Ministry', 'Taliban’s Interior Ministry spokesperson'),
        (6, 'Muin Gul Samkani', NULL, 'analyst'),
        (7, 'Idris Mohammadi Zazai', NULL, 'analyst'),
        (8, 'Enayatullah Adel', NULL, 'political analyst')
)
INSERT INTO onrecord.speakers (kind, name, affiliations, change_reason)
SELECT 'person', person.name,
       jsonb_build_array(jsonb_build_object('organization_id', organization.id, 'role', person.role,
                                            'start_date', NULL, 'end_date', NULL, 'article_id', article.id)),
       'seed'
FROM article, person LEFT JOIN onrecord.speakers AS organization ON organization.name = person.organization
ORDER BY person.place;

-- The article. It has no year, so there is no date.

INSERT INTO onrecord.articles (id, headline, alternative_headline, source_id, dateline, via, mentions, change_reason,
                               body)
SELECT currval(pg_get_serial_sequence('onrecord.articles', 'id')),
       'Russia and Taliban-led Afghanistan move to deepen diplomatic ties',
       'Taliban to appoint envoy to Moscow as Russia moves to formalize ties with Afghanistan’s interim government',
       mntv.id,
       'KABUL, Afghanistan',
       jsonb_build_array(jsonb_build_object('source_id', tolonews.id, 'as_printed', 'TOLOnews reports')),
       (SELECT jsonb_agg(jsonb_build_object('speaker_id', id, 'as_printed', name, 'role', affiliations -> 0 -> 'role')
                         ORDER BY id)
        FROM onrecord.speakers WHERE kind = 'person'),
       'seed',
       $body$KABUL, Afghanistan (MNTV) — The Taliban-led administration in Afghanistan has announced it will soon appoint an ambassador to Moscow, signaling a deepening of diplomatic engagement with Russia amid growing ties between the two countries.
The announcement followed a visit to Kabul by Zamir Kabulov, Russia’s special envoy for Afghanistan, who held high-level meetings with Taliban officials, including acting Foreign Minister Amir Khan Muttaqi and Interior Minister Sirajuddin Haqqani, TOLOnews reports.
According to Zia Ahmad Takal, spokesperson for the Taliban’s ministry of foreign affairs, Muttaqi thanked Russia for accepting a Taliban-appointed diplomat and said Kabul would “soon introduce a representative at the ambassadorial level” to Moscow.
Kabulov also confirmed that a bilateral commission will be launched during a meeting in May, on the sidelines of the upcoming Kazan Summit, to formalize cooperation across multiple sectors.
In a separate meeting with Sirajuddin Haqqani, Kabulov discussed security, economic ties, and trade cooperation.
The Taliban’s Interior Ministry spokesperson, Abdul Matin Qani, wrote on social media that both parties agreed to expand engagement to the “embassy level,” calling Moscow’s diplomatic overture a “significant step toward acknowledging Afghanistan’s political realities.”
While Russia has not formally recognized the Taliban-led government, the engagement marks another step in its pragmatic approach to dealing with Afghanistan’s de facto authorities.
Russia’s Supreme Court recently suspended the classification of the Taliban as a banned organization, effectively clearing a legal path for deeper official contact—though full recognition remains off the table for now.
Political observers say the move has broader implications.
“Accepting an ambassador does not equal formal recognition,” said analyst Muin Gul Samkani, noting that China had previously taken a similar step.
“But it shows that ties are becoming more structured.”
Another analyst, Idris Mohammadi Zazai, emphasized the potential for economic and political cooperation.
“The relationship is entering a phase of interaction,” he said, suggesting that trade fairs and embassy reopening could soon follow.
Enayatullah Adel, also a political analyst, argued that such diplomacy should not be limited to Moscow.
“Engagement with Russia is important, but wider outreach is needed for the Islamic Emirate to gain broader legitimacy,” he said.$body$
FROM onrecord.sources AS mntv, onrecord.sources AS tolonews
WHERE mntv.name = 'MNTV' AND tolonews.name = 'TOLOnews';

SET CONSTRAINTS onrecord.affiliations_article_id_fkey IMMEDIATE;

-- What it reports. An event may be part of one that is listed after it: ids are drawn first.

WITH listed AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('onrecord.events', 'id')) AS id, event.*
    FROM (VALUES
        ('Appointment of an ambassador to Moscow', 'appointment', 'announced', NULL, NULL, NULL,
            '{Taliban-led administration,Russia}'::text[]),
        ('Visit of Zamir Kabulov to Kabul', 'visit', 'occurred', NULL, 'Kabul', NULL,
            '{Zamir Kabulov,Amir Khan Muttaqi,Sirajuddin Haqqani}'),
        ('Separate meeting of Zamir Kabulov with Sirajuddin Haqqani', 'meeting', 'occurred', NULL, NULL, NULL,
            '{Zamir Kabulov,Sirajuddin Haqqani}'),
        ('Launch of a bilateral commission', 'other', 'planned', 'a meeting in May', NULL, 'Kazan Summit', '{}'),
        ('Kazan Summit', 'summit', 'planned', NULL, NULL, NULL, '{}'),
        ('Suspension of the classification of the Taliban as a banned organization', 'ruling', 'occurred', 'recently',
            NULL, NULL, '{Supreme Court,Taliban}')
    ) AS event (name, kind, status, date_as_printed, place, part_of, participants)
)
INSERT INTO onrecord.events (id, name, kind, status, date_as_printed, place, part_of_id, participants, article_ids,
                             change_reason)
SELECT listed.id, listed.name, listed.kind, listed.status, listed.date_as_printed, listed.place, whole.id,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('speaker_id', speaker.id,
                                                     'role', speaker.affiliations -> 0 -> 'role')
                                  ORDER BY participant.place), '[]')
        FROM unnest(listed.participants) WITH ORDINALITY AS participant (name, place)
        JOIN onrecord.speakers AS speaker ON speaker.name = participant.name),
       ARRAY[currval(pg_get_serial_sequence('onrecord.articles', 'id'))],
       'seed'
FROM listed LEFT JOIN listed AS whole ON whole.name = listed.part_of
ORDER BY listed.id;

-- Who said what. Offsets count code points of the body. A closing comma inside quotation marks is not part of a quote;
-- a full stop is, unless the quote is partial.

WITH listed AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('onrecord.quotes', 'id')) AS id, quote.*
    FROM (VALUES
        (88, 132, 'indirect', 'it will soon appoint an ambassador to Moscow',
            'Taliban-led administration', 'The Taliban-led administration in Afghanistan', 'announced',
            NULL, NULL, NULL::integer, 'Russia', 'Appointment of an ambassador to Moscow'),
        (602, 659, 'indirect', 'thanked Russia for accepting a Taliban-appointed diplomat',
            'Amir Khan Muttaqi', 'Muttaqi', 'thanked',
            NULL, 'Zia Ahmad Takal', NULL, 'Russia', NULL),
        (682, 740, 'partial', 'soon introduce a representative at the ambassadorial level',
            'Amir Khan Muttaqi', 'Muttaqi', 'said',
            NULL, 'Zia Ahmad Takal', NULL, 'Russia', 'Appointment of an ambassador to Moscow'),
        (781, 941, 'indirect', 'a bilateral commission will be launched during a meeting in May, on the sidelines of '
                               'the upcoming Kazan Summit, to formalize cooperation across multiple sectors',
            'Zamir Kabulov', 'Kabulov', 'confirmed',
            NULL, NULL, NULL, NULL, 'Launch of a bilateral commission'),
        (1196, 1209, 'partial', 'embassy level',
            'Abdul Matin Qani', 'Abdul Matin Qani', 'wrote',
            'social_media', NULL, NULL, NULL, NULL),
        (1252, 1323, 'partial', 'significant step toward acknowledging Afghanistan’s political realities',
            'Abdul Matin Qani', 'Abdul Matin Qani', 'calling',
            'social_media', NULL, NULL, 'Russia', NULL),
        (1750, 1783, 'indirect', 'the move has broader implications',
            'Political observers', 'Political observers', 'say',
            NULL, NULL, NULL, NULL, NULL),
        (1786, 1843, 'direct', 'Accepting an ambassador does not equal formal recognition',
            'Muin Gul Samkani', 'Muin Gul Samkani', 'said',
            NULL, NULL, NULL, NULL, NULL),
        (1889, 1930, 'indirect', 'China had previously taken a similar step',
            'Muin Gul Samkani', 'Muin Gul Samkani', 'noting',
            NULL, NULL, NULL, 'China', NULL),
        (1933, 1985, 'direct', 'But it shows that ties are becoming more structured.',
            'Muin Gul Samkani', NULL, NULL,
            NULL, NULL, 1786, NULL, NULL),
        (2038, 2090, 'indirect', 'the potential for economic and political cooperation',
            'Idris Mohammadi Zazai', 'Idris Mohammadi Zazai', 'emphasized',
            NULL, NULL, NULL, NULL, NULL),
        (2093, 2144, 'direct', 'The relationship is entering a phase of interaction',
            'Idris Mohammadi Zazai', 'he', 'said',
            NULL, NULL, NULL, NULL, NULL),
        (2172, 2223, 'indirect', 'trade fairs and embassy reopening could soon follow',
            'Idris Mohammadi Zazai', 'he', 'suggesting',
            NULL, NULL, NULL, NULL, NULL),
        (2281, 2327, 'indirect', 'such diplomacy should not be limited to Moscow',
            'Enayatullah Adel', 'Enayatullah Adel', 'argued',
            NULL, NULL, NULL, NULL, NULL),
        (2330, 2446, 'direct', 'Engagement with Russia is important, but wider outreach is needed for the Islamic '
                               'Emirate to gain broader legitimacy',
            'Enayatullah Adel', 'he', 'said',
            NULL, NULL, NULL, 'Russia', NULL)
    ) AS quote (first, past, kind, text, speaker, as_printed, cue, channel, relayed_by, continues, about, event)
)
INSERT INTO onrecord.quotes (id, article_id, text, kind, speaker_id, speaker_as_printed, role, relayed_by, spans,
                             prefix, suffix, cue, channel, continues_id, about_ids, event_id, anchor, change_reason)
SELECT listed.id, article.id, listed.text, listed.kind, speaker.id, listed.as_printed,
       speaker.affiliations -> 0 ->> 'role',
       CASE WHEN relay.id IS NOT NULL THEN
           jsonb_build_object('speaker_id', relay.id, 'as_printed', relay.name,
                              'role', relay.affiliations -> 0 -> 'role', 'cue', 'According to')
       END,
       ARRAY[listed.first, listed.past],
       substr(article.body, listed.first - 32 + 1, 32),
       substr(article.body, listed.past + 1, 32),
       listed.cue, listed.channel, continued.id,
       ARRAY(SELECT id FROM onrecord.speakers WHERE name = listed.about),
       event.id,
       'anchored',
       'seed'
FROM onrecord.articles AS article
CROSS JOIN listed
JOIN onrecord.speakers AS speaker ON speaker.name = listed.speaker
LEFT JOIN onrecord.speakers AS relay ON relay.name = listed.relayed_by
LEFT JOIN listed AS continued ON continued.first = listed.continues
LEFT JOIN onrecord.events AS event ON event.name = listed.event
WHERE article.id = currval(pg_get_serial_sequence('onrecord.articles', 'id'))
ORDER BY listed.id;
