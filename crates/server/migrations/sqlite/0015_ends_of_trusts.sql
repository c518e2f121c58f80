-- What a trust meant before it was changed is over, and so are the jobs that came from it: a row here says since when,
-- however many jobs there are.

-- The revision of the trust by which the token was given. What is there by now came from what its trust means still:
-- everything else was revoked one by one. 0 is before every change to come.
ALTER TABLE trust_token ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;

CREATE TABLE trust_end (
    trust_id TEXT NOT NULL REFERENCES trust (id),
    -- What was given by a revision before this one is over.
    revision INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    PRIMARY KEY (trust_id, revision)
) STRICT, WITHOUT ROWID;
