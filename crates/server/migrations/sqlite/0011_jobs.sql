-- Jobs, the accounts that they act as, and what organizations and projects say about them.

-- A run of a pipeline. Its token is its life: the job is over when that is revoked or its end has come.
CREATE TABLE job (
    number              INTEGER PRIMARY KEY AUTOINCREMENT,
    id                  TEXT NOT NULL UNIQUE,
    token_id            TEXT NOT NULL UNIQUE REFERENCES token (id),
    pipeline_id         TEXT NOT NULL REFERENCES pipeline (id),
    -- Whoever started it.
    runner_id           TEXT NOT NULL REFERENCES principal (id),
    fork                INTEGER NOT NULL,
    authorization_scope TEXT NOT NULL,
    decided_by          TEXT NOT NULL,
    -- Whether the job asked for less than its account has.
    has_permissions     INTEGER NOT NULL,
    lease_ms            INTEGER NOT NULL,
    -- No lease goes beyond this moment.
    ends_at             INTEGER NOT NULL,
    created_at          INTEGER NOT NULL
) STRICT;
CREATE INDEX job_pipeline ON job (pipeline_id, number);

-- The account that jobs of a place act as: an organization's id, or organization/project.
CREATE TABLE build_account (
    place        TEXT PRIMARY KEY,
    principal_id TEXT NOT NULL UNIQUE REFERENCES principal (id)
) STRICT, WITHOUT ROWID;

-- place: as in build_account. A place without a row has said nothing.
CREATE TABLE job_settings (
    place                TEXT PRIMARY KEY,
    limit_non_release    INTEGER NOT NULL,
    limit_release        INTEGER NOT NULL,
    limit_forks          INTEGER NOT NULL,
    project_wall         INTEGER NOT NULL,
    max_lifetime_minutes INTEGER
) STRICT, WITHOUT ROWID;

-- Whether a list of projects was given at all, for it may be empty; the projects are items of kind 'job_project'.
ALTER TABLE policy ADD COLUMN has_job_projects INTEGER NOT NULL DEFAULT 0;
