-- 0003: indexes for lists of what one filter chooses, newest first: a page of them is a walk along one index.
-- admits: 1

CREATE INDEX articles_source_id_published_at_id_idx ON onrecord.articles (source_id, published_at, id);
CREATE INDEX quotes_speaker_id_published_at_id_idx ON onrecord.quotes (speaker_id, published_at, id);
CREATE INDEX quotes_source_id_published_at_id_idx ON onrecord.quotes (source_id, published_at, id);
-- What counts need stands in it as well.
CREATE INDEX quotes_status_id_idx ON onrecord.quotes (status, id) INCLUDE (speaker_id, said_on_first, published_at);
