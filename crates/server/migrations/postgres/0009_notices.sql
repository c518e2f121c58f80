-- What is on its way to whoever wants to be told: one row for each audit row and sink, made in the same transaction,
-- gone when it was delivered. The sinks themselves are in the configuration file only.
CREATE TABLE delivery (
    -- The name of a webhook, or `mail`.
    sink        TEXT NOT NULL,
    audit_id    TEXT NOT NULL REFERENCES audit (id),
    -- For mail: the id of the user who gets it; empty for whoever the configuration names.
    recipient   TEXT NOT NULL,
    -- How often it was tried. Whoever tries counts up first, and so takes the row.
    tries       BIGINT NOT NULL,
    -- Not before; while somebody tries: until when nobody else does.
    next_try_at BIGINT NOT NULL,
    -- When it was given up.
    failed_at   BIGINT,
    PRIMARY KEY (sink, audit_id)
);
CREATE INDEX delivery_due ON delivery (sink, next_try_at) WHERE failed_at IS NULL;

-- That a token's end comes near was noted, once for each end and number of days.
CREATE TABLE notice (
    token_id TEXT NOT NULL,
    ends_at  BIGINT NOT NULL,
    days     BIGINT NOT NULL,
    audit_id TEXT NOT NULL,
    PRIMARY KEY (token_id, ends_at, days)
);
