-- Proofs that somebody reads an address: passcodes to sign in, links to sign up (doc/dev/mail.md). The secret is made when the
-- mail is written, and only its hash is here.
CREATE TABLE mail_proof (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    address TEXT NOT NULL, -- normalised
    hash TEXT, -- NULL: not sent, or nothing to send
    tries INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL -- 0: used, or a newer one was asked for
) STRICT;
CREATE INDEX mail_proof_address ON mail_proof (tenant_id, kind, address, created_at);
CREATE INDEX mail_proof_created ON mail_proof (created_at);
