-- 0015: bodies: an article's body lies in its row, not beside it.
-- admits: 1

-- What makes a row longer than 2 KB PostgreSQL puts into a table of its own, longest first. The body went there after
-- the vector of words, and whoever read an article with it walked a second index and read a second page: two fifths of
-- what a list with its articles cost. Up to 4 KB, compressed, it stays: some 900 words.
--
-- What is there already stays as it lies until it is written again; VACUUM (FULL) onrecord.articles does that for all.
ALTER TABLE onrecord.articles SET (toast_tuple_target = 4096);
