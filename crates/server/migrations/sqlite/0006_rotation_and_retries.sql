-- When and from where a retiring secret was last used, to the minute. Kept apart from the secret, whose row is sealed.
CREATE TABLE secret_use (
    secret_id      TEXT PRIMARY KEY REFERENCES secret (id) ON DELETE CASCADE,
    last_used_at   INTEGER NOT NULL,
    last_used_from TEXT
) STRICT, WITHOUT ROWID;

-- Calls that carried an Idempotency-Key and changed something. The row comes with the change, the answer after it.
-- No secret is in it: one that the answer had is derived again, and with the salt that ends.
CREATE TABLE idempotency (
    -- A MAC over caller and key.
    mac          BLOB PRIMARY KEY,
    -- Which key of the deployment derives.
    key_version  INTEGER NOT NULL,
    -- A MAC over method, path and body.
    request      BLOB NOT NULL,
    -- Tells the writes of one call from those of another one.
    attempt      BLOB NOT NULL,
    salt         BLOB NOT NULL,
    -- The secret of the caller's token that the call came with.
    presented    TEXT NOT NULL,
    -- The token whose new secret the call yielded.
    token_id     TEXT,
    created_at   INTEGER NOT NULL,
    -- NULL until it is known.
    status       INTEGER,
    content_type TEXT,
    location     TEXT,
    body         BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_created_at ON idempotency (created_at);
