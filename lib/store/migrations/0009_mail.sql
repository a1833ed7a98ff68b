-- Mail (doc/dev/mail.md). A row says what is to be said to whom; the message is made when it is sent, so that no code, link
-- or activity is kept here.

CREATE TABLE mail (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL, -- normalised
    ref TEXT NOT NULL, -- what it is about; '' when kind and recipient say it
    waiting INTEGER NOT NULL, -- 0: nothing to say now, the row keeps the pace
    next_at INTEGER NOT NULL, -- not before
    give_up_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    sent_count INTEGER NOT NULL,
    pause_s INTEGER NOT NULL,
    UNIQUE (tenant_id, kind, recipient, ref)
) STRICT;
CREATE INDEX mail_next ON mail (next_at) WHERE waiting = 1;

-- What the issuer of a document wants to hear of (enum rms_notify), since when; the newest event of that sort in the tenant's
-- chain of usage rows, and up to where he was told.
ALTER TABLE document ADD COLUMN notify INTEGER NOT NULL DEFAULT 0;
ALTER TABLE document ADD COLUMN notify_from INTEGER NOT NULL DEFAULT 0;
ALTER TABLE document ADD COLUMN event_seen INTEGER NOT NULL DEFAULT 0;
ALTER TABLE document ADD COLUMN event_told INTEGER NOT NULL DEFAULT 0;
CREATE INDEX document_notify ON document (tenant_id, issuer) WHERE notify <> 0;

-- Up to where the chain of a tenant has been looked through for such events.
CREATE TABLE notify_cursor (
    tenant_id TEXT NOT NULL PRIMARY KEY REFERENCES tenant (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL
) STRICT;
