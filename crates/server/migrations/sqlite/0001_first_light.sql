-- Ids are 22 base62 characters; times are milliseconds since the Unix epoch; flags are 0 or 1.
-- The same tables, columns and statements stand in migrations/postgres; only column types differ.

-- What this database was made with: the token prefix, and a check value of each key.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row, updated as the last statement of every write that changes something cached.
CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE change (
    number  INTEGER PRIMARY KEY,
    subject TEXT NOT NULL,
    id      TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
    id            TEXT PRIMARY KEY,
    position      INTEGER UNIQUE,
    at            INTEGER NOT NULL,
    actor         TEXT NOT NULL,
    credential    TEXT NOT NULL,
    action        TEXT NOT NULL,
    target_kind   TEXT NOT NULL,
    target        TEXT NOT NULL,
    place         TEXT NOT NULL,
    detail        TEXT NOT NULL,
    personal      TEXT,
    personal_salt BLOB,
    leaf          BLOB NOT NULL
) STRICT;
CREATE INDEX audit_target ON audit (target);

CREATE TABLE principal (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    kind         TEXT NOT NULL,
    name         TEXT NOT NULL,
    -- The name while nobody else may take it; NULL once the principal is removed.
    live_name    TEXT,
    display_name TEXT,
    email        TEXT,
    created_at   INTEGER NOT NULL,
    disabled_at  INTEGER,
    removed_at   INTEGER,
    UNIQUE (kind, live_name)
) STRICT;

CREATE TABLE password (
    principal_id TEXT PRIMARY KEY REFERENCES principal (id),
    hash         TEXT NOT NULL,
    changed_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE user_group (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    live_name  TEXT UNIQUE,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE group_member (
    group_id     TEXT NOT NULL REFERENCES user_group (id),
    principal_id TEXT NOT NULL REFERENCES principal (id),
    PRIMARY KEY (group_id, principal_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_member_principal ON group_member (principal_id);

CREATE TABLE organization (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    live_name  TEXT UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;

-- grants: 'patterns' (those in role_pattern) or 'apis' (every scope of the organization's APIs).
CREATE TABLE role (
    id        TEXT PRIMARY KEY,
    name      TEXT NOT NULL,
    live_name TEXT UNIQUE,
    grants    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE role_pattern (
    role_id TEXT NOT NULL REFERENCES role (id),
    pattern TEXT NOT NULL,
    PRIMARY KEY (role_id, pattern)
) STRICT, WITHOUT ROWID;

-- The subject is a principal or a group. No organization: everywhere; no project: the whole organization.
CREATE TABLE role_binding (
    id              TEXT PRIMARY KEY,
    subject_id      TEXT NOT NULL,
    role_id         TEXT NOT NULL REFERENCES role (id),
    organization_id TEXT REFERENCES organization (id),
    project_id      TEXT,
    created_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX role_binding_subject ON role_binding (subject_id);

-- A namespace is never given to another API, so removed APIs keep their row. The id is the principal's id.
CREATE TABLE api (
    id              TEXT PRIMARY KEY REFERENCES principal (id),
    name            TEXT NOT NULL UNIQUE,
    title           TEXT NOT NULL,
    organization_id TEXT REFERENCES organization (id),
    namespace       TEXT NOT NULL UNIQUE,
    namespace_fold  TEXT NOT NULL UNIQUE,
    audience        TEXT NOT NULL,
    enforces_places INTEGER NOT NULL,
    built_in        INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    removed_at      INTEGER
) STRICT, WITHOUT ROWID;

-- A removed scope keeps its row: its name does not come back with another meaning.
CREATE TABLE api_scope (
    api_id      TEXT NOT NULL REFERENCES api (id),
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    position    INTEGER NOT NULL,
    removed_at  INTEGER,
    PRIMARY KEY (api_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_implies (
    api_id  TEXT NOT NULL REFERENCES api (id),
    scope   TEXT NOT NULL,
    implied TEXT NOT NULL,
    PRIMARY KEY (api_id, scope, implied)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_route (
    api_id   TEXT NOT NULL REFERENCES api (id),
    position INTEGER NOT NULL,
    method   TEXT NOT NULL,
    path     TEXT NOT NULL,
    scope    TEXT NOT NULL,
    resource TEXT,
    PRIMARY KEY (api_id, position)
) STRICT, WITHOUT ROWID;

-- The grant. Its secrets are rows of their own, so rotation keeps id, name and history.
CREATE TABLE token (
    number           INTEGER PRIMARY KEY AUTOINCREMENT,
    id               TEXT NOT NULL UNIQUE,
    kind             TEXT NOT NULL,
    name             TEXT NOT NULL,
    -- The name while the owner may not use it again; NULL once the token is dead.
    live_name        TEXT,
    description      TEXT,
    owner_id         TEXT NOT NULL REFERENCES principal (id),
    parent_id        TEXT REFERENCES token (id),
    created_by       TEXT REFERENCES token (id),
    created_at       INTEGER NOT NULL,
    secret_issued_at INTEGER NOT NULL,
    expires_at       INTEGER,
    revoked_at       INTEGER,
    revoked_by       TEXT,
    hint             TEXT NOT NULL,
    -- The seal over this row and its items, and the version of the key that made it.
    mac_version      INTEGER NOT NULL,
    mac              BLOB NOT NULL,
    UNIQUE (owner_id, live_name)
) STRICT;
CREATE INDEX token_parent ON token (parent_id);

-- kind: 'scope' (a pattern), 'place' (an organization's id, or organization/project) or 'network' (CIDR).
CREATE TABLE token_item (
    token_id TEXT NOT NULL REFERENCES token (id),
    kind     TEXT NOT NULL,
    value    TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (token_id, kind, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX token_item_value ON token_item (kind, value);

CREATE TABLE secret (
    id             TEXT PRIMARY KEY,
    token_id       TEXT NOT NULL REFERENCES token (id),
    pepper_version INTEGER NOT NULL,
    digest         BLOB NOT NULL,
    issued_at      INTEGER NOT NULL,
    retired_at     INTEGER,
    mac_version    INTEGER NOT NULL,
    mac            BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX secret_token ON secret (token_id);

-- Kept apart from the token, so that recording a use does not touch the sealed row.
CREATE TABLE token_use (
    token_id       TEXT PRIMARY KEY REFERENCES token (id),
    last_used_at   INTEGER NOT NULL,
    last_used_from TEXT
) STRICT, WITHOUT ROWID;
