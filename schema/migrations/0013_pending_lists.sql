-- 0013: pending lists: what is written waits for the indexes of words, in lists too short to be noticed.
-- admits: 1

-- A row goes into such an index once for each of its words, which was two thirds of what a quote cost to write. With
-- a pending list it is put there whole, and what has gathered goes in together. Each search reads the list, and who
-- fills it waits while it is emptied: at PostgreSQL's 4 MB both are long, at the least that it allows (kB) neither shows.
ALTER INDEX onrecord.articles_search_idx SET (fastupdate = on, gin_pending_list_limit = 64);
ALTER INDEX onrecord.quotes_search_idx SET (fastupdate = on, gin_pending_list_limit = 64);
ALTER INDEX onrecord.sources_search_idx SET (fastupdate = on, gin_pending_list_limit = 64);
ALTER INDEX onrecord.events_search_idx SET (fastupdate = on, gin_pending_list_limit = 64);
