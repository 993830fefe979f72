-- What a search by words asks first.

-- name: search_languages
-- The configurations that articles need, each with the number of nodes that the query has in it: a walk from one
-- language to the next along their index. $2: also the one for what has no language.
WITH RECURSIVE walk (language, config) AS (
    (SELECT a.language, a.search_config FROM onrecord.articles AS a ORDER BY a.language LIMIT 1)
    UNION ALL
    SELECT next.language, next.search_config
    FROM walk, LATERAL (SELECT a.language, a.search_config FROM onrecord.articles AS a
                        WHERE a.language > walk.language ORDER BY a.language LIMIT 1) AS next
)
SELECT c.config, pg_catalog.numnode(onrecord.search_query(c.config, $1::text))
FROM (SELECT walk.config FROM walk UNION SELECT 'simple' WHERE $2::boolean) AS c (config)
ORDER BY c.config
