//! The description of the API, judged by programs that know nothing of it.

use std::process::{Command, Output};

use jeton_server::{described, document, routes};
use reqwest::Method;

use crate::support::Authority;
use crate::support::answer::Answer;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../api/openapi.json");
/// How many routes answer some of them with success; at the others a made-up name belongs to nobody.
const ROUTES_DONE_MIN: usize = 30;

/// How requests are made up: a few for each operation, also with ids that earlier answers showed; so what ends tokens
/// is left out, or the run would end its own credential. One worker, because several disturb each other.
const MAKE_UP: [&str; 17] = [
    "-m",
    "schemathesis.cli",
    "run",
    "--phases=coverage,fuzzing",
    "--max-examples=3",
    "--seed=20261122",
    "--workers=1",
    "--no-shrink",
    "--continue-on-failure",
    "--suppress-health-check=all",
    "--warnings=off",
    "--exclude-path-regex=^/api/v1/tokens/",
    // It takes methods that a description cannot name.
    "--exclude-operation-id=forward_auth.answer",
    "--request-timeout=10",
    "--checks=not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
     response_schema_conformance,negative_data_rejection,unsupported_method,ignored_auth",
    "--output-sanitize=true",
    "--header",
];

#[test]
#[expect(clippy::disallowed_methods, reason = "the test run speaks through the environment")]
fn the_description_is_the_golden_one() {
    let mut text = serde_json::to_string_pretty(&document("http://127.0.0.1:7070")).unwrap();
    text.push('\n');
    if std::env::var("JETON_GOLDEN").is_ok_and(|word| word == "write") {
        std::fs::write(GOLDEN, text).unwrap();
        return;
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    let same = text == golden;
    assert!(same, "api/openapi.json is a promise: when the change is meant, run `cargo xtask golden`");
}

#[test]
fn every_route_is_described_once_and_nothing_else_is() {
    let (operations, left_out) = described();
    let is_left_out = |path: &str| left_out.iter().any(|beginning| path.starts_with(beginning));
    let routes: Vec<_> = routes().iter().map(|route| (route.method, route.path)).collect();
    for (method, path) in &routes {
        let count = operations.iter().filter(|operation| **operation == (*method, *path)).count();
        let expected = usize::from(!is_left_out(path));
        assert_eq!(count, expected, "{method} {path}: describe it once in crates/server/src/http/openapi");
    }
    for (method, path) in operations {
        assert!(routes.contains(&(method, path)), "{method} {path} is described, and there is no such route");
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_and_says_what_it_requires() {
    let document = document("http://localhost");
    let (mut names, mut actions) = (vec![], vec![]);
    for methods in document["paths"].as_object().unwrap().values() {
        for operation in methods.as_object().unwrap().values() {
            names.push(operation["operationId"].as_str().unwrap().to_owned());
            let action = operation["x-jeton-action"].as_str().unwrap();
            let is_open = operation["security"].as_array().unwrap().is_empty();
            assert_eq!(is_open, action.starts_with("open:"), "{operation}");
            actions.push(action.to_owned());
        }
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "{names:?}");
    assert!(names.contains(&"tokens.create".to_owned()), "{names:?}");
    assert!(actions.contains(&"token.create".to_owned()), "{actions:?}");
}

#[tokio::test]
async fn the_server_describes_itself_under_its_own_address() {
    let authority = Authority::shared_sqlite();
    let answer = Answer::to(authority.request(Method::GET, "/openapi.json")).await.expect(200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.body, document(&authority.url("")));
}

#[tokio::test]
async fn the_page_shows_every_operation_and_every_schema_without_a_script() {
    let authority = Authority::shared_sqlite();
    let page = Answer::to(authority.request(Method::GET, "/docs")).await.expect(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'self';") && !policy.contains("script"),
        "{policy}"
    );
    for forbidden in ["<script", "<style", " style=", "javascript:", "http-equiv", "src="] {
        assert!(!page.text.contains(forbidden), "{forbidden}");
    }
    let document = document("http://localhost");
    for (path, methods) in document["paths"].as_object().unwrap() {
        assert!(page.text.contains(&format!("<code>{path}</code>")), "{path}");
        for operation in methods.as_object().unwrap().values() {
            let anchor = format!("id=\"{}\"", operation["operationId"].as_str().unwrap());
            assert_eq!(page.text.matches(&anchor).count(), 1, "{anchor}");
        }
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert_eq!(page.text.matches(&format!("id=\"schema-{name}\"")).count(), 1, "{name}");
    }
    let links = page.text.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    for target in links.filter_map(|link| link.strip_prefix('#')) {
        assert!(page.text.contains(&format!("id=\"{target}\"")), "{target}");
    }
    let style = Answer::to(authority.request(Method::GET, "/assets/docs.css")).await.expect(200);
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
}

/// Runs the interpreter that sees the judges; `None` only where the run leaves out other programs.
#[expect(clippy::disallowed_methods, reason = "the test run speaks through the environment")]
fn judge(arguments: &[&str]) -> Option<Output> {
    let Ok(python) = std::env::var("JETON_TEST_OPENAPI") else {
        let is_quick = std::env::var("JETON_TEST_QUICK").is_ok();
        assert!(is_quick, "JETON_TEST_OPENAPI is not set: run `cargo xtask test`");
        return None;
    };
    // The judges leave what they remember where they run.
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(python);
    Some(command.args(arguments).current_dir(folder.path()).output().unwrap())
}

#[track_caller]
fn assert_content(output: &Output) {
    let said = [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said).into_owned());
    assert!(output.status.success(), "{}", said.concat());
}

#[test]
fn a_validator_takes_the_description() {
    if let Some(output) = judge(&["-m", "openapi_spec_validator", "--schema", "3.1", GOLDEN]) {
        assert_content(&output);
    }
}

/// Each operation gets requests that fit its description and requests that do not, always the same ones.
#[tokio::test(flavor = "multi_thread")]
async fn every_answer_to_made_up_requests_is_one_of_the_described() {
    let authority = Authority::sqlite().await;
    let credential = authority.admin().await;
    let header = format!("Authorization: Bearer {credential}");
    let description = authority.url("/openapi.json");
    let judged = tokio::task::spawn_blocking(move || {
        judge(&[MAKE_UP.as_slice(), &[header.as_str(), description.as_str()]].concat())
    });
    if let Some(output) = judged.await.unwrap() {
        assert_content(&output);
    }
    // The credential has outlived it all, so what was answered was answered to somebody.
    authority.get(&credential, "/api/v1/tokens/self").await.expect(200);
    let metrics = Answer::to(authority.request(Method::GET, "/metrics")).await.expect(200).text;
    let done = metrics.lines().filter(|line| line.starts_with("jeton_http_requests_total"));
    let done = done.filter(|line| line.contains("status=\"2xx\"")).count();
    assert!(done >= ROUTES_DONE_MIN, "only {done} routes did anything\n{metrics}");
    authority.stop().await;
}
