-- Culture and time zone in which the issuer reads mail about a document (S-168), as JSON; and what whoever revoked it
-- wants readers to be told (S-163).
ALTER TABLE document ADD COLUMN notify_style TEXT;
ALTER TABLE revocation ADD COLUMN message TEXT;
