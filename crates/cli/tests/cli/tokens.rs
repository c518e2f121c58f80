//! Tokens: what is asked of the server, and where the secret goes.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use jeton_token::{Id, Prefix, TokenId, TokenKind, TokenSecret, TokenText};
use serde_json::{Value, json};

use crate::authority::Authority;
use crate::stub::{Stub, issued, page, problem, token};
use crate::support::Home;

const SELF: &str = "GET /api/v1/tokens/self";
const CREATE: &str = "POST /api/v1/tokens";
const OWN: &str = "GET /api/v1/tokens?owner=alice&kind=personal&name=mytoken&page_size=1000";
const PENDING: &str =
    "GET /api/v1/tokens?owner=alice&kind=personal&name=mytoken&state=pending&page_size=1000";
const REVOKE: &str = "DELETE /api/v1/tokens/01Qw5NqJ0T5mQm0AJ0vV1k";

fn record() -> String {
    token(json!({})).to_string()
}

#[test]
fn the_grammar_of_the_task_platform() {
    let stub = Stub::new(vec![(SELF, 200, record()), (CREATE, 201, issued(&token(json!({}))))]);
    let args = ["pat", "create", "--name", "mytoken", "--valid-minutes", "43200"];
    let scopes = ["--scopes", "Taskurai.Task.*", "--scopes", "Taskurai.Log.*"];
    let ran = Home::new().run_with(&[&args[..], &scopes].concat(), &stub.variables(), "");
    insta::assert_snapshot!(ran.shown(), @r"
    exit code: 0
    ----- stdout -----
    id       01Qw5NqJ0T5mQm0AJ0vV1k
    number   7
    name     mytoken
    kind     personal
    owner    alice
    state    active
    scopes   Taskurai.Task.*
    created  2026-11-22 02:49 UTC
    expires  never
    hint     jtn_pat_…abcd
    token    jtn_pat_new
    ----- stderr -----
    the token is shown this once: keep it where only its user can read it
    ");
    let body = json!({"name": "mytoken", "kind": "personal", "scopes": ["Taskurai.Task.*", "Taskurai.Log.*"],
        "expires_in_minutes": 43200});
    assert_eq!(stub.body(CREATE), body);
    let has_key = |line: &str| {
        let asked = stub.asked().into_iter().find(|asked| asked.line == line);
        asked.is_some_and(|asked| asked.headers.contains("idempotency-key: "))
    };
    assert!(has_key(CREATE) && !has_key(SELF), "what changes something can be repeated");
}

#[test]
fn the_grammar_of_the_training_platform() {
    let stub = Stub::new(vec![(SELF, 200, record()), (CREATE, 201, issued(&token(json!({}))))]);
    let args =
        ["token", "create", "alice", "--expiration-days", "30", "--description", "Automated testing token"];
    let ran = Home::new().run_with(&args, &stub.variables(), "");
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert!(ran.stderr.starts_with("no scopes given: the token gets `Taskurai.Task.*`"), "{}", ran.stderr);
    let body = json!({"owner": "alice", "description": "Automated testing token", "scopes": ["Taskurai.Task.*"],
        "expires_in_minutes": 43200});
    assert_eq!(stub.body(CREATE), body);
}

#[test]
fn a_session_gives_everything_unless_told() {
    let session = token(json!({"kind": "session", "scopes": ["*"]})).to_string();
    let stub = Stub::new(vec![(SELF, 200, session), (CREATE, 201, issued(&token(json!({}))))]);
    assert_eq!(Home::new().run_with(&["token", "create"], &stub.variables(), "").code, 0);
    assert_eq!(stub.body(CREATE), json!({"scopes": ["*"]}));
}

#[test]
fn the_secret_stands_alone_where_a_program_reads_it() {
    let stub = Stub::new(vec![(SELF, 200, record()), (CREATE, 201, issued(&token(json!({}))))]);
    let args = ["pat", "create", "--name", "mytoken", "--scopes", "A.B", "--never", "-o"];
    for (format, stdout) in [("value", "jtn_pat_new\n"), ("env", "JETON_TOKEN=jtn_pat_new\n")] {
        let ran = Home::new().run_with(&[&args[..], &[format]].concat(), &stub.variables(), "");
        assert_eq!((ran.code, ran.stdout.as_str()), (0, stdout));
        assert!(ran.stderr.contains("mytoken") && !ran.stderr.contains("jtn_pat_new"), "{}", ran.stderr);
    }
    let ran = Home::new().run_with(&[&args[..], &["json"]].concat(), &stub.variables(), "");
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (answer["secret"].as_str(), answer["token"]["number"].as_i64()),
        (Some("jtn_pat_new"), Some(7))
    );
    assert_eq!(stub.body(CREATE)["never_expires"], json!(true));
}

