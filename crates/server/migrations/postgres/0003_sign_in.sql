-- Accounts at other issuers that are users here, known by issuer and subject alone.
-- A removed user keeps the row, so that the account does not get in again as somebody new.
CREATE TABLE identity (
    id           TEXT COLLATE "C" PRIMARY KEY,
    issuer       TEXT COLLATE "C" NOT NULL,
    subject      TEXT COLLATE "C" NOT NULL,
    principal_id TEXT COLLATE "C" NOT NULL REFERENCES principal (id),
    -- The administrator who linked the two; NULL when a rule of the configuration let the user in.
    linked_by    TEXT COLLATE "C" REFERENCES principal (id),
    created_at   BIGINT NOT NULL,
    UNIQUE (issuer, subject)
);
CREATE INDEX identity_principal ON identity (principal_id);
