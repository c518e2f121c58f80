-- A trust belongs to a service account or to a pipeline: to either of the two.
ALTER TABLE trust ALTER COLUMN account_id DROP NOT NULL;
ALTER TABLE trust ADD COLUMN pipeline_id TEXT COLLATE "C" REFERENCES pipeline (id);
-- live_name: the name while no other trust of the holder may take it; NULL once the trust is removed.
ALTER TABLE trust ADD UNIQUE (pipeline_id, live_name);
ALTER TABLE trust ADD CHECK ((account_id IS NULL) <> (pipeline_id IS NULL));
