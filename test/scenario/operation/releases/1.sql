-- What the next release might bring: each kind of change that doc/dev/contributing.md allows.
ALTER TABLE tenant ADD COLUMN next_text TEXT NOT NULL DEFAULT 'x';
ALTER TABLE usage_log ADD COLUMN next_number INTEGER;
ALTER TABLE rights_template ADD COLUMN next_number INTEGER NOT NULL DEFAULT 7;
CREATE TABLE next_table (id INTEGER PRIMARY KEY, tenant_id TEXT NOT NULL REFERENCES tenant (id)) STRICT;
INSERT INTO next_table (id, tenant_id) SELECT 1, id FROM tenant LIMIT 1;
CREATE INDEX next_index ON usage_log (next_number);
