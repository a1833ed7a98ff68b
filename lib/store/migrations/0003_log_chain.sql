-- The usage log becomes a chain (doc/format/usage-log.md). Rows from before get their place at the next start of the service.
ALTER TABLE usage_log ADD COLUMN chain_seq INTEGER;
ALTER TABLE usage_log ADD COLUMN hash BLOB;
ALTER TABLE usage_log ADD COLUMN opening BLOB;
CREATE INDEX usage_log_chain ON usage_log (tenant_id, chain_seq);
CREATE INDEX usage_log_unchained ON usage_log (tenant_id, seq) WHERE chain_seq IS NULL;
CREATE INDEX usage_log_user ON usage_log (tenant_id, user_id, time) WHERE user_id IS NOT NULL;

-- What the service signed about the chain of a tenant ('-': rows of none): its newest row (head), rows on the way (mark),
-- rows taken away (cut), fields taken away (erased).
CREATE TABLE log_statement (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    time INTEGER NOT NULL,
    detail TEXT NOT NULL,
    key_id TEXT NOT NULL,
    signature BLOB NOT NULL
) STRICT;
CREATE INDEX log_statement_tenant ON log_statement (tenant, seq);
CREATE UNIQUE INDEX log_statement_head ON log_statement (tenant) WHERE kind = 'head';

-- Keys that sign them: P-256, of the service itself.
CREATE TABLE log_key (
    id TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL,
    public_key BLOB NOT NULL,
    sealed BLOB NOT NULL
) STRICT;
