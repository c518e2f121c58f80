//! Every limit of the server, with its unit in its name.

use std::time::Duration;

/// The limits of connections. A server runs with the default; tests of what takes long, or many, make them smaller.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// The most at once.
    pub connections: usize,
    /// Silence on a new one.
    pub first_byte: Duration,
    /// Silence between requests, and the head of one.
    pub head: Duration,
    /// One request: its body, and the work.
    pub request: Duration,
    /// While the client takes nothing of an answer.
    pub write: Duration,
    /// While what nobody reads any more is thrown away.
    pub linger: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS_MAX,
            first_byte: Duration::from_secs(FIRST_BYTE_SECONDS_MAX),
            head: Duration::from_secs(HEAD_SECONDS_MAX),
            request: Duration::from_secs(REQUEST_SECONDS_MAX),
            write: Duration::from_secs(WRITE_SECONDS_MAX),
            linger: Duration::from_secs(LINGER_SECONDS_MAX),
        }
    }
}

/// The largest body of a call, in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 32 * 1024;
/// The largest body of a call that registers an API, in bytes: a full catalogue with descriptions and routes.
pub(crate) const CATALOGUE_BODY_BYTES_MAX: usize = 512 * 1024;
/// How much of a body comes along with its head, in bytes: a connection goes on when only so much was not read.
pub(crate) const READ_ALONG_BYTES: u64 = 4 * 1024;
/// How much of what nobody reads any more is thrown away before a connection is closed, in bytes, so that the client
/// sees the answer.
pub(crate) const LINGER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long that takes at most, in seconds.
pub(crate) const LINGER_SECONDS_MAX: u64 = 5;
/// The longest that passes before it is kept how late it is, in seconds.
pub(crate) const CLOCK_SECONDS_BETWEEN: u64 = 30;
/// By how much the machine's clock may be behind what was known already, in milliseconds, in a server that is ready.
pub(crate) const CLOCK_BEHIND_MS_MAX: i64 = 5000;
/// The longest that one request may take, in seconds.
pub(crate) const REQUEST_SECONDS_MAX: u64 = 10;
/// How long a look at the store may take before it counts as down in the metrics, in seconds.
pub(crate) const STORE_PROBE_SECONDS_MAX: u64 = 2;
/// The longest that a connection may stay silent before its first byte, in seconds.
pub(crate) const FIRST_BYTE_SECONDS_MAX: u64 = 10;
/// The longest that a client may be silent between requests, and take for the head of one, in seconds.
pub(crate) const HEAD_SECONDS_MAX: u64 = 10;
/// The longest that a client may take nothing of an answer, in seconds; each part that it takes begins that again.
pub(crate) const WRITE_SECONDS_MAX: u64 = 20;
/// The largest head of a request, in bytes.
pub(crate) const HEAD_BYTES_MAX: usize = 16 * 1024;
/// The most header fields of a request.
pub(crate) const HEADERS_MAX: usize = 64;
/// The largest head that is read at all, in bytes: what gateways hand on of their clients is judged, and not refused by
/// its size.
pub(crate) const HEAD_READ_BYTES_MAX: usize = 64 * 1024;
/// How much of a request is looked at that cannot be read, in bytes: its address tells in whose words to answer.
pub(crate) const SEEN_BYTES_MAX: usize = 512;
/// The most that a gateway is told of effective scopes, in bytes: proxies keep header fields in small buffers.
pub(crate) const IDENTITY_SCOPES_BYTES_MAX: usize = 4 * 1024;
/// The most connections at once; for one more, an idle one of who has most is closed.
pub(crate) const CONNECTIONS_MAX: usize = 4096;
/// How many files besides connections the process may need: of fewer that it may open, fewer are connections.
pub(crate) const FILES_KEPT: usize = 256;
/// The fewest connections, however few files the process may open.
pub(crate) const CONNECTIONS_MIN: usize = 64;
/// How many new connections may wait to be accepted.
pub(crate) const CONNECTIONS_WAITING_MAX: u32 = 4096;
/// How much of an answer the system keeps for a client, in bytes; Linux takes twice that. So little that the progress of
/// a slow client shows, and that thousands who read nothing do not take all memory of the network.
pub(crate) const SEND_BUFFER_BYTES: u32 = 32 * 1024;
/// As many connections as of so many clients are allowed to a network of trusted proxies.
pub(crate) const PROXIES_WEIGHT: usize = 16;
/// With more connections than these, those of a client take turns; of proxies so many times more.
pub(crate) const UNPACED_CONNECTIONS_MAX: usize = 128;
/// How many of them do something each time that the runtime goes round.
pub(crate) const PACED_AT_ONCE: usize = 16;
/// How many connections of a client are looked at to find one that may be closed.
pub(crate) const CLOSED_LOOKS_MAX: usize = 64;
/// Of how many clients that is done, those with the most connections first.
pub(crate) const CLOSED_SHARES_MAX: usize = 16;
/// Each how-many-th connection that is closed for another is told in the log.
pub(crate) const CONNECTIONS_LOGGED_EACH: u64 = 10_000;
/// How many requests of one client without a credential are worked on at once; more wait.
pub(crate) const STRANGERS_OF_CLIENT_MAX: usize = 16;
/// How many of all clients that only want to see something.
pub(crate) const PAGES_AT_ONCE_MAX: usize = 64;
/// How many requests of one client with a credential are worked on at once; more wait.
pub(crate) const CALLS_OF_CLIENT_MAX: usize = 64;
/// How many questions about tokens of one client, an API or a gateway, are worked on at once; more wait.
pub(crate) const QUESTIONS_OF_CLIENT_MAX: usize = 256;
/// How long a shutdown waits for requests in flight, in seconds.
pub(crate) const SHUTDOWN_SECONDS_MAX: u64 = 15;

