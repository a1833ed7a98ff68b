-- Which sign-ins were by a mailed code (S-058). Of those of guests until now nobody knows: they sign in again.
ALTER TABLE auth_code ADD COLUMN passcode INTEGER NOT NULL DEFAULT 0;
ALTER TABLE device_code ADD COLUMN passcode INTEGER NOT NULL DEFAULT 0;
ALTER TABLE refresh_token ADD COLUMN passcode INTEGER NOT NULL DEFAULT 0;
DELETE FROM auth_code WHERE account_id IN (SELECT id FROM account WHERE guest = 1);
DELETE FROM refresh_token WHERE account_id IN (SELECT id FROM account WHERE guest = 1);
