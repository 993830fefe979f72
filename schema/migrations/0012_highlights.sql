-- 0012: highlights: which fields of a record hold a word of a query, so that no others are read for them.
-- admits: 1

-- A record's `search` says by its weights which field a word stands in. ts_headline reads a whole field, word by word,
-- and costs ten times as much as that look-up: most fields of what is found hold no word of the query.
CREATE FUNCTION onrecord.search_any_word(query tsquery) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    -- As text: 'words' within quotes, with operators and parentheses between them.
    RETURN rtrim(regexp_replace(query::text, '[^'']*(''(?:[^'']|'''')*''(?::\*)?)[^'']*', '\1 | ', 'g'),
                 ' |')::tsquery;
END
$$;

COMMENT ON FUNCTION onrecord.search_any_word IS
    'A query for any of the words of another, those that it refuses included: what ts_headline marks';
