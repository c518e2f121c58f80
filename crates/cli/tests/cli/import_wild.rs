//! `api import` of documents as other tools write them: all that is left out is said, in the draft and aloud.

use crate::import::{draft, import, routes_of, with_paths};
use crate::support::{Home, Ran};

/// Each line of a document's notes.
fn said(document: &str) -> Vec<String> {
    import(document, &["--name", "notes"]).stderr.lines().map(str::to_owned).collect()
}

fn refused(document: &str) -> Ran {
    let ran = import(document, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.shown());
    ran
}

#[test]
fn a_gateways_export_is_drafted_with_all_that_it_has() {
    let document = r##"
openapi: "3.0.1"
info: {title: Shop, version: "2026-11-30T10:00:00Z"}
servers: [{url: "https://shop.example/{basePath}", variables: {basePath: {default: prod}}}]
paths:
  /{proxy+}:
    x-amazon-apigateway-any-method: {security: [{key: []}]}
    options: {responses: {200: {description: ok}}}
  /orders/{orderId}: {get: {security: [{key: []}]}, x-amazon-apigateway-any-method: {}}
  /files/{path+}: {get: {}}
components: {securitySchemes: {key: {type: apiKey, name: x-api-key, in: header}}}
"##;
    insta::assert_snapshot!(import(document, &[]).shown());
}

#[test]
fn methods_that_no_route_has_are_said() {
    let paths = "  /a: {get: {}, query: {}, trace: {}, additionalOperations: {COPY: {}, purge: {}}}\n  /b: {GET: {}, \
                 gett: {}}\n  /c: {parameters: [], x-note: {}}\n  /d:\n";
    let (routes, lines) = draft(&paths.replace("openapi: 3.1.0", "openapi: 3.2.0"));
    for (method, path) in [("QUERY", "/a"), ("TRACE", "/a"), ("COPY", "/a"), ("purge", "/a")] {
        assert!(
            lines.contains(&format!("- {method} {path} is left out: no route has that method\n")),
            "{lines}"
        );
        assert!(
            routes.contains(&format!("# left out: {method} {path}: no route has that method")),
            "{routes:?}"
        );
    }
    assert_eq!(routes.iter().filter(|line| *line == "[[routes]]").count(), 2, "{routes:?}");
    for line in
        ["`gett` of /b is left out: OpenAPI has no such method", "`/c` has no call", "`/d` has no call"]
    {
        assert!(lines.contains(line), "{lines}");
    }
}

