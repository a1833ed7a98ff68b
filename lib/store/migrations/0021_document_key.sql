-- The tenant key that a document's licence is under, once the service has seen the licence (S-205); NULL: it knows the name only.
ALTER TABLE document ADD COLUMN key_id TEXT;
