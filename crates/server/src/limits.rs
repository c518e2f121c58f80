//! Every limit of the server, with its unit in its name.

/// The largest body of a call, in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 32 * 1024;
/// The largest body of a call that registers an API, in bytes: a full catalogue with descriptions and routes.
pub(crate) const CATALOGUE_BODY_BYTES_MAX: usize = 512 * 1024;
/// The largest body that is too large and yet read to its end, in bytes, so that the client sees the answer.
pub(crate) const DISCARDED_BYTES_MAX: usize = 1024 * 1024;
/// The longest that one request may take, in seconds.
pub(crate) const REQUEST_SECONDS_MAX: u64 = 10;
/// The longest that a connection may stay silent before its first byte, in seconds.
pub(crate) const FIRST_BYTE_SECONDS_MAX: u64 = 10;
/// The longest that the head of a request may take, in seconds.
pub(crate) const HEADER_SECONDS_MAX: u64 = 10;
/// The largest head of a request, in bytes.
pub(crate) const HEADER_BYTES_MAX: usize = 16 * 1024;
/// The most header fields of a request.
pub(crate) const HEADERS_MAX: usize = 64;
/// The most connections at once; more wait in the kernel's queue.
pub(crate) const CONNECTIONS_MAX: usize = 4096;
/// How long a shutdown waits for requests in flight, in seconds.
pub(crate) const SHUTDOWN_SECONDS_MAX: u64 = 15;

/// How many passwords are hashed at once: each takes 19 MiB.
pub(crate) const PASSWORDS_AT_ONCE: usize = 2;
/// How many more sign-ins may wait; further ones are told to come again.
pub(crate) const PASSWORDS_WAITING: usize = 32;
/// The shortest password, in characters.
pub(crate) const PASSWORD_CHARS_MIN: usize = 8;
/// The longest password, in bytes.
pub(crate) const PASSWORD_BYTES_MAX: usize = 1024;

/// How long a token lives when nobody says, in milliseconds: 30 days.
pub(crate) const LIFETIME_MS_DEFAULT: i64 = 30 * 24 * 60 * 60 * 1000;
/// The longest life that can be asked for in minutes: 100 years.
pub(crate) const LIFETIME_MINUTES_MAX: i64 = 100 * 366 * 24 * 60;
/// How long a session lives, in milliseconds: 12 hours.
pub(crate) const SESSION_MS: i64 = 12 * 60 * 60 * 1000;
/// How long a retired secret is kept, in milliseconds: 8 days, more than any overlap and replay need.
pub(crate) const RETIRED_SECRET_MS_KEPT: i64 = 8 * 24 * 60 * 60 * 1000;
/// How deep tokens made by tokens go; the first has depth 0.
pub(crate) const DEPTH_MAX: usize = 4;

/// The longest name of a token, in bytes.
pub(crate) const TOKEN_NAME_BYTES_MAX: usize = 128;
/// The longest description or title, in bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 1024;
/// The most places or networks of one token.
pub(crate) const TOKEN_LIMITS_MAX: usize = 64;
/// The largest body of a SCIM call, in bytes: all members of a large group.
pub(crate) const SCIM_BODY_BYTES_MAX: usize = 512 * 1024;
/// The most members that one SCIM call names.
pub(crate) const SCIM_MEMBERS_MAX: usize = 5000;
/// The most operations of one SCIM PATCH.
pub(crate) const SCIM_OPERATIONS_MAX: usize = 1000;
/// The longest id that an identity provider has for somebody, in bytes.
pub(crate) const EXTERNAL_ID_BYTES_MAX: usize = 512;
/// The most members of a group that one call adds or removes.
pub(crate) const MEMBERS_MAX: usize = 1000;
/// The most entries of one list of a policy.
pub(crate) const POLICY_ENTRIES_MAX: usize = 256;
/// The longest time within which a policy can want a sign-in, in days: 100 years.
pub(crate) const POLICY_DAYS_MAX: i64 = 36_600;
/// The longest that a job can be allowed to take, in minutes: 30 days.
pub(crate) const JOB_MINUTES_MAX: i64 = 30 * 24 * 60;
/// The most projects that one introspection tells apart; an organization with more names the place in its question.
pub(crate) const PROJECTS_SHOWN_MAX: i64 = 500;
/// The most routes of one API.
pub(crate) const ROUTES_MAX: usize = 1024;

/// Items on a page when nobody says.
pub(crate) const PAGE_SIZE_DEFAULT: u32 = 100;
/// The most items on a page.
pub(crate) const PAGE_SIZE_MAX: u32 = 1000;
