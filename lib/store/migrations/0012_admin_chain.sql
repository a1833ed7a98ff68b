-- The admin log becomes a chain too (doc/dev/log.md).
ALTER TABLE admin_log ADD COLUMN chain_seq INTEGER;
ALTER TABLE admin_log ADD COLUMN hash BLOB;
CREATE INDEX admin_log_chain ON admin_log (tenant_id, chain_seq);
CREATE INDEX admin_log_unchained ON admin_log (tenant_id, seq) WHERE chain_seq IS NULL;
