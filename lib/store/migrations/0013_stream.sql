-- Up to which row of the usage log each stream has been written (doc/dev/log.md).
CREATE TABLE stream_cursor (
    name TEXT NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL
) STRICT;
