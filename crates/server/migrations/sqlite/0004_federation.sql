-- Whose identity tokens stand for a service account, and which of them were exchanged already.

-- replay: 'once' or 'until_expiry'. No jwks_url and no jwks: the issuer says itself where its keys are.
CREATE TABLE trust (
    number               INTEGER PRIMARY KEY AUTOINCREMENT,
    id                   TEXT NOT NULL UNIQUE,
    account_id           TEXT NOT NULL REFERENCES principal (id),
    name                 TEXT NOT NULL,
    -- The name while no other trust of the account may take it; NULL once the trust is removed.
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
    UNIQUE (account_id, live_name)
) STRICT;
CREATE INDEX trust_issuer ON trust (issuer, removed_at);

CREATE TABLE trust_claim (
    trust_id TEXT NOT NULL REFERENCES trust (id),
    claim    TEXT NOT NULL,
    pattern  TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (trust_id, claim)
) STRICT, WITHOUT ROWID;

-- Which trust a token came from: it ends with the trust.
CREATE TABLE trust_token (
    token_id TEXT PRIMARY KEY REFERENCES token (id),
    trust_id TEXT NOT NULL REFERENCES trust (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX trust_token_trust ON trust_token (trust_id);

-- Identity tokens that may be exchanged once and were: a digest of what their issuer signed.
CREATE TABLE identity_seen (
    digest     BLOB PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_seen_expires_at ON identity_seen (expires_at);
