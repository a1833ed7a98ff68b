-- The release behind that may count on what the one before brought, so that it takes away what only older ones used.
ALTER TABLE rights_template ADD COLUMN last_number INTEGER NOT NULL DEFAULT 8;
DROP INDEX next_index;