#[test]
fn update_rotates_at_once() {
    let ran = update("jtn_pat_other", &token(json!({})));
    assert_eq!(ran, "jtn_pat_other", "another token's update leaves the saved credential as it was");
}

#[test]
fn update_of_the_saved_credential_keeps_its_new_value() {
    let id = TokenId(Id::from_bits(0x0193_5000_0000_7000_8000_0000_0000_0001).unwrap());
    let secret = TokenSecret::from_uniform(&[7; 64]);
    let saved = TokenText::new(Prefix::default(), TokenKind::Personal, id, &secret);
    assert_eq!(update(saved.expose(), &token(json!({"id": id.to_string()}))), "jtn_pat_new");
}

/// Updates the token with this credential in the profile, and answers which one is there afterwards.
fn update(saved: &str, record: &Value) -> String {
    let rotate = format!("POST /api/v1/tokens/{}/rotate", record["id"].as_str().unwrap());
    let rotated = issued(record);
    let own = page(std::slice::from_ref(record));
    let stub = Stub::new(vec![
        (SELF, 200, record.to_string()),
        (OWN, 200, own),
        (PENDING, 200, page(&[])),
        (rotate.clone().leak(), 200, rotated),
    ]);
    let home = Home::new();
    let path = home.profile(&format!("url = \"{}\"\ntoken = \"{saved}\"\n", stub.url), 0o600);
    let ran = home.run(&["pat", "update", "--name", "mytoken", "--valid-minutes", "2500", "-o", "value"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "jtn_pat_new\n"), "{}", ran.stderr);
    assert_eq!(stub.body(&rotate), json!({"overlap_minutes": 0, "expires_in_minutes": 2500}));
    let profile = fs::read_to_string(path).unwrap();
    profile.lines().find_map(|line| line.strip_prefix("token = \"")?.strip_suffix('"')).unwrap().to_owned()
}

#[test]
fn a_name_of_nobody_is_not_found() {
    let stub = Stub::new(vec![(SELF, 200, record()), (OWN, 200, page(&[])), (PENDING, 200, page(&[]))]);
    for verb in ["update", "delete"] {
        let ran = Home::new().run_with(&["pat", verb, "--name", "mytoken"], &stub.variables(), "");
        assert_eq!(ran.code, 5, "{}", ran.shown());
    }
}

#[test]
fn named_tokens_are_deleted_without_a_question_where_nobody_can_answer() {
    let stub = Stub::new(vec![
        (SELF, 200, record()),
        (OWN, 200, page(&[token(json!({}))])),
        (PENDING, 200, page(&[])),
        (REVOKE, 204, String::new()),
    ]);
    let args = ["pat", "delete", "--name", "mytoken", "--name", "mytoken"];
    let ran = Home::new().run_with(&args, &stub.variables(), "");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, "revoked `mytoken` (01Qw5NqJ0T5mQm0AJ0vV1k)\n"));
}

#[test]
fn numbers_are_looked_up() {
    let stub = Stub::new(vec![
        (SELF, 200, record()),
        ("GET /api/v1/tokens/7", 200, record()),
        ("GET /api/v1/tokens/8", 404, problem(404, "not_found", "not here")),
        (REVOKE, 204, String::new()),
    ]);
    let ran = Home::new().run_with(&["token", "revoke", "7"], &stub.variables(), "");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, "revoked 01Qw5NqJ0T5mQm0AJ0vV1k\n"));
    assert_eq!(Home::new().run_with(&["token", "revoke", "8"], &stub.variables(), "").code, 5);
}

#[test]
fn verify_tells_active_from_inactive_from_unknown() {
    let verify = |status, body: String| {
        let stub = Stub::new(vec![(SELF, status, body)]);
        Home::new().run_with(&["token", "verify", "-"], &[("JETON_URL", &stub.url)], "jtn_pat_asked\n")
    };
    assert_eq!(verify(200, record()).code, 0);
    assert_eq!(verify(401, problem(401, "revoked_token", "the token was revoked")).code, 10);
    assert_eq!(verify(503, problem(503, "unavailable", "the store does not answer")).code, 8);
}

