-- The batch that is on its way to an object store: the same rows under the same name for every try and every
-- node (doc/dev/log.md). None is when batch_last is not behind seq.
ALTER TABLE stream_cursor ADD COLUMN batch_last INTEGER NOT NULL DEFAULT 0;
ALTER TABLE stream_cursor ADD COLUMN batch_id TEXT NOT NULL DEFAULT ''; -- GUID
