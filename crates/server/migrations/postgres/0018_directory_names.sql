-- What a directory calls a user, where that is no name here, and the parts of the person's name.
ALTER TABLE provisioned ADD COLUMN user_name TEXT COLLATE "C";
ALTER TABLE provisioned ADD COLUMN formatted_name TEXT COLLATE "C";
ALTER TABLE provisioned ADD COLUMN given_name TEXT COLLATE "C";
ALTER TABLE provisioned ADD COLUMN family_name TEXT COLLATE "C";
