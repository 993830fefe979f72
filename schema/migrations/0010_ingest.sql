-- 0010: whom a name means, for articles that come with their speakers.
-- admits: 1

CREATE FUNCTION onrecord.speakers_named(name text, kind text, external_id text)
RETURNS TABLE (id bigint, matched_by text)
LANGUAGE sql STABLE ROWS 2 PARALLEL SAFE
BEGIN ATOMIC
    WITH named AS (
        SELECT s.id, s.kind, s.external_id, s.name AS given
        FROM onrecord.speakers AS s WHERE s.name = speakers_named.name
        UNION
        SELECT s.id, s.kind, s.external_id, CASE WHEN n.position = 0 THEN s.name ELSE s.aliases[n.position] END
        FROM onrecord.speaker_names AS n JOIN onrecord.speakers AS s ON s.id = n.speaker_id
        WHERE n.word = 1 AND n.rest = onrecord.name_fold(speakers_named.name) AND n.rest <> ''
    ), matching AS (
        SELECT named.id, bool_or(named.given = speakers_named.name
                                 AND EXISTS (SELECT FROM onrecord.speakers AS s
                                             WHERE s.id = named.id AND s.name = named.given)) AS exact
        FROM named
        WHERE onrecord.name_plain(named.given) = onrecord.name_plain(speakers_named.name)
          AND (speakers_named.kind IS NULL OR named.kind = speakers_named.kind)
          AND (speakers_named.external_id IS NULL OR named.external_id IS NULL
               OR named.external_id = speakers_named.external_id)
        GROUP BY named.id
    )
    SELECT matching.id, CASE WHEN matching.exact THEN 'name' ELSE 'alias' END
    FROM matching
    WHERE matching.exact OR NOT EXISTS (SELECT FROM matching AS other WHERE other.exact);
END;

COMMENT ON FUNCTION onrecord.speakers_named IS
    'Who has exactly that name; where nobody has, whose name or alias differs in case and accents at most. Kind and '
    'external_id, where given, must not be another one';
