-- A revocation reaches the licences that were issued from then on: an account that inherited an address has no say over
-- what was protected before it (doc/dev/tracking.md).
ALTER TABLE revocation ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