#[test]
fn what_explains_an_error_goes_before_it() {
    let shown: Vec<_> = [
        "  '/v1/{name}:cancel': {post: {}}\n  '/v1/{+name}': {get: {}}\n",
        "  /open: {get: {security: []}}\n",
        "",
    ]
    .map(|paths| refused(&(with_paths(paths) + "webhooks: {x: {}}\n")).shown())
    .into();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn references_are_read_as_addresses() {
    let (routes, _) = draft(
        "  '/reports/$metadata': {get: {}}\n  /a: {$ref: '#/paths/~1reports~1%24metadata'}\n  '/ö~': {get: {}}\n  /b: \
         {$ref: '#/paths/~1%C3%B6~0'}\n  /c: {$ref: '#/components/pathItems/A%7EB', post: {}, get: \
         {}}\ncomponents: {pathItems: {A~B: {get: {security: []}, put: {}}}}\n",
    );
    let has = |method: &str, path: &str| {
        let lines = [format!("method = \"{method}\""), format!("path = \"{path}\"")];
        routes.windows(2).any(|pair| pair == lines)
    };
    for (method, path) in [("GET", "/a"), ("GET", "/b"), ("GET", "/c"), ("POST", "/c"), ("PUT", "/c")] {
        assert!(has(method, path), "{method} {path}: {routes:?}");
    }
}

#[test]
fn a_reference_that_leads_nowhere_takes_only_its_own_path_with_it() {
    let paths = "  /docs/{id}: {get: {}}\n  /docs/all: {$ref: './other.yaml#/x'}\n  /notes: {get: {$ref: '#/no/such'}, \
                 post: {}}\n";
    let (routes, lines) = draft(paths);
    assert!(
        lines.contains("- ANY /docs/all is left out: the document refers to `./other.yaml#/x`"),
        "{lines}"
    );
    assert!(lines.contains("- GET /notes is left out: the document refers to `#/no/such`"), "{lines}");
    // What /docs/all wants is not known, so the route that would let it through waits.
    assert!(lines.contains("- GET /docs/{id} is commented out: "), "{lines}");
    assert!(routes.contains(&"method = \"POST\"".to_owned()), "{routes:?}");
}

#[test]
fn what_stands_behind_a_path_and_is_not_looked_at_is_cut_off() {
    let (routes, lines) = draft(
        "  '/pets{?limit,offset}': {get: {}}\n  '/pets': {get: {}}\n  '/notes#list': {get: {}}\n  '/jobs?action=start': \
         {post: {}}\n  '/jobs?action=purge': {post: {}}\n",
    );
    let paths: Vec<_> = routes.iter().filter(|line| line.starts_with("path")).collect();
    assert_eq!(paths, ["path = \"/pets\"", "path = \"/jobs\"", "path = \"/notes\""], "{routes:?}");
    for line in [
        "# the document goes on with `#list`, which no client sends",
        "# left out: GET /pets{?limit,offset}: another route claims the same requests",
        "# left out: POST /jobs?action=start: another route claims the same requests",
    ] {
        assert!(routes.contains(&line.to_owned()), "{line}: {routes:?}");
    }
    assert!(lines.contains("- POST /jobs?action=start is left out: "), "{lines}");
    assert!(!lines.contains("commented out"), "{lines}");
}

#[test]
fn more_paths_of_a_well_known_tool_are_read() {
    let document = "swagger: '2.0'\ninfo: {title: Notes, version: 1}\nhost: a.example\nbasePath: /v1\npaths: {/a: {get: \
                    {}}}\nx-ms-paths: {'/a?op=copy': {put: {}}}\n";
    assert_eq!(routes_of(document).len(), 2);
}

#[test]
fn no_permanent_name_is_guessed_from_letters_that_it_cannot_have() {
    let titled =
        |title: &str| with_paths("  /a: {get: {}}\n").replace("title: Notes", &format!("title: '{title}'"));
    let shown: Vec<_> = ["Pet-Store für Tiere", "Ñandú ☃", "Магазин", "動物"]
        .map(|title| refused(&titled(title)).stderr)
        .into();
    insta::assert_snapshot!(shown.join(""));
    for (title, name) in [("Notes — “v2”™", "notes-v2"), ("Notes 🐾", "notes")] {
        let ran = import(&titled(title), &[]);
        assert!(ran.stdout.contains(&format!("name = \"{name}\"")), "{}", ran.shown());
        assert!(ran.stderr.contains("come from the title and stay for good: `--name`"), "{}", ran.stderr);
    }
    assert_eq!(import(&titled("動物"), &["--name", "zoo"]).code, 0);
    let (routes, _) = draft("  /größen: {get: {}}\n");
    assert!(routes.contains(&"scope = \"Notes.Groessen.Read\"".to_owned()), "{routes:?}");
    assert!(routes.iter().any(|line| line.contains("letters that no scope can have")), "{routes:?}");
}

#[test]
fn what_a_document_says_beside_its_calls_is_said() {
    let document = r##"
openapi: 3.1.0
info: {title: Notes, version: 1}
servers: [{url: "//notes.example/{v}", variables: {v: {default: v1, enum: [v1, v2]}}}]
security: [{o: [notes:read]}, {k: []}]
paths:
  /a: {get: {}, post: {security: [{}, {o: [notes:write]}], callbacks: {done: {}}}}
  /b: {servers: [{url: "https://upload.example/v1"}], put: {security: [{roles: [notes:admin]}]}}
components:
  securitySchemes: {o: {type: oauth2, flows: {}}, k: {type: apiKey}, roles: {type: http, scheme: bearer}}
webhooks: {changed: {post: {}}}
"##;
    insta::assert_snapshot!(import(document, &["--name", "notes"]).shown());
}

#[test]
fn yaml_as_people_write_it_is_read() {
    let head = "openapi: 3.0.0\ninfo: {title: Notes, version: 1.0}\n";
    for (name, paths) in [
        (
            "a list at the indentation of its key",
            "tags:\n- name: x\npaths:\n  /a:\n    get:\n      tags:\n      - x\n",
        ),
        (
            "a bracket that closes at the left",
            "paths:\n  /a:\n    get:\n      security: [\n      {k: []}\n    ]\n",
        ),
        ("a flow mapping over several lines", "paths: {\n/a: {\n  get: {}\n},\n}\n"),
        (
            "a quoted text that goes on at the left",
            "paths:\n  /a:\n    get:\n      summary: \"one\n  two\nthree\"\n",
        ),
        ("anchors and merges", "x-base: &base\n  get: {}\npaths:\n  /a:\n    <<: *base\n"),
        (
            "keys of numbers and moments",
            "paths:\n  /a:\n    get: {responses: {200: {description: 2026-11-30}}}\n",
        ),
        ("a mark at the start and the end", "paths:\n  /a:\n    get: {}\n...\n"),
        ("tabs behind a value", "paths:\t\n  /a:\t# x\n    get: {}\t\n"),
        ("uneven steps", "paths:\n /a:\n      get:\n         summary: x\n"),
        ("numbers that JSON lacks", "paths:\n  /a:\n    get: {x-limit: .inf, x-none: .nan}\n"),
        ("Windows line ends", "paths:\r\n  /a:\r\n    get: {}\r\n"),
        ("a key that stands twice", "paths:\n  /a:\n    get: {summary: x, summary: y}\n"),
        ("a plain text over several lines", "paths:\n  /a:\n    get:\n      description: one\n        two\n"),
    ] {
        let ran = import(&format!("{head}{paths}"), &["--json"]);
        assert!(ran.code == 0 && ran.stdout.contains("\"path\": \"/a\""), "{name}\n{}", ran.shown());
    }
}

#[test]
fn what_is_no_openapi_document_is_said_in_words_that_help() {
    for (text, why) in [
        ("<!doctype html>\n<html></html>", "this is a web page or XML, not an OpenAPI document"),
        ("openapi: 3.0.0\npaths:\n\t/a: {}\n", "line 3 is indented by a tab, and YAML wants spaces there"),
        ("{\"openapi\": \"3.0.0\",, }", "as JSON: "),
    ] {
        assert!(refused(text).stderr.contains(why), "{}", refused(text).stderr);
    }
    let home = Home::new();
    std::fs::write(home.path().join("x"), b"\xFF\xFF").unwrap();
    assert!(home.run(&["api", "import", "x"]).stderr.contains("is not UTF-8 text"));
    let twice =
        r#"{"openapi": "3.0.0", "info": {"title": "N"}, "paths": {"/a": {"get": {}}, "/a": {"post": {}}}}"#;
    let line = "- 1 key(s) stand twice in one object, and only the last one counts: `/a`".to_owned();
    assert!(said(twice).contains(&line), "{:?}", said(twice));
    let comments = "{\"openapi\": \"3.0.0\", // x\n\"paths\": {\"/a\": {\"get\": {},}}}";
    assert!(
        said(comments).iter().any(|line| line.contains("has comments or commas")),
        "{:?}",
        said(comments)
    );
}
