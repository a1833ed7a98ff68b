-- Tracked documents and their revocation (doc/dev/tracking.md). A document is its content id and its issuer: anybody
-- can make a licence with somebody else's content id.

CREATE TABLE document (
    tenant_id TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
    content_id TEXT NOT NULL,
    issuer TEXT NOT NULL, -- normalised
    owner TEXT NOT NULL,
    name TEXT, -- as registered; NULL: nobody told
    template_id TEXT,
    published_at INTEGER NOT NULL,
    previous_id TEXT, -- content id it was protected again from
    registered_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, content_id, issuer)
) STRICT;
CREATE INDEX document_issuer ON document (tenant_id, issuer, published_at);
CREATE INDEX document_previous ON document (tenant_id, issuer, previous_id) WHERE previous_id IS NOT NULL;

-- History, never shortened: the newest row of a document counts, and every node follows it by seq.
CREATE TABLE revocation (
    seq INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    content_id TEXT NOT NULL,
    issuer TEXT NOT NULL,
    revoked INTEGER NOT NULL, -- 0: restored
    time INTEGER NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT
) STRICT;
CREATE INDEX revocation_document ON revocation (tenant_id, content_id, issuer, seq);

-- End of the licence that was given; 0: none that can be kept; 9223372036854775807: without end.
ALTER TABLE usage_log ADD COLUMN offline_until INTEGER NOT NULL DEFAULT 0;
CREATE INDEX usage_log_content ON usage_log (tenant_id, content_id, time) WHERE content_id IS NOT NULL;
