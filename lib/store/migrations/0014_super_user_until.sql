-- Super users for a time, with a reason (S-183). ends_at 0: no end.
ALTER TABLE super_user ADD COLUMN ends_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE super_user ADD COLUMN reason TEXT;
ALTER TABLE super_user ADD COLUMN added_by TEXT;
