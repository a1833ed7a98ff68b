-- For whom an issuer may speak (S-268): mail domains as a JSON list ('[]': any), and whether people of these domains who have no account
-- come in as guests.
ALTER TABLE issuer ADD COLUMN domains TEXT NOT NULL DEFAULT '[]';
ALTER TABLE issuer ADD COLUMN guests INTEGER NOT NULL DEFAULT 0;
