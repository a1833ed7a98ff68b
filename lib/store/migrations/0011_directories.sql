-- People and groups that come from directories outside (doc/dev/directory.md).

CREATE TABLE directory_source (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    settings TEXT NOT NULL, -- JSON
    created_at INTEGER NOT NULL,
    wanted INTEGER NOT NULL, -- readings asked for, and the last one that was answered
    served INTEGER NOT NULL,
    wanted_mode INTEGER NOT NULL,
    lease TEXT, -- who reads it now, and until when nobody else may
    lease_until INTEGER NOT NULL,
    read_at INTEGER NOT NULL, -- last whole reading that succeeded; 0: none
    looked_at INTEGER NOT NULL, -- last time that changes were asked for with success
    tried_at INTEGER NOT NULL,
    valid_until INTEGER NOT NULL, -- membership counts until then,
    stale INTEGER NOT NULL, -- and no longer: the jobs found it so
    changed_since TEXT, -- where the next look for changes starts, in the directory's own time
    report TEXT, -- JSON: what came of the last reading
    UNIQUE (tenant_id, name)
) STRICT;

-- Which account or group is which entry. It outlives the source, so that the same entry becomes the same person again.
CREATE TABLE directory_entry (
    tenant_id TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
    owner_id TEXT NOT NULL, -- account or group
    is_group INTEGER NOT NULL,
    source_id TEXT REFERENCES directory_source (id) ON DELETE SET NULL,
    entry_key TEXT NOT NULL, -- never changes and is never used again: objectGUID, entryUUID
    dn TEXT NOT NULL,
    gone INTEGER NOT NULL,
    digest BLOB NOT NULL, -- of what was taken over
    members BLOB NOT NULL, -- of a group's members
    PRIMARY KEY (tenant_id, owner_id),
    UNIQUE (tenant_id, entry_key)
) STRICT;
CREATE INDEX directory_entry_source ON directory_entry (source_id);
