-- What an identity provider says (SCIM) about a user or group, beside what everybody can say.
CREATE TABLE provisioned (
    subject_id    TEXT COLLATE "C" PRIMARY KEY,
    -- 'user' or 'group'
    kind          TEXT COLLATE "C" NOT NULL,
    -- The provider's own id.
    external_id   TEXT COLLATE "C",
    -- How the provider labels the one address that is kept: 'work' or the like, and whether it calls it the primary one.
    email_type    TEXT COLLATE "C",
    email_primary BIGINT,
    UNIQUE (kind, external_id)
);
