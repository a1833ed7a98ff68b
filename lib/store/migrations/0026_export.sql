-- A request for the tenant's own key instead of documents: the SHA-256 of the public key that it is encrypted to (doc/format/tpd.md).
ALTER TABLE recovery ADD COLUMN recipient TEXT;
