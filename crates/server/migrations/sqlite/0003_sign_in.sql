-- Accounts at other issuers that are users here, known by issuer and subject alone.
-- A removed user keeps the row, so that the account does not get in again as somebody new.
CREATE TABLE identity (
    id           TEXT PRIMARY KEY,
    issuer       TEXT NOT NULL,
    subject      TEXT NOT NULL,
    principal_id TEXT NOT NULL REFERENCES principal (id),
    -- The administrator who linked the two; NULL when a rule of the configuration let the user in.
    linked_by    TEXT REFERENCES principal (id),
    created_at   INTEGER NOT NULL,
    UNIQUE (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_principal ON identity (principal_id);
