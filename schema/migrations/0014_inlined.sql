-- 0014: inlined: what words and languages go through becomes part of the statement that calls it.
-- admits: 1

-- PostgreSQL plans a function in SQL anew in each transaction, which costs ten times as much as what these do, unless
-- it puts their expression in the place of the call. It does not where a STRICT one has an expression that is not: that
-- of search_fold is NULL for NULL anyhow, and no language of an article is NULL.
ALTER FUNCTION onrecord.search_fold(text) CALLED ON NULL INPUT;
ALTER FUNCTION onrecord.search_config(text) CALLED ON NULL INPUT;
