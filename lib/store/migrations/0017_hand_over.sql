-- Documents handed over (doc/dev/tracking.md). History, never shortened: of the rows about the same thing the newest counts, and
-- every node follows it by seq.
CREATE TABLE hand_over (
    seq INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
    issuer TEXT NOT NULL, -- normalised: who protected it
    content_id TEXT NOT NULL, -- '': everything he protected from since to until
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    account_id TEXT NOT NULL, -- who has it now
    address TEXT NOT NULL, -- his, as it was then
    former TEXT NOT NULL, -- who had it
    time INTEGER NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT
) STRICT;
CREATE INDEX hand_over_document ON hand_over (tenant_id, issuer, content_id, seq);
CREATE INDEX hand_over_account ON hand_over (tenant_id, account_id);