#[test]
fn signing_in_keeps_the_session_where_only_its_user_reads_it() {
    let session = token(json!({"kind": "session", "name": "token-1"}));
    let stub =
        Stub::new(vec![("POST /api/v1/sessions", 201, issued(&session)), (SELF, 200, session.to_string())]);
    let home = Home::new();
    let args = ["login", "--url", &stub.url, "--user", "alice", "--password-stdin"];
    let ran = home.run_with(&args, &[], "wonder land\n");
    let expected = format!("signed in to `{}` as `alice`; expires: never\n", stub.url);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr), (0, "", expected));
    assert_eq!(stub.body("POST /api/v1/sessions"), json!({"user": "alice", "password": "wonder land"}));
    let path = home.path().join("config/jeton/profile.toml");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        format!("url = \"{}\"\ntoken = \"jtn_pat_new\"\nway = \"password\"\n", stub.url)
    );
    let ran = home.run(&["status"]);
    assert!(ran.code == 0 && ran.stdout.contains("signed in as     alice"), "{}", ran.shown());
}

#[test]
fn a_token_that_is_not_honoured_is_not_kept() {
    let stub = Stub::new(vec![(SELF, 401, problem(401, "invalid_token", "the token is unknown"))]);
    let home = Home::new();
    let ran = home.run_with(&["token", "login", "-", "--url", &stub.url], &[], "jtn_pat_x\n");
    assert_eq!(ran.code, 4, "{}", ran.shown());
    assert!(!home.path().join("config").exists());
}

#[test]
fn the_end_of_the_credential_in_use_is_announced() {
    let list = "GET /api/v1/users";
    let run = |changes| {
        let stub = Stub::new(vec![(SELF, 200, token(changes).to_string()), (list, 200, page(&[]))]);
        Home::new().run_with(&["user", "list", "--json"], &stub.variables(), "").stderr
    };
    #[expect(clippy::disallowed_methods, reason = "the program looks at the clock, so its test does")]
    let soon = jeton_api::Timestamp::now() + jiff::SignedDuration::from_hours(6 * 24);
    assert!(run(json!({"expires_at": soon})).starts_with("warning: the token in use, `mytoken`, expires "));
    assert_eq!(run(json!({"expires_at": soon, "kind": "session"})), "");
    assert_eq!(run(json!({"expires_at": soon + jiff::SignedDuration::from_hours(48)})), "");
    assert_eq!(run(json!({})), "");
}

#[test]
fn a_call_whose_outcome_is_unknown_is_repeated_as_it_was() {
    let times = std::sync::atomic::AtomicU32::new(0);
    let stub = Stub::answering(move |asked| {
        if asked.line != CREATE {
            return Some((200, token(json!({})).to_string()));
        }
        let code = match times.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => (503, "outcome_unknown"),
            1 => (409, "idempotency_in_flight"),
            _ => return Some((201, issued(&token(json!({}))))),
        };
        Some((code.0, problem(code.0, code.1, "try again")))
    });
    let line = ["pat", "create", "--name", "mytoken", "--scopes", "Taskurai.*", "-o", "value"];
    let ran = Home::new().run_with(&line, &stub.variables(), "");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "jtn_pat_new\n"), "{}", ran.stderr);
    let asked: Vec<_> = stub.asked().into_iter().filter(|asked| asked.line == CREATE).collect();
    let key = |headers: &str| {
        headers.lines().find_map(|line| line.strip_prefix("idempotency-key: ").map(str::to_owned)).unwrap()
    };
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|one| key(&one.headers) == key(&asked[0].headers)));
    assert!(asked.iter().all(|one| one.body == asked[0].body));
    assert!(key(&asked[0].headers).len() >= 22);
}

#[test]
fn a_refusal_is_not_repeated() {
    let stub = Stub::new(vec![(CREATE, 503, problem(503, "unavailable", "not now"))]);
    let line = ["pat", "create", "--name", "mytoken", "--scopes", "Taskurai.*"];
    assert_ne!(Home::new().run_with(&line, &stub.variables(), "").code, 0);
    assert_eq!(stub.lines().iter().filter(|line| *line == CREATE).count(), 1);
}

#[test]
fn a_rotation_says_how_long_the_old_value_works() {
    let record = token(json!({}));
    let rotate = format!("POST /api/v1/tokens/{}/rotate", record["id"].as_str().unwrap());
    let finish = format!("{rotate}/finish");
    let stub = Stub::new(vec![
        (SELF, 200, record.to_string()),
        (OWN, 200, page(std::slice::from_ref(&record))),
        (PENDING, 200, page(&[])),
        (rotate.clone().leak(), 200, issued(&record)),
        (finish.clone().leak(), 200, record.to_string()),
    ]);
    let run = |line: &[&str]| Home::new().run_with(line, &stub.variables(), "");
    let ran = run(&["pat", "rotate", "--name", "mytoken", "--overlap", "2h", "-o", "value"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "jtn_pat_new\n"), "{}", ran.stderr);
    assert_eq!(stub.body(&rotate), json!({"overlap_minutes": 120}));
    assert_eq!(run(&["pat", "rotate", "--name", "mytoken", "--finish"]).code, 0);
    assert!(stub.lines().contains(&finish));
    assert_eq!(run(&["pat", "rotate", "--name", "mytoken", "--finish", "--overlap", "1h"]).code, 2);
}