/// The most tokens whose facts are remembered.
pub(crate) const MEMORY_TOKENS_MAX: usize = 64 * 1024;
/// How many patterns, limits and groups such a token has; one with more takes the room of several.
pub(crate) const MEMORY_ITEMS_USUAL: usize = 16;
/// The most APIs whose catalogues are remembered.
pub(crate) const MEMORY_APIS_MAX: usize = 1024;
/// The most places that are remembered, by name and by id, each.
pub(crate) const MEMORY_PLACES_MAX: usize = 16 * 1024;
/// The most organizations whose list of projects is remembered.
pub(crate) const MEMORY_PROJECT_LISTS_MAX: usize = 256;
/// Of how many distinct sets of patterns, and lists of rights, equal ones are held once.
pub(crate) const MEMORY_DISTINCT_MAX: usize = 16 * 1024;
/// The most things of which it is known when they last changed; with more, all that is remembered is read again.
pub(crate) const FEED_THINGS_MAX: usize = 64 * 1024;
/// Of how many members that enter or leave a group each is named as changed; of more, everybody is.
pub(crate) const MEMBERS_NAMED_MAX: usize = 16;

/// For how long a verifier may answer from memory, in milliseconds, counted from when it asked for that.
pub(crate) const LEASE_MS: u64 = 2000;
/// How much slower than ours the clock of a verifier may go within a lease, in milliseconds.
pub(crate) const DRIFT_MS: u64 = 200;
/// How long a verifier that watches waits for a change, in milliseconds: a quarter of the lease.
pub(crate) const WATCH_MS: u64 = 500;
/// The most verifiers that are known at once.
pub(crate) const VERIFIERS_MAX: usize = 1024;
/// The most of one API.
pub(crate) const VERIFIERS_OF_API_MAX: usize = 256;
/// How long a verifier that does not come any more is known, in milliseconds: a minute.
pub(crate) const VERIFIER_MS_KEPT: u64 = 60 * 1000;
/// How long an API's verifiers get no new lease after one has let a change wait to the end of its own, in
/// milliseconds.
pub(crate) const LAPSED_MS: u64 = 10 * 1000;
/// The most changes that verifiers are told one by one; who is further behind forgets everything.
pub(crate) const TOLD_CHANGES_MAX: usize = 1024;
/// The most things that one answer to a verifier names.
pub(crate) const TOLD_THINGS_MAX: usize = 1024;
/// The longest that a verifier may keep a verdict without asking again, in milliseconds: a minute, so that a clock that
/// is set is felt within one.
pub(crate) const KEEP_MS_MAX: i64 = 60 * 1000;
/// The largest body of a call by which a verifier watches, in bytes: as many uses as one can tell.
pub(crate) const WATCH_BODY_BYTES_MAX: usize = 256 * 1024;
/// The most uses that one such call tells.
pub(crate) const TOLD_USES_MAX: usize = 500;
/// The most that one use of these counts for.
pub(crate) const TOLD_USE_COUNT_MAX: i64 = 1_000_000;

