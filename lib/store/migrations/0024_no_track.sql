-- Whose activity others do not see (S-167): the members of this group, nested ones included.
ALTER TABLE tenant ADD COLUMN no_track_group TEXT; -- group id
