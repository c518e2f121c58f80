-- Places below organizations, service accounts, groups and roles that can be changed, and policies.

-- Advanced by every write after which somebody may do more or less. What was judged before it is judged again.
INSERT INTO counter (name, value) SELECT 'rights', 0 FROM counter WHERE name = 'change';

-- The organization that looks after a service account; NULL for everybody else.
ALTER TABLE principal ADD COLUMN organization_id TEXT REFERENCES organization (id);
ALTER TABLE principal ADD COLUMN last_sign_in_at INTEGER;

ALTER TABLE organization ADD COLUMN removed_at INTEGER;

CREATE TABLE project (
    number          INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    organization_id TEXT NOT NULL REFERENCES organization (id),
    name            TEXT NOT NULL,
    -- In lower case; NULL once the project is removed.
    live_name       TEXT,
    visibility      TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    removed_at      INTEGER,
    UNIQUE (organization_id, live_name)
) STRICT;

CREATE TABLE pipeline (
    number                  INTEGER PRIMARY KEY AUTOINCREMENT,
    id                      TEXT NOT NULL UNIQUE,
    project_id              TEXT NOT NULL REFERENCES project (id),
    name                    TEXT NOT NULL,
    live_name               TEXT,
    kind                    TEXT NOT NULL,
    job_authorization_scope TEXT,
    timeout_minutes         INTEGER,
    created_at              INTEGER NOT NULL,
    removed_at              INTEGER,
    UNIQUE (project_id, live_name)
) STRICT;

ALTER TABLE user_group ADD COLUMN display_name TEXT;
ALTER TABLE user_group ADD COLUMN built_in INTEGER NOT NULL DEFAULT 0;
ALTER TABLE user_group ADD COLUMN removed_at INTEGER;
UPDATE user_group SET built_in = 1 WHERE live_name = 'everyone';

-- Who put somebody into a group: 'manual', 'scim', or the issuer whose sign-in did.
ALTER TABLE group_member ADD COLUMN source TEXT NOT NULL DEFAULT 'manual';

-- grants: 'patterns' (those in role_pattern only) or 'apis' (every scope of the organization's APIs as well).
-- Names that are in use are kept in lower case, for case does not tell two apart.
ALTER TABLE role ADD COLUMN description TEXT;
ALTER TABLE role ADD COLUMN built_in INTEGER NOT NULL DEFAULT 0;
ALTER TABLE role ADD COLUMN bindable TEXT NOT NULL DEFAULT 'anywhere';
ALTER TABLE role ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE role ADD COLUMN removed_at INTEGER;
UPDATE role SET built_in = 1, live_name = lower(live_name);

CREATE UNIQUE INDEX role_binding_once
    ON role_binding (subject_id, role_id, COALESCE(organization_id, ''), COALESCE(project_id, ''));
CREATE INDEX role_binding_role ON role_binding (role_id);
CREATE INDEX role_binding_project ON role_binding (project_id);

-- place: an organization's id, organization/project, or the empty text for everywhere. Rules are 'allowed' or 'refused',
-- excess is 'clamp' or 'refuse'; a flag says whether a list was given at all, for it may be empty.
CREATE TABLE policy (
    place               TEXT PRIMARY KEY,
    lifetime_ms_max     INTEGER,
    lifetime_ms_default INTEGER,
    never_expires       TEXT,
    everything          TEXT,
    excess              TEXT,
    sign_in_within_ms   INTEGER,
    has_creators        INTEGER NOT NULL,
    has_networks        INTEGER NOT NULL,
    has_approval        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- kind: 'principal' or 'group' (an id: whose tokens count), 'network' (CIDR) or 'approval' (a pattern).
CREATE TABLE policy_item (
    place    TEXT NOT NULL REFERENCES policy (place),
    kind     TEXT NOT NULL,
    value    TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (place, kind, value)
) STRICT, WITHOUT ROWID;