/// How many passwords are hashed at once: each takes 19 MiB.
pub(crate) const PASSWORDS_AT_ONCE: usize = 2;
/// How many more sign-ins may wait; further ones are told to come again.
pub(crate) const PASSWORDS_WAITING: usize = 32;
/// How many of these places one address may have: nobody fills the queue alone.
pub(crate) const PASSWORDS_OF_ORIGIN_MAX: usize = 12;
/// Wrong passwords for one name from one address, before it has to wait.
pub(crate) const NAME_FAILURES_MAX: i64 = 10;
/// How long until one more is allowed, in milliseconds: a minute.
pub(crate) const NAME_REGAIN_MS: i64 = 60 * 1000;
/// Wrong passwords from one address, whatever the name, before it has to wait.
pub(crate) const ORIGIN_FAILURES_MAX: i64 = 100;
/// How long until one more is allowed, in milliseconds: half a minute.
pub(crate) const ORIGIN_REGAIN_MS: i64 = 30 * 1000;
/// The most counts of failures that are kept, of each kind of guess.
pub(crate) const GUESS_BUCKETS_MAX: usize = 32 * 1024;
/// The shortest password, in characters.
pub(crate) const PASSWORD_CHARS_MIN: usize = 8;
/// The longest password, in bytes.
pub(crate) const PASSWORD_BYTES_MAX: usize = 1024;

/// How long a code from the authorization page is good, in milliseconds: a minute.
pub(crate) const CODE_MS: i64 = 60 * 1000;
/// The most such codes at once.
pub(crate) const CODES_MAX: usize = 10_000;
/// The most such codes of one user at once.
pub(crate) const CODES_OF_USER_MAX: usize = 20;
/// How long a command line without a browser may wait for its person, in milliseconds: ten minutes.
pub(crate) const DEVICE_MS: i64 = 10 * 60 * 1000;
/// How often it may ask meanwhile, in milliseconds: each five seconds.
pub(crate) const DEVICE_INTERVAL_MS: i64 = 5 * 1000;
/// How much longer it has to wait for each time that it asked too soon, in milliseconds.
pub(crate) const DEVICE_SLOWER_MS: i64 = 5 * 1000;
/// The most such command lines at once; those of the last twenty minutes count.
pub(crate) const DEVICES_MAX: usize = 10_000;
/// The most of them from one address.
pub(crate) const DEVICES_OF_ORIGIN_MAX: usize = 60;
/// Wrong user codes from one person, before they have to wait.
pub(crate) const USER_CODE_FAILURES_MAX: i64 = 10;
/// Wrong user codes from one address, before it has to wait.
pub(crate) const USER_CODE_OF_ORIGIN_FAILURES_MAX: i64 = 30;
/// How long until one more is allowed, in milliseconds: a minute.
pub(crate) const USER_CODE_REGAIN_MS: i64 = 60 * 1000;

/// How long a sign-in at a provider may take, in milliseconds: ten minutes.
pub(crate) const FLOW_MS: i64 = 10 * 60 * 1000;
/// The most finished sign-ins that are remembered, so that none is finished twice; those of ten minutes count.
pub(crate) const FLOWS_DONE_MAX: usize = 100_000;
/// Answers from one address that a provider did not stand by, before it has to wait.
pub(crate) const FLOW_FAILURES_MAX: i64 = 30;
/// How long until one more is allowed, in milliseconds: half a minute.
pub(crate) const FLOW_REGAIN_MS: i64 = 30 * 1000;

