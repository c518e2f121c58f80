-- Ids are 22 base62 characters; times are milliseconds since the Unix epoch; flags are 0 or 1.
-- Texts compare by bytes, as they do on SQLite.
-- The same tables, columns and statements stand in migrations/sqlite; only column types differ.

-- What this database was made with: the token prefix, and a check value of each key.
CREATE TABLE meta (
    name  TEXT COLLATE "C" PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL
);

-- One row, updated as the last statement of every write that changes something cached.
CREATE TABLE counter (
    name  TEXT COLLATE "C" PRIMARY KEY,
    value BIGINT NOT NULL
);

CREATE TABLE change (
    number  BIGINT PRIMARY KEY,
    subject TEXT COLLATE "C" NOT NULL,
    id      TEXT COLLATE "C" NOT NULL,
    at      BIGINT NOT NULL
);

CREATE TABLE audit (
    id            TEXT COLLATE "C" PRIMARY KEY,
    position      BIGINT UNIQUE,
    at            BIGINT NOT NULL,
    actor         TEXT COLLATE "C" NOT NULL,
    credential    TEXT COLLATE "C" NOT NULL,
    action        TEXT COLLATE "C" NOT NULL,
    target_kind   TEXT COLLATE "C" NOT NULL,
    target        TEXT COLLATE "C" NOT NULL,
    place         TEXT COLLATE "C" NOT NULL,
    detail        TEXT COLLATE "C" NOT NULL,
    personal      TEXT COLLATE "C",
    personal_salt BYTEA,
    leaf          BYTEA NOT NULL
);
CREATE INDEX audit_target ON audit (target);

CREATE TABLE principal (
    number       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id           TEXT COLLATE "C" NOT NULL UNIQUE,
    kind         TEXT COLLATE "C" NOT NULL,
    name         TEXT COLLATE "C" NOT NULL,
    -- The name while nobody else may take it; NULL once the principal is removed.
    live_name    TEXT COLLATE "C",
    display_name TEXT COLLATE "C",
    email        TEXT COLLATE "C",
    created_at   BIGINT NOT NULL,
    disabled_at  BIGINT,
    removed_at   BIGINT,
    UNIQUE (kind, live_name)
);

CREATE TABLE password (
    principal_id TEXT COLLATE "C" PRIMARY KEY REFERENCES principal (id),
    hash         TEXT COLLATE "C" NOT NULL,
    changed_at   BIGINT NOT NULL
);

