-- Jobs, the accounts that they act as, and what organizations and projects say about them.

-- A run of a pipeline. Its token is its life: the job is over when that is revoked or its end has come.
CREATE TABLE job (
    number              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id                  TEXT COLLATE "C" NOT NULL UNIQUE,
    token_id            TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES token (id),
    pipeline_id         TEXT COLLATE "C" NOT NULL REFERENCES pipeline (id),
    -- Whoever started it.
    runner_id           TEXT COLLATE "C" NOT NULL REFERENCES principal (id),
    fork                BIGINT NOT NULL,
    authorization_scope TEXT COLLATE "C" NOT NULL,
    decided_by          TEXT COLLATE "C" NOT NULL,
    -- Whether the job asked for less than its account has.
    has_permissions     BIGINT NOT NULL,
    lease_ms            BIGINT NOT NULL,
    -- No lease goes beyond this moment.
    ends_at             BIGINT NOT NULL,
    created_at          BIGINT NOT NULL
);
CREATE INDEX job_pipeline ON job (pipeline_id, number);

-- The account that jobs of a place act as: an organization's id, or organization/project.
CREATE TABLE build_account (
    place        TEXT COLLATE "C" PRIMARY KEY,
    principal_id TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES principal (id)
);

-- place: as in build_account. A place without a row has said nothing.
CREATE TABLE job_settings (
    place                TEXT COLLATE "C" PRIMARY KEY,
    limit_non_release    BIGINT NOT NULL,
    limit_release        BIGINT NOT NULL,
    limit_forks          BIGINT NOT NULL,
    project_wall         BIGINT NOT NULL,
    max_lifetime_minutes BIGINT
);

-- Whether a list of projects was given at all, for it may be empty; the projects are items of kind 'job_project'.
ALTER TABLE policy ADD COLUMN has_job_projects BIGINT NOT NULL DEFAULT 0;