/// How long a token lives when nobody says, in milliseconds: 30 days.
pub(crate) const LIFETIME_MS_DEFAULT: i64 = 30 * 24 * 60 * 60 * 1000;
/// How long a token may rotate itself after a person made or rotated it, when no policy says, in milliseconds: 365 days.
pub(crate) const RENEWABLE_MS_DEFAULT: i64 = 365 * 24 * 60 * 60 * 1000;
/// The longest life that can be asked for in minutes: 100 years.
pub(crate) const LIFETIME_MINUTES_MAX: i64 = 100 * 366 * 24 * 60;
/// How long a session lives, in milliseconds: 12 hours.
pub(crate) const SESSION_MS: i64 = 12 * 60 * 60 * 1000;
/// How long a retired secret is kept, in milliseconds: 8 days, more than any overlap and replay need.
pub(crate) const RETIRED_SECRET_MS_KEPT: i64 = 8 * 24 * 60 * 60 * 1000;
/// The longest that an old secret may go on working after a rotation, in minutes: 7 days.
pub(crate) const OVERLAP_MINUTES_MAX: i64 = 7 * 24 * 60;
/// How long it does when nobody says, in minutes.
pub(crate) const OVERLAP_MINUTES_DEFAULT: i64 = 60;
/// The most secrets of one token that are in force at once.
pub(crate) const SECRETS_IN_FORCE_MAX: usize = 8;
/// How long a record goes on showing an old secret after its end, in milliseconds: a day.
pub(crate) const OLD_SECRET_MS_SHOWN: i64 = 24 * 60 * 60 * 1000;
/// How often a use of an old secret is written down at most, in milliseconds: once a minute for each.
pub(crate) const PACE_MS: i64 = 60 * 1000;
/// The most old secrets whose last use is remembered for that.
pub(crate) const PACED_MAX: usize = 10_000;
/// How long a call with an idempotency key is kept, in milliseconds: 24 hours.
pub(crate) const KEY_MS_KEPT: i64 = 24 * 60 * 60 * 1000;
/// How often calls whose time is over are forgotten, in seconds, besides a few with each that is kept.
pub(crate) const KEYS_FORGOTTEN_SECONDS: u64 = 10 * 60;
/// How many of them in one transaction.
pub(crate) const KEYS_FORGOTTEN_AT_ONCE: i64 = 64;
/// The longest idempotency key, in characters.
pub(crate) const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
/// The shortest one on a call that yields a secret, in characters.
pub(crate) const DERIVING_KEY_CHARS_MIN: usize = 22;
/// The largest answer that is kept, in bytes; a repetition of a call with a larger one does it again.
pub(crate) const KEPT_ANSWER_BYTES_MAX: usize = 64 * 1024;
/// The most tokens that one call revokes.
pub(crate) const REVOKED_AT_ONCE_MAX: u64 = 1000;
/// For how long one call goes on with a revocation rule.
pub(crate) const RULE_SECONDS_MAX: u64 = 5;
/// How many revocation rules that are not done are remembered, and for how long.
pub(crate) const RULES_LEFT_OFF_MAX: usize = 64;
pub(crate) const RULE_MS_KEPT: i64 = 10 * 60 * 1000;
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
/// How long the tokens are looked through to tell what a policy does to them; less than a request may take.
pub(crate) const POLICY_IMPACT_SECONDS_MAX: u64 = 5;
/// The longest time within which a policy can want a sign-in, in days: 100 years.
pub(crate) const POLICY_DAYS_MAX: i64 = 36_600;
/// The longest that a job can be allowed to take, in minutes: 30 days.
pub(crate) const JOB_MINUTES_MAX: i64 = 30 * 24 * 60;
/// The shortest lease of a job, in seconds: one that can be renewed in time over a slow network.
pub(crate) const JOB_LEASE_SECONDS_MIN: i64 = 10;
/// The longest lease of a job, in seconds: for so long a job's token outlives a runner that vanished.
pub(crate) const JOB_LEASE_SECONDS_MAX: i64 = 300;
/// The lease of a job when nobody says, in seconds.
pub(crate) const JOB_LEASE_SECONDS_DEFAULT: i64 = 60;
/// The most projects that one introspection tells apart; an organization with more names the place in its question.
pub(crate) const PROJECTS_SHOWN_MAX: i64 = 500;
/// The most routes of one API.
pub(crate) const ROUTES_MAX: usize = 1024;

