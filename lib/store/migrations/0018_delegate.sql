-- Who may follow a document of somebody else (doc/dev/tracking.md).
CREATE TABLE document_delegate (
    tenant_id TEXT NOT NULL,
    content_id TEXT NOT NULL,
    issuer TEXT NOT NULL, -- with the two above: the document
    account_id TEXT NOT NULL,
    address TEXT NOT NULL, -- his, as it was then
    by_account TEXT NOT NULL, -- counts while the document is his
    added_by TEXT NOT NULL, -- address of that one
    added_at INTEGER NOT NULL,
    may_revoke INTEGER NOT NULL,
    since INTEGER NOT NULL, -- what is by_account's: licences issued from then on
    PRIMARY KEY (tenant_id, content_id, issuer, account_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES account (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, by_account) REFERENCES account (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX document_delegate_account ON document_delegate (tenant_id, account_id);
CREATE INDEX document_delegate_by ON document_delegate (tenant_id, by_account);
