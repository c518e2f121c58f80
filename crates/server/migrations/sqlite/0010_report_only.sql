-- reports_only: the door for gateways lets everything pass and writes down what it would have refused.
-- declared_at: when the API was declared last; what was seen before says nothing about the routes of now.
ALTER TABLE api ADD COLUMN reports_only INTEGER NOT NULL DEFAULT 0;
ALTER TABLE api ADD COLUMN declared_at INTEGER NOT NULL DEFAULT 0;

-- What that door would have refused. path: of the route, or the shape of a path, never a path as it was sent. method and
-- path are empty, and number is 0, in the one row that counts what found no room.
CREATE TABLE api_refusal (
    api_id        TEXT NOT NULL,
    number        INTEGER NOT NULL,
    method        TEXT NOT NULL,
    path          TEXT NOT NULL,
    reason        TEXT NOT NULL,
    scope         TEXT NOT NULL,
    count         INTEGER NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL,
    PRIMARY KEY (api_id, method, path, reason, scope),
    UNIQUE (api_id, number)
) STRICT, WITHOUT ROWID;