/// How many tokens can be asked for by their numbers at once.
pub(crate) const NUMBERS_AT_ONCE_MAX: usize = 256;
/// How many pages of the largest size are read at most for a wire whose lists have no pages.
pub(crate) const WHOLE_LIST_PAGES_MAX: usize = 5;

/// The most tokens on a page of wires that name a limit of their own.
pub(crate) const PATS_ON_PAGE_MAX: usize = 100;

/// Items on a page when nobody says.
pub(crate) const PAGE_SIZE_DEFAULT: u32 = 100;
/// The most items on a page.
pub(crate) const PAGE_SIZE_MAX: u32 = 1000;

/// The most tokens that are counted as ending soon.
pub(crate) const EXPIRING_TOKENS_MAX: i64 = 10_000;
/// How long their number is told without counting again, in milliseconds: a minute.
pub(crate) const EXPIRING_MS_FRESH: i64 = 60 * 1000;

/// How often uses of tokens are written, in seconds: so many are lost when the process is killed.
pub(crate) const USES_SECONDS_BETWEEN: u64 = 5;
/// How many tokens' uses are written in one transaction, so that no other write waits long.
pub(crate) const USES_AT_ONCE: usize = 200;
/// The most tokens whose uses wait to be written. At half of it they are written at once.
pub(crate) const USED_TOKENS_MAX: usize = 100_000;
/// The most counts of uses that wait to be written.
pub(crate) const USE_COUNTS_MAX: usize = 200_000;
/// The most of them of one token: combinations of scope, place and day.
pub(crate) const USE_COUNTS_OF_TOKEN_MAX: usize = 256;
/// How long counts of uses are kept, in days: what is done once a year is still known.
pub(crate) const USE_DAYS_KEPT: i64 = 400;

/// The most requests that would have been refused, told apart, of one API.
pub(crate) const REFUSALS_OF_API_MAX: i64 = 1000;
/// The most of them that wait to be written, of all APIs together.
pub(crate) const REFUSALS_WAITING_MAX: usize = 10_000;
/// How many are written in one transaction.
pub(crate) const REFUSALS_AT_ONCE: usize = 200;

/// The most trusts of one service account.
pub(crate) const TRUSTS_MAX: usize = 32;
/// The most trusts that are looked through for an identity token that names no service account.
pub(crate) const TRUSTS_SEARCHED_MAX: usize = 64;
/// The most of them whose keys are tried.
pub(crate) const TRUSTS_TRIED_MAX: usize = 4;
/// How long an access token from a trust lives when nobody says, in minutes.
pub(crate) const TRUST_MINUTES_DEFAULT: i64 = 60;
/// The longest that it can be said to live, in minutes: a day.
pub(crate) const TRUST_MINUTES_MAX: i64 = 24 * 60;

