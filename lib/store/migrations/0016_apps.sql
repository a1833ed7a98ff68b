-- Applications that act as themselves (S-062): accounts with source 'app'. Secrets are kept as SHA-256.
ALTER TABLE account ADD COLUMN permissions INTEGER NOT NULL DEFAULT 0; -- bits of enum rms_permission

CREATE TABLE app_secret (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX app_secret_account ON app_secret (tenant_id, account_id);
