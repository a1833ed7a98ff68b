-- Who administers a tenant, and his sessions (doc/dev/roles.md).
CREATE TABLE admin_role (
    tenant_id TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
    role INTEGER NOT NULL, -- enum rms_role
    member_id TEXT NOT NULL, -- account or group
    is_group INTEGER NOT NULL,
    added_at INTEGER NOT NULL,
    added_by TEXT NOT NULL,
    PRIMARY KEY (tenant_id, role, member_id)
) STRICT;

-- hash: SHA-256 of what the administrator was given.
CREATE TABLE admin_session (
    hash BLOB NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX admin_session_account ON admin_session (tenant_id, account_id);
