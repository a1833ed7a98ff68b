-- Recovery that two administrators decide about (doc/dev/roles.md). While four_eyes is set nobody is a super user otherwise.
ALTER TABLE tenant ADD COLUMN four_eyes INTEGER NOT NULL DEFAULT 0;

CREATE TABLE recovery (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL, -- who gets the right
    address TEXT NOT NULL,
    asked_account TEXT, -- NULL: the operator
    asked_by TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    ticket TEXT,
    owner TEXT, -- of everything that is reached; NULL: the one document
    content_id TEXT,
    issuer TEXT,
    hours INTEGER NOT NULL,
    state TEXT NOT NULL, -- waiting, approved, denied, ended
    decided_by TEXT,
    decided_at INTEGER NOT NULL DEFAULT 0,
    ends_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX recovery_tenant ON recovery (tenant_id, state);
