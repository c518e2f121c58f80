-- Places below organizations, service accounts, groups and roles that can be changed, and policies.

-- Advanced by every write after which somebody may do more or less. What was judged before it is judged again.
INSERT INTO counter (name, value) SELECT 'rights', 0 FROM counter WHERE name = 'change';

-- The organization that looks after a service account; NULL for everybody else.
ALTER TABLE principal ADD COLUMN organization_id TEXT COLLATE "C" REFERENCES organization (id);
ALTER TABLE principal ADD COLUMN last_sign_in_at BIGINT;

ALTER TABLE organization ADD COLUMN removed_at BIGINT;

CREATE TABLE project (
    number          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id              TEXT COLLATE "C" NOT NULL UNIQUE,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organization (id),
    name            TEXT COLLATE "C" NOT NULL,
    -- In lower case; NULL once the project is removed.
    live_name       TEXT COLLATE "C",
    visibility      TEXT COLLATE "C" NOT NULL,
    created_at      BIGINT NOT NULL,
    removed_at      BIGINT,
    UNIQUE (organization_id, live_name)
);

CREATE TABLE pipeline (
    number                  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id                      TEXT COLLATE "C" NOT NULL UNIQUE,
    project_id              TEXT COLLATE "C" NOT NULL REFERENCES project (id),
    name                    TEXT COLLATE "C" NOT NULL,
    live_name               TEXT COLLATE "C",
    kind                    TEXT COLLATE "C" NOT NULL,
    job_authorization_scope TEXT COLLATE "C",
    timeout_minutes         BIGINT,
    created_at              BIGINT NOT NULL,
    removed_at              BIGINT,
    UNIQUE (project_id, live_name)
);

ALTER TABLE user_group ADD COLUMN display_name TEXT COLLATE "C";
ALTER TABLE user_group ADD COLUMN built_in BIGINT NOT NULL DEFAULT 0;
ALTER TABLE user_group ADD COLUMN removed_at BIGINT;
UPDATE user_group SET built_in = 1 WHERE live_name = 'everyone';

-- Who put somebody into a group: 'manual', 'scim', or the issuer whose sign-in did.
ALTER TABLE group_member ADD COLUMN source TEXT COLLATE "C" NOT NULL DEFAULT 'manual';

-- grants: 'patterns' (those in role_pattern only) or 'apis' (every scope of the organization's APIs as well).
-- Names that are in use are kept in lower case, for case does not tell two apart.
ALTER TABLE role ADD COLUMN description TEXT COLLATE "C";
ALTER TABLE role ADD COLUMN built_in BIGINT NOT NULL DEFAULT 0;
ALTER TABLE role ADD COLUMN bindable TEXT COLLATE "C" NOT NULL DEFAULT 'anywhere';
ALTER TABLE role ADD COLUMN created_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE role ADD COLUMN removed_at BIGINT;
UPDATE role SET built_in = 1, live_name = lower(live_name);

CREATE UNIQUE INDEX role_binding_once
    ON role_binding (subject_id, role_id, COALESCE(organization_id, ''), COALESCE(project_id, ''));
CREATE INDEX role_binding_role ON role_binding (role_id);
CREATE INDEX role_binding_project ON role_binding (project_id);

-- place: an organization's id, organization/project, or the empty text for everywhere. Rules are 'allowed' or 'refused',
-- excess is 'clamp' or 'refuse'; a flag says whether a list was given at all, for it may be empty.
CREATE TABLE policy (
    place               TEXT COLLATE "C" PRIMARY KEY,
    lifetime_ms_max     BIGINT,
    lifetime_ms_default BIGINT,
    never_expires       TEXT COLLATE "C",
    everything          TEXT COLLATE "C",
    excess              TEXT COLLATE "C",
    sign_in_within_ms   BIGINT,
    has_creators        BIGINT NOT NULL,
    has_networks        BIGINT NOT NULL,
    has_approval        BIGINT NOT NULL
);

-- kind: 'principal' or 'group' (an id: whose tokens count), 'network' (CIDR) or 'approval' (a pattern).
CREATE TABLE policy_item (
    place    TEXT COLLATE "C" NOT NULL REFERENCES policy (place),
    kind     TEXT COLLATE "C" NOT NULL,
    value    TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (place, kind, value)
);
