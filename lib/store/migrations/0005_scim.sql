-- People and groups that a directory of the organisation pushes (doc/protocol/scim.md).

ALTER TABLE account ADD COLUMN source TEXT NOT NULL DEFAULT 'local';
ALTER TABLE account ADD COLUMN external_id TEXT; -- the source's own name for it
ALTER TABLE grp ADD COLUMN source TEXT NOT NULL DEFAULT 'local';
ALTER TABLE grp ADD COLUMN external_id TEXT;
CREATE INDEX account_external ON account (tenant_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX grp_external ON grp (tenant_id, external_id) WHERE external_id IS NOT NULL;

-- Who may push: SHA-256 of the bearer token. Revoking deletes the row.
CREATE TABLE scim_token (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    UNIQUE (tenant_id, name)
) STRICT;
