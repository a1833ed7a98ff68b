-- How and how lately people must have signed in at an issuer.
ALTER TABLE issuer ADD COLUMN acr_values TEXT NOT NULL DEFAULT '[]'; -- JSON array
ALTER TABLE issuer ADD COLUMN max_age_s INTEGER NOT NULL DEFAULT 0;
