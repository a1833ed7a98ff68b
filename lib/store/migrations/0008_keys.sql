-- Where keys are kept, which are compromised, and when new ones are due (service-requirements section 9).

ALTER TABLE tenant_key ADD COLUMN reference TEXT NOT NULL DEFAULT ''; -- pkcs11: URI; '': here
ALTER TABLE tenant_key ADD COLUMN compromised_at INTEGER NOT NULL DEFAULT 0; -- 0: not known to be

ALTER TABLE tenant ADD COLUMN key_rotation_days INTEGER NOT NULL DEFAULT 0; -- 0: by hand
