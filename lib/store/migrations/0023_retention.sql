-- How many days the logs and what tracking shows of them are kept (S-200, S-172; doc/dev/log.md).
ALTER TABLE tenant ADD COLUMN usage_retention_days INTEGER NOT NULL DEFAULT 365;
ALTER TABLE tenant ADD COLUMN admin_retention_days INTEGER NOT NULL DEFAULT 1095;
ALTER TABLE tenant ADD COLUMN access_retention_days INTEGER NOT NULL DEFAULT 365;