/// The largest identity token of another issuer, in bytes.
pub(crate) const JWT_BYTES_MAX: usize = 16 * 1024;
/// The longest name of a key, or type, in the header of such a token, in bytes.
pub(crate) const KEY_ID_BYTES_MAX: usize = 256;
/// The longest name of an issuer or address of its keys, in bytes.
pub(crate) const ISSUER_BYTES_MAX: usize = 512;
/// The longest subject or id in an identity token, in bytes.
pub(crate) const SUBJECT_BYTES_MAX: usize = 1024;
/// The most audiences of one identity token.
pub(crate) const AUDIENCES_MAX: usize = 16;
/// The most keys of one issuer that count.
pub(crate) const KEYS_MAX: usize = 64;
/// The most keys of one issuer that are tried for one token which names none of them.
pub(crate) const KEYS_TRIED_MAX: usize = 8;
/// How far the clocks of others may differ from ours, in milliseconds: one minute.
pub(crate) const LEEWAY_MS: i64 = 60 * 1000;
/// The longest that an identity token may go on living, in milliseconds: a day. What lives longer is a password.
pub(crate) const IDENTITY_MS_MAX: i64 = 24 * 60 * 60 * 1000;
/// The largest document of another issuer that is read, in bytes.
pub(crate) const ISSUER_DOCUMENT_BYTES_MAX: usize = 256 * 1024;
/// The longest that asking another issuer may take, in seconds.
pub(crate) const ISSUER_SECONDS_MAX: u64 = 4;
/// How long an issuer's keys are used without asking again, in milliseconds: ten minutes.
pub(crate) const KEYS_MS_FRESH: i64 = 10 * 60 * 1000;
/// How long they are used at the longest, while the issuer cannot be asked, in milliseconds: one hour.
pub(crate) const KEYS_MS_STALE: i64 = 60 * 60 * 1000;
/// How often an issuer is asked at most because a token names an unknown key, in milliseconds.
pub(crate) const KEYS_MS_BETWEEN: i64 = 10 * 1000;
/// How often it is asked at most while its keys are not known at all, in milliseconds.
pub(crate) const KEYS_MS_RETRY: i64 = 1000;
/// The most issuers whose keys are remembered.
pub(crate) const ISSUERS_MAX: usize = 256;
/// The most scope patterns of places that the approvals of one token are about.
pub(crate) const APPROVED_PATTERNS_MAX: usize = 1024;

/// How often it is looked for ends that come near, in milliseconds: once an hour.
pub(crate) const ENDS_MS_BETWEEN: i64 = 60 * 60 * 1000;
/// How often it is looked whether that hour is over, in seconds.
pub(crate) const ENDS_SECONDS_BETWEEN: u64 = 5;
/// How many of them are read at once.
pub(crate) const ENDS_AT_ONCE: i64 = 200;
/// How long ends that were noted wait for others that go into the same letter, in milliseconds: a minute.
pub(crate) const LETTER_MS_HELD: i64 = 60 * 1000;
/// The most tokens of one letter; more go into the next one.
pub(crate) const LETTER_ENTRIES_MAX: i64 = 200;
/// How often it is looked whether something is to be delivered, in seconds, besides after each change.
pub(crate) const OUTBOX_SECONDS_BETWEEN: u64 = 2;
/// How many deliveries to one webhook are taken at once.
pub(crate) const DELIVERIES_TAKEN_MAX: i64 = 16;
/// How many of these are under way at the same time.
pub(crate) const DELIVERIES_AT_ONCE: usize = 4;
/// The longest that one may take, in seconds.
pub(crate) const DELIVERY_SECONDS_MAX: u64 = 15;
/// For how long nobody else takes what was taken, in milliseconds: two minutes, more than all of them can take.
pub(crate) const DELIVERY_MS_TAKEN: i64 = 2 * 60 * 1000;
/// How long to wait after each try that failed, in seconds, as Standard Webhooks proposes it: a little more than three
/// days in all.
pub(crate) const DELIVERY_SECONDS_BETWEEN: [i64; 9] =
    [5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600];
/// The shortest key of a webhook, in bytes.
pub(crate) const WEBHOOK_KEY_BYTES_MIN: usize = 24;
/// The longest one, in bytes.
pub(crate) const WEBHOOK_KEY_BYTES_MAX: usize = 64;
/// The most webhooks.
pub(crate) const WEBHOOKS_MAX: usize = 32;
/// The largest file with a secret that the configuration names, in bytes.
pub(crate) const SECRET_FILE_BYTES_MAX: u64 = 4096;
