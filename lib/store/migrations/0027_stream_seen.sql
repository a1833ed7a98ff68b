-- When a node last said that it goes on with the stream: one that is gone for good must not hold back what may be deleted (doc/dev/log.md).
ALTER TABLE stream_cursor ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0; -- 0: not yet
