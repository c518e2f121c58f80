-- What tokens are used for, beside their sealed rows. Nobody had written the table that was here, so nothing is lost with
-- it; without a reference to `token`, noting a use locks no row of that one.
DROP TABLE token_use;
CREATE TABLE token_use (
    token_id       TEXT PRIMARY KEY,
    last_used_at   INTEGER NOT NULL,
    last_used_from TEXT
) STRICT, WITHOUT ROWID;

-- day: days since the Unix epoch, UTC. scope and place are what was asked about; empty where nobody said.
-- allowed and refused: how often the token was honoured, and how often it lacked the scope.
CREATE TABLE token_use_count (
    token_id TEXT NOT NULL,
    day      INTEGER NOT NULL,
    scope    TEXT NOT NULL,
    place    TEXT NOT NULL,
    allowed  INTEGER NOT NULL,
    refused  INTEGER NOT NULL,
    PRIMARY KEY (token_id, day, scope, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX token_use_count_day ON token_use_count (day);

-- How long a token may go unused, and how long it may give itself new secrets.
ALTER TABLE policy ADD COLUMN used_within_ms INTEGER;
ALTER TABLE policy ADD COLUMN renewable_for_ms INTEGER;

-- What ends soon, for whoever watches it: tokens that somebody keeps, and that live longer than a day.
CREATE INDEX token_expires_at ON token (expires_at)
    WHERE revoked_at IS NULL AND kind IN ('pat', 'svc') AND expires_at - secret_issued_at > 86400000;