#[test]
fn tokens_that_fit_are_counted_before_they_are_revoked() {
    const REVOKE: &str = "POST /api/v1/tokens/revoke";
    let stub = Stub::answering(|asked| {
        let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
        let revoked = if body["dry_run"] == json!(true) { 0 } else { 2 };
        (asked.line == REVOKE).then(|| (200, json!({"matched": 2, "revoked": revoked}).to_string()))
    });
    let filter = ["token", "revoke", "--filter", "owner=bob", "--filter", "kind=personal"];
    let run = |more: &[&str]| Home::new().run_with(&[&filter[..], more].concat(), &stub.variables(), "");
    let ran = run(&["--dry-run", "--json"]);
    let counted: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(counted, json!({"matched": 2, "revoked": 0}));
    assert_eq!(stub.body(REVOKE), json!({"filter": {"owner": "bob", "kind": "personal"}, "dry_run": true}));
    assert_eq!(run(&[]).code, 2, "it has to be confirmed");
    let ran = run(&["--yes", "-o", "value"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "2\n"), "{}", ran.stderr);
}

#[test]
fn a_token_is_shown_alike_by_name_by_number_and_by_id() {
    let authority = Authority::start();
    let alice = authority.alice();
    let create = ["pat", "create", "--name", "q1", "--scopes", "Jeton.Token.Read", "-o", "value"];
    let secret = alice.run(&create).stdout.trim().to_owned();
    let id = secret.split('_').nth(2).unwrap();
    assert_eq!(alice.run(&["pat", "rotate", "--name", "q1", "--overlap", "12h"]).code, 0);
    let used = Home::new().run_with(&["token", "verify"], &[("JETON_URL", &authority.url)], &secret);
    assert_eq!(used.code, 0, "{}", used.shown());
    let number = alice.run(&["pat", "show", "--name", "q1", "--json"]);
    let number = serde_json::from_str::<Value>(&number.stdout).unwrap()["number"].to_string();
    for format in ["table", "json", "yaml", "value"] {
        let views: [&[&str]; 3] =
            [&["pat", "show", "--name", "q1"], &["token", "describe", id], &["token", "describe", &number]];
        let shown = views.map(|view| alice.run(&[view, &["-o", format][..]].concat()).stdout);
        assert!(shown.iter().all(|one| *one == shown[0]), "{shown:#?}");
        let says_old = match format {
            "table" => "old values",
            "value" => id,
            _ => "works_until",
        };
        assert!(shown[0].contains(says_old), "{}", shown[0]);
    }
    // The record of a token that ended is shown by name, too.
    assert_eq!(alice.run(&["pat", "delete", "--name", "q1"]).code, 0);
    let by_name = alice.run(&["pat", "show", "--name", "q1", "--json"]).stdout;
    assert_eq!(by_name, alice.run(&["token", "describe", id, "--json"]).stdout);
}

#[test]
fn an_end_that_a_policy_brings_is_said_wherever_the_token_is_shown() {
    let authority = Authority::start();
    let (admin, alice) = (authority.admin(), authority.alice());
    let policy = ["policy", "set", "default/*", "--lifetime-max", "60m", "--yes"];
    assert_eq!(admin.run(&policy).code, 0);
    let lines = [
        "pat create --name ci --scopes Jeton.Token.Read --expires 30d",
        "pat show --name ci",
        "pat list",
        "pat show --name ci --json",
    ];
    insta::assert_snapshot!(authority.transcript(&alice, &lines));
    let record: Value =
        serde_json::from_str(&alice.run(&["pat", "show", "--name", "ci", "--json"]).stdout).unwrap();
    let moment = |value: &Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let end = moment(&record["earlier_ends"][0]["ends_at"]);
    assert_eq!(end.duration_since(moment(&record["secret_issued_at"])).as_mins(), 60);
    let days = moment(&record["expires_at"]).duration_since(moment(&record["created_at"])).as_hours() / 24;
    assert_eq!(days, 30);
}
