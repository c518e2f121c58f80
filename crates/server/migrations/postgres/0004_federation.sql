-- Whose identity tokens stand for a service account, and which of them were exchanged already.

-- replay: 'once' or 'until_expiry'. No jwks_url and no jwks: the issuer says itself where its keys are.
CREATE TABLE trust (
    number               BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id                   TEXT COLLATE "C" NOT NULL UNIQUE,
    account_id           TEXT COLLATE "C" NOT NULL REFERENCES principal (id),
    name                 TEXT COLLATE "C" NOT NULL,
    -- The name while no other trust of the account may take it; NULL once the trust is removed.
    live_name            TEXT COLLATE "C",
    issuer               TEXT COLLATE "C" NOT NULL,
    audience             TEXT COLLATE "C" NOT NULL,
    jwks_url             TEXT COLLATE "C",
    jwks                 TEXT COLLATE "C",
    replay               TEXT COLLATE "C" NOT NULL,
    lifetime_minutes_max BIGINT NOT NULL,
    -- Advanced by each change, so that what was judged by an older state is judged again.
    revision             BIGINT NOT NULL,
    created_at           BIGINT NOT NULL,
    last_used_at         BIGINT,
    removed_at           BIGINT,
    UNIQUE (account_id, live_name)
);
CREATE INDEX trust_issuer ON trust (issuer, removed_at);

CREATE TABLE trust_claim (
    trust_id TEXT COLLATE "C" NOT NULL REFERENCES trust (id),
    claim    TEXT COLLATE "C" NOT NULL,
    pattern  TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (trust_id, claim)
);

-- Which trust a token came from: it ends with the trust.
CREATE TABLE trust_token (
    token_id TEXT COLLATE "C" PRIMARY KEY REFERENCES token (id),
    trust_id TEXT COLLATE "C" NOT NULL REFERENCES trust (id)
);
CREATE INDEX trust_token_trust ON trust_token (trust_id);

-- Identity tokens that may be exchanged once and were: a digest of what their issuer signed.
CREATE TABLE identity_seen (
    digest     BYTEA PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX identity_seen_expires_at ON identity_seen (expires_at);
