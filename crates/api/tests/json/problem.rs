//! Error bodies.

use jeton_api::{Code, FieldError, Problem};
use serde_json::json;

#[test]
fn a_problem_is_made_of_its_code() {
    let problem = Problem::new(Code::UnknownScope, 422, "did you mean `Taskurai.Task.Read`?");
    let expected = json!({
        "type": "urn:jeton:problem:unknown_scope",
        "title": "no API declares a scope that the pattern matches",
        "status": 422,
        "detail": "did you mean `Taskurai.Task.Read`?",
        "code": "unknown_scope",
    });
    assert_eq!(serde_json::to_value(problem).unwrap(), expected);
}

#[test]
fn every_code_makes_a_problem_with_a_type_of_its_own() {
    for code in Code::ALL {
        let problem = Problem::new(*code, 400, String::new());
        assert_eq!(problem.kind, format!("urn:jeton:problem:{}", code.word()));
        assert_eq!(problem.code.parse(), Ok(*code));
        assert_eq!(problem.title, code.title());
    }
}

#[test]
fn a_problem_is_read_as_it_was_written() {
    let error = FieldError {
        pointer: "/scopes/0".to_owned(),
        code: Code::UnknownScope.word().to_owned(),
        detail: "no such scope".to_owned(),
    };
    let problem = Problem {
        errors: vec![error.clone()],
        missing_scope: Some("Taskurai.Task.Read".to_owned()),
        request_id: "0322SbK0OGq5g2jkoFDl1U".to_owned(),
        ..Problem::new(Code::InsufficientScope, 403, "no")
    };
    let json = serde_json::to_value(&problem).unwrap();
    let read: Problem = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(read.errors, [error]);
    assert_eq!(serde_json::to_value(read).unwrap(), json);
}

#[test]
fn a_problem_of_a_newer_server_is_read() {
    let newer = json!({
        "type": "urn:jeton:problem:surprise", "title": "t", "status": 418, "detail": "d", "code": "surprise", "new": 1,
    });
    let read: Problem = serde_json::from_value(newer).unwrap();
    assert_eq!((read.code.as_str(), read.errors.len(), read.request_id.as_str()), ("surprise", 0, ""));
}
