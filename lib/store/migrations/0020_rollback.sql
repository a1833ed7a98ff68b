-- The oldest schema whose programs can work on this database (doc/dev/contributing.md, "Add a migration"): going back by one
-- release needs no backup.
ALTER TABLE change_counter ADD COLUMN schema_needed INTEGER NOT NULL DEFAULT 0;