CREATE TABLE user_group (
    id         TEXT COLLATE "C" PRIMARY KEY,
    name       TEXT COLLATE "C" NOT NULL,
    live_name  TEXT COLLATE "C" UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE group_member (
    group_id     TEXT COLLATE "C" NOT NULL REFERENCES user_group (id),
    principal_id TEXT COLLATE "C" NOT NULL REFERENCES principal (id),
    PRIMARY KEY (group_id, principal_id)
);
CREATE INDEX group_member_principal ON group_member (principal_id);

CREATE TABLE organization (
    number     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         TEXT COLLATE "C" NOT NULL UNIQUE,
    name       TEXT COLLATE "C" NOT NULL,
    live_name  TEXT COLLATE "C" UNIQUE,
    created_at BIGINT NOT NULL
);

-- grants: 'patterns' (those in role_pattern) or 'apis' (every scope of the organization's APIs).
CREATE TABLE role (
    id        TEXT COLLATE "C" PRIMARY KEY,
    name      TEXT COLLATE "C" NOT NULL,
    live_name TEXT COLLATE "C" UNIQUE,
    grants    TEXT COLLATE "C" NOT NULL
);

CREATE TABLE role_pattern (
    role_id TEXT COLLATE "C" NOT NULL REFERENCES role (id),
    pattern TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (role_id, pattern)
);

-- The subject is a principal or a group. No organization: everywhere; no project: the whole organization.
CREATE TABLE role_binding (
    id              TEXT COLLATE "C" PRIMARY KEY,
    subject_id      TEXT COLLATE "C" NOT NULL,
    role_id         TEXT COLLATE "C" NOT NULL REFERENCES role (id),
    organization_id TEXT COLLATE "C" REFERENCES organization (id),
    project_id      TEXT COLLATE "C",
    created_at      BIGINT NOT NULL
);
CREATE INDEX role_binding_subject ON role_binding (subject_id);

-- A namespace is never given to another API, so removed APIs keep their row. The id is the principal's id.
CREATE TABLE api (
    id              TEXT COLLATE "C" PRIMARY KEY REFERENCES principal (id),
    name            TEXT COLLATE "C" NOT NULL UNIQUE,
    title           TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C" REFERENCES organization (id),
    namespace       TEXT COLLATE "C" NOT NULL UNIQUE,
    namespace_fold  TEXT COLLATE "C" NOT NULL UNIQUE,
    audience        TEXT COLLATE "C" NOT NULL,
    enforces_places BIGINT NOT NULL,
    built_in        BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    removed_at      BIGINT
);

-- A removed scope keeps its row: its name does not come back with another meaning.
CREATE TABLE api_scope (
    api_id      TEXT COLLATE "C" NOT NULL REFERENCES api (id),
    name        TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    position    BIGINT NOT NULL,
    removed_at  BIGINT,
    PRIMARY KEY (api_id, name)
);

CREATE TABLE api_implies (
    api_id  TEXT COLLATE "C" NOT NULL REFERENCES api (id),
    scope   TEXT COLLATE "C" NOT NULL,
    implied TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (api_id, scope, implied)
);

CREATE TABLE api_route (
    api_id   TEXT COLLATE "C" NOT NULL REFERENCES api (id),
    position BIGINT NOT NULL,
    method   TEXT COLLATE "C" NOT NULL,
    path     TEXT COLLATE "C" NOT NULL,
    scope    TEXT COLLATE "C" NOT NULL,
    resource TEXT COLLATE "C",
    PRIMARY KEY (api_id, position)
);

-- The grant. Its secrets are rows of their own, so rotation keeps id, name and history.
CREATE TABLE token (
    number           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id               TEXT COLLATE "C" NOT NULL UNIQUE,
    kind             TEXT COLLATE "C" NOT NULL,
    name             TEXT COLLATE "C" NOT NULL,
    -- The name while the owner may not use it again; NULL once the token is dead.
    live_name        TEXT COLLATE "C",
    description      TEXT COLLATE "C",
    owner_id         TEXT COLLATE "C" NOT NULL REFERENCES principal (id),
    parent_id        TEXT COLLATE "C" REFERENCES token (id),
    created_by       TEXT COLLATE "C" REFERENCES token (id),
    created_at       BIGINT NOT NULL,
    secret_issued_at BIGINT NOT NULL,
    expires_at       BIGINT,
    revoked_at       BIGINT,
    revoked_by       TEXT COLLATE "C",
    hint             TEXT COLLATE "C" NOT NULL,
    -- The seal over this row and its items, and the version of the key that made it.
    mac_version      BIGINT NOT NULL,
    mac              BYTEA NOT NULL,
    UNIQUE (owner_id, live_name)
);
CREATE INDEX token_parent ON token (parent_id);

-- kind: 'scope' (a pattern), 'place' (an organization's id, or organization/project) or 'network' (CIDR).
CREATE TABLE token_item (
    token_id TEXT COLLATE "C" NOT NULL REFERENCES token (id),
    kind     TEXT COLLATE "C" NOT NULL,
    value    TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (token_id, kind, value)
);
CREATE INDEX token_item_value ON token_item (kind, value);

CREATE TABLE secret (
    id             TEXT COLLATE "C" PRIMARY KEY,
    token_id       TEXT COLLATE "C" NOT NULL REFERENCES token (id),
    pepper_version BIGINT NOT NULL,
    digest         BYTEA NOT NULL,
    issued_at      BIGINT NOT NULL,
    retired_at     BIGINT,
    mac_version    BIGINT NOT NULL,
    mac            BYTEA NOT NULL
);
CREATE INDEX secret_token ON secret (token_id);

-- Kept apart from the token, so that recording a use does not touch the sealed row.
CREATE TABLE token_use (
    token_id       TEXT COLLATE "C" PRIMARY KEY REFERENCES token (id),
    last_used_at   BIGINT NOT NULL,
    last_used_from TEXT COLLATE "C"
);
