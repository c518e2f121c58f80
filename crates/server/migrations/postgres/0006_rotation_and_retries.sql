-- When and from where a retiring secret was last used, to the minute. Kept apart from the secret, whose row is sealed.
CREATE TABLE secret_use (
    secret_id      TEXT COLLATE "C" PRIMARY KEY REFERENCES secret (id) ON DELETE CASCADE,
    last_used_at   BIGINT NOT NULL,
    last_used_from TEXT COLLATE "C"
);

-- Calls that carried an Idempotency-Key and changed something. The row comes with the change, the answer after it.
-- No secret is in it: one that the answer had is derived again, and with the salt that ends.
CREATE TABLE idempotency (
    -- A MAC over caller and key.
    mac          BYTEA PRIMARY KEY,
    -- Which key of the deployment derives.
    key_version  BIGINT NOT NULL,
    -- A MAC over method, path and body.
    request      BYTEA NOT NULL,
    -- Tells the writes of one call from those of another one.
    attempt      BYTEA NOT NULL,
    salt         BYTEA NOT NULL,
    -- The secret of the caller's token that the call came with.
    presented    TEXT COLLATE "C" NOT NULL,
    -- The token whose new secret the call yielded.
    token_id     TEXT COLLATE "C",
    created_at   BIGINT NOT NULL,
    -- NULL until it is known.
    status       BIGINT,
    content_type TEXT COLLATE "C",
    location     TEXT COLLATE "C",
    body         BYTEA
);
CREATE INDEX idempotency_created_at ON idempotency (created_at);
