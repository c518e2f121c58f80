-- A trust belongs to a service account or to a pipeline. SQLite cannot drop NOT NULL, so the table and what refers to it are
-- made anew with all that they hold.
CREATE TABLE trust_of_holder (
    number               INTEGER PRIMARY KEY AUTOINCREMENT,
    id                   TEXT NOT NULL UNIQUE,
    -- Either of the two.
    account_id           TEXT REFERENCES principal (id),
    pipeline_id          TEXT REFERENCES pipeline (id),
    name                 TEXT NOT NULL,
    -- The name while no other trust of the holder may take it; NULL once the trust is removed.
    live_name            TEXT,
    issuer               TEXT NOT NULL,
    audience             TEXT NOT NULL,
    jwks_url             TEXT,
    jwks                 TEXT,
    replay               TEXT NOT NULL,
    lifetime_minutes_max INTEGER NOT NULL,
    -- Advanced by each change, so that what was judged by an older state is judged again.
    revision             INTEGER NOT NULL,
    created_at           INTEGER NOT NULL,
    last_used_at         INTEGER,
    removed_at           INTEGER,
    UNIQUE (account_id, live_name),
    UNIQUE (pipeline_id, live_name),
    CHECK ((account_id IS NULL) <> (pipeline_id IS NULL))
) STRICT;
INSERT INTO trust_of_holder (number, id, account_id, name, live_name, issuer, audience, jwks_url, jwks, replay,
        lifetime_minutes_max, revision, created_at, last_used_at, removed_at)
    SELECT number, id, account_id, name, live_name, issuer, audience, jwks_url, jwks, replay,
        lifetime_minutes_max, revision, created_at, last_used_at, removed_at FROM trust;

CREATE TABLE trust_claim_of_holder (
    trust_id TEXT NOT NULL REFERENCES trust_of_holder (id),
    claim    TEXT NOT NULL,
    pattern  TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (trust_id, claim)
) STRICT, WITHOUT ROWID;
INSERT INTO trust_claim_of_holder (trust_id, claim, pattern, position)
    SELECT trust_id, claim, pattern, position FROM trust_claim;

-- Which trust a token came from: it ends with the trust.
CREATE TABLE trust_token_of_holder (
    token_id TEXT PRIMARY KEY REFERENCES token (id),
    trust_id TEXT NOT NULL REFERENCES trust_of_holder (id)
) STRICT, WITHOUT ROWID;
INSERT INTO trust_token_of_holder (token_id, trust_id) SELECT token_id, trust_id FROM trust_token;

DROP TABLE trust_claim;
DROP TABLE trust_token;
DROP TABLE trust;
ALTER TABLE trust_of_holder RENAME TO trust;
ALTER TABLE trust_claim_of_holder RENAME TO trust_claim;
ALTER TABLE trust_token_of_holder RENAME TO trust_token;
CREATE INDEX trust_issuer ON trust (issuer, removed_at);
CREATE INDEX trust_token_trust ON trust_token (trust_id);
