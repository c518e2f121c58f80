//! `api import`: from documents of other people to catalogues that a server takes, and gateways that judge by them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::authority::Authority;
use crate::support::{Home, Ran};

fn foreign(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents").join(name);
    fs::read_to_string(path).unwrap()
}

/// What is drafted from a document on standard input.
pub(crate) fn import(document: &str, more: &[&str]) -> Ran {
    Home::new().run_with(&[&["api", "import", "-"], more].concat(), &[], document)
}

/// An OpenAPI document with these paths.
pub(crate) fn with_paths(paths: &str) -> String {
    format!("openapi: 3.1.0\ninfo: {{title: Notes, version: 1}}\npaths:\n{paths}")
}

/// Lines of the draft that are no comments, and what was said.
pub(crate) fn draft(paths: &str) -> (Vec<String>, String) {
    let ran = import(&with_paths(paths), &[]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let routes = ran.stdout.split("- routes\n").nth(1).unwrap();
    (routes.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect(), ran.stderr)
}

#[test]
fn the_draft_of_a_small_document() {
    let home = Home::new();
    home.write("petstore.json", &foreign("petstore.json"));
    let ran = home.run(&["api", "import", "petstore.json", "--name", "petstore"]);
    insta::assert_snapshot!(ran.shown());
}

/// Imports, looks at the plan, applies, and asks as a gateway.
struct Onboarded {
    authority: Authority,
    admin: Home,
    name: &'static str,
    credential: String,
}

fn onboarded(name: &'static str, document: &str) -> Onboarded {
    let authority = Authority::start();
    let admin = authority.admin();
    admin.write("document", &foreign(document));
    let run = |line: &[&str]| {
        let ran = admin.run(line);
        assert_eq!(ran.code, 0, "{line:?}\n{}", ran.shown());
        ran.stdout
    };
    fs::create_dir(admin.path().join("apis")).unwrap();
    run(&["api", "import", "document", "--name", name, "-f", "apis/api.toml"]);
    let planned = run(&["api", "apply", "apis", "--dry-run"]);
    assert!(planned.starts_with(&format!("{name}: to create; routes: ")), "{planned}");
    let applied = run(&["api", "apply", "apis"]);
    assert_eq!(applied, planned.replace("to create", "created"));
    assert!(run(&["api", "apply", "apis"]).contains(": unchanged; "));
    let credential = run(&["api", "credential", name, "-o", "value"]).trim().to_owned();
    Onboarded { authority, admin, name, credential }
}

impl Onboarded {
    fn token(&self, scope: &str) -> String {
        let name = scope.replace('*', "all");
        let ran = self.admin.run(&["pat", "create", "--name", &name, "--scopes", scope, "-o", "value"]);
        assert_eq!(ran.code, 0, "{}", ran.shown());
        ran.stdout.trim().to_owned()
    }

    fn check(&self, token: &str, calls: &[(&str, &str, u16)]) {
        for (method, path, expected) in calls {
            let status = self.authority.forward_auth(self.name, &self.credential, token, method, path);
            assert_eq!(status, *expected, "{method} {path}");
        }
    }
}

#[test]
fn gateways_judge_by_the_draft_of_the_petstore() {
    let petstore = onboarded("petstore", "petstore.json");
    petstore.check(
        &petstore.token("Petstore.Pets.Write"),
        &[
            ("GET", "/v2/pet/findByTags?tags=a", 200),
            ("HEAD", "/v2/pet/findByStatus?status=sold", 200),
            ("GET", "/v2/pet/7", 403),
            ("POST", "/v2/pet", 200),
            ("DELETE", "/v2/pet/7", 200),
            ("GET", "/v2/store/inventory", 403),
            ("GET", "/pet/findByTags", 403),
            ("GET", "/v2/pet/7/more", 403),
        ],
    );
    petstore.check(
        &petstore.token("Petstore.Store.*"),
        &[
            ("GET", "/v2/store/inventory", 200),
            ("POST", "/v2/store/order", 200),
            ("DELETE", "/v2/store/order/7", 200),
            ("GET", "/v2/pet/7", 403),
        ],
    );
    petstore.check("garbage", &[("GET", "/v2/pet/7", 401)]);
}

#[test]
fn gateways_judge_by_the_draft_of_a_large_document() {
    let netlify = onboarded("netlify", "netlify.json");
    netlify.check(
        &netlify.token("Netlify.Sites.*"),
        &[
            ("GET", "/api/v1/sites", 200),
            ("PATCH", "/api/v1/sites/7", 200),
            ("GET", "/api/v1/sites/7/database/branches", 200),
            ("DELETE", "/api/v1/sites/7/database/snapshot/8", 200),
            ("POST", "/api/v1/acme/sites", 200),
            ("GET", "/api/v1/dns_zones/7", 403),
            ("GET", "/api/v1/nothing", 403),
        ],
    );
    netlify.check(
        &netlify.token("Netlify.DnsZones.DnsRecords.Read"),
        &[
            ("GET", "/api/v1/dns_zones/7/dns_records", 200),
            ("GET", "/api/v1/dns_zones/7/dns_records/8", 200),
            ("POST", "/api/v1/dns_zones/7/dns_records", 403),
            ("GET", "/api/v1/dns_zones/7", 403),
        ],
    );
}

#[test]
fn every_call_of_a_document_is_in_the_draft_once() {
    for name in ["petstore.json", "netlify.json"] {
        let document: Value = serde_json::from_str(&foreign(name)).unwrap();
        let methods = ["get", "head", "post", "put", "patch", "delete", "options"];
        let items = document["paths"].as_object().unwrap().values();
        let calls = items.flat_map(|item| methods.iter().filter(|method| item.get(method).is_some()));
        let ran = import(&foreign(name), &["--json"]);
        let drafted: Value = serde_json::from_str(&ran.stdout).unwrap();
        let left_out = ran.stderr.matches(" is left out: ").count();
        let commented = ran.stderr.matches(" is commented out: ").count();
        let open = import(&foreign(name), &[]).stdout.matches("# anybody may, says the document").count();
        assert_eq!(
            drafted["routes"].as_array().unwrap().len() + left_out + commented + open,
            calls.count(),
            "{name}"
        );
    }
}

#[test]
fn yaml_and_json_are_the_same_draft() {
    let json: Value = serde_json::from_str(&foreign("petstore.json")).unwrap();
    let yaml = block_yaml(&json);
    assert!(
        yaml.starts_with("openapi:") || yaml.contains("\nopenapi:"),
        "{}",
        yaml.lines().next().unwrap_or_default()
    );
    assert_eq!(import(&yaml, &[]).shown(), import(&foreign("petstore.json"), &[]).shown());
}

/// The value as block YAML; scalars are JSON, which YAML has as well.
fn block_yaml(value: &Value) -> String {
    fn write(text: &mut String, depth: usize, value: &Value) {
        let indent = "  ".repeat(depth);
        match value {
            Value::Object(members) if !members.is_empty() => {
                for (name, member) in members {
                    let name = if name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                        name.clone()
                    } else {
                        Value::from(name.as_str()).to_string()
                    };
                    write!(text, "\n{indent}{name}:").unwrap();
                    write(text, depth + 1, member);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                for item in items {
                    write!(text, "\n{indent}-").unwrap();
                    write(text, depth + 1, item);
                }
            }
            scalar => write!(text, " {scalar}").unwrap(),
        }
    }
    let mut text = String::new();
    write(&mut text, 0, value);
    text.trim_start().to_owned()
}

#[test]
fn what_no_route_can_say_is_left_out_aloud() {
    let (routes, said) = draft(
        "  /files/{name}.json: {get: {}}\n  /a/{x}: {get: {}, put: {}}\n  /a/{y}: {get: {}}\n  /b%2f/c: {get: {}}\n  /t: \
         {trace: {}, get: {}}\n",
    );
    for line in [
        "- GET /files/{name}.json is left out: only a part of a segment varies",
        "- GET /a/{y} is left out: another route claims the same requests",
        "- TRACE /t is left out: no route has that method",
    ] {
        assert!(said.contains(line), "{said}");
    }
    assert!(said.contains("- GET /b%2f/c is left out: "), "{said}");
    assert!(said.starts_with("a draft of `notes`: 3 scopes, 3 routes\n"), "{said}");
    assert!(routes.contains(&"# left out: GET /a/{y}: another route claims the same requests".to_owned()));
}

#[test]
fn what_anybody_may_do_is_no_route() {
    let (routes, said) = draft("  /open: {get: {security: []}}\n  /closed: {get: {security: [{a: []}]}}\n");
    assert!(said.contains("1 call(s) need no token, says the document, and have no route: "), "{said}");
    let expected = [
        "[[routes]]",
        "method = \"GET\"",
        "path = \"/closed\"",
        "scope = \"Notes.Closed.Read\"",
        "# anybody may, says the document",
        "# [[routes]]",
        "# method = \"GET\"",
        "# path = \"/open\"",
        "# scope = \"Notes.Open.Read\"",
    ];
    assert_eq!(routes, expected);
}

#[test]
fn path_items_are_found_within_the_document_and_nowhere_else() {
    let (routes, _) = draft(
        "  /a: {$ref: '#/components/pathItems/A'}\n  /c: {$ref: '#/paths/~1a'}\ncomponents: {pathItems: {A: {get: {}}}}\n",
    );
    assert_eq!(routes.iter().filter(|line| *line == "[[routes]]").count(), 2);
    for (reference, why) in [
        ("other.yaml#/paths/~1a", "which is another file, and nothing is fetched"),
        ("https://a.example/x", "which is another file, and nothing is fetched"),
        ("#/nothing/here", "which it does not have"),
        ("#/paths/~1a", "the document refers in circles"),
    ] {
        let ran = import(&with_paths(&format!("  /a: {{$ref: '{reference}'}}\n")), &[]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.shown());
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
    }
}

#[test]
fn attack_23_yaml_that_unfolds_to_more_than_it_is_gets_refused() {
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..12 {
        let last = format!("*a{}", level - 1);
        writeln!(bomb, "a{level}: &a{level} [{}]", [last.as_str(); 10].join(",")).unwrap();
    }
    let deep = format!("paths: {}{}", "[".repeat(100_000), "]".repeat(100_000));
    for text in [bomb, deep.clone(), format!("{{\"paths\": {}", deep.trim_start_matches("paths: "))] {
        let ran = import(&format!("openapi: 3.0.0\n{text}"), &[]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    }
}

#[test]
fn attack_26_what_a_document_says_stays_text() {
    let odd = r#"{"openapi": "3.0.0", "info": {"title": "a\u001b]0;x\u0007\nname = \"evil\"", "version": "1\n[[routes]]"},
        "paths": {"/a\nb": {"get": {"summary": "x\"\n[[scopes]]\nname = \"Evil.All\""}},
                  "/c": {"get": {"summary": "\"\"\"\u001b[2J"}}}}"#;
    let ran = import(odd, &["--name", "odd"]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert!(!ran.shown().contains(['\u{1b}', '\u{7}']), "{:?}", ran.shown());
    assert_eq!(ran.stdout.lines().filter(|line| line.starts_with("[[")).count(), 2, "{}", ran.stdout);
    let drafted: Value = serde_json::from_str(&import(odd, &["--name", "odd", "--json"]).stdout).unwrap();
    assert_eq!(drafted["scopes"][0]["name"], "Odd.C.Read");
}

/// A document with an OAuth scheme and these paths, each `GET` with what it wants.
fn wanting(calls: &[(&str, &str)]) -> String {
    let paths =
        calls.iter().map(|(path, wanted)| format!("  '{path}': {{get: {{security: [{{o: {wanted}}}]}}}}\n"));
    let paths = paths.collect::<String>();
    with_paths(&paths) + "components: {securitySchemes: {o: {type: oauth2, flows: {}}}}\n"
}

/// Paths with the scopes of the routes that are drafted.
pub(crate) fn routes_of(document: &str) -> Vec<(String, String)> {
    let drafted: Value = serde_json::from_str(&import(document, &["--json"]).stdout).unwrap();
    let text = |route: &Value, name: &str| route[name].as_str().unwrap().to_owned();
    let routes = drafted["routes"].as_array().unwrap().iter();
    routes.map(|route| (text(route, "path"), text(route, "scope"))).collect()
}

#[test]
fn no_route_lets_through_a_call_that_was_left_out() {
    let mut many: Vec<_> = (0..1024).map(|at| (format!("/x/{{a}}/{at}"), "['docs:read']")).collect();
    many.push(("/x/y/{b}".to_owned(), "['docs:admin']"));
    let many: Vec<_> = many.iter().map(|(path, wanted)| (path.as_str(), *wanted)).collect();
    for (calls, left, call) in [
        (
            &[("/docs/{id}", "['docs:read']"), ("/docs/{id}:export", "['docs:admin']")][..],
            0,
            "/docs/{id}:export",
        ),
        (&[("/a/{x}", "['docs:read']"), ("/a/{y}", "['docs:admin']"), ("/b", "['b:read']")], 1, "/a/{y}"),
        (&[("/a/{x}", "['docs:read']"), ("/a/{y}.json", "['docs:read']")], 1, ""),
        (
            &[("/a/{x}", "['docs:read']"), ("/{y}/{z}", "['all:read']"), ("/a/{x}:z", "['docs:admin']")],
            0,
            "/a/{x}:z",
        ),
        (&many, 0, "/x/y/{b}"),
    ] {
        let document = wanting(calls);
        assert_eq!(routes_of(&document).len(), left, "{document}");
        let ran = import(&document, &[]);
        let why = format!(
            "commented out: it would also let through what has no route and needs another scope: `GET {call}` \
             (`Notes.Docs.Admin`)"
        );
        assert_eq!(ran.stdout.contains(&format!("# {why}")), !call.is_empty(), "{}", ran.stdout);
        assert_eq!(ran.stderr.contains(&format!(" is {why}")), !call.is_empty(), "{}", ran.stderr);
    }
}

#[test]
fn of_several_scopes_the_stronger_one_counts() {
    for (wanted, scope) in [
        ("['read:users', 'admin:all']", "Notes.All.Admin"),
        ("['write:users', 'read:users']", "Notes.Users.Write"),
        ("['write:users', 'admin:all']", "Notes.All.Admin"),
        ("['read:users', 'read:teams']", "Notes.Users.Read"),
    ] {
        let document = wanting(&[("/a", wanted)]);
        assert_eq!(routes_of(&document), [("/a".to_owned(), scope.to_owned())]);
        let said = import(&document, &[]).stderr;
        assert!(said.contains("- 1 call(s) want several scopes at once"), "{said}");
    }
}

#[test]
fn two_scopes_that_become_one_are_said() {
    let said = |one: &str, other: &str| import(&wanting(&[("/a", one), ("/b", other)]), &[]).stderr;
    let text = said("['https://x/read']", "['https://y/read']");
    assert!(
        text.contains("- Notes.Read stands for several scopes: https://x/read, https://y/read\n"),
        "{text}"
    );
    assert!(!said("['https://x/users/read']", "['https://x/payments/read']").contains("stands for several"));
}

#[test]
fn attack_23_documents_that_are_too_large_for_people_are_refused() {
    let long = "x".repeat(3000);
    let operations = (0..4097).map(|at| format!("  /a{at}: {{get: {{}}}}\n"));
    let operations = operations.collect::<String>();
    let scopes = (0..65).map(|at| format!("s{at}")).collect::<Vec<_>>().join(",");
    let server = format!("servers: [{{url: 'https://a/{long}'}}]\n");
    for (document, why) in [
        (with_paths(&operations), "the document has more than 4096 operations"),
        (with_paths(&format!("  ? /{long}\n  : {{get: {{}}}}\n")), "a path of more than 2048 bytes"),
        (with_paths("  /a: {get: {}}\n") + &server, "a server address of more than 2048 bytes"),
        (with_paths(&format!("  /a: {{$ref: '#/{long}'}}\n")), "a reference of more than 2048 bytes"),
        (wanting(&[("/a", &format!("[{scopes}]"))]), "more than 64 scopes"),
    ] {
        let ran = import(&document, &[]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{why}");
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
    }
}

#[test]
fn attack_23_texts_are_cut_wherever_they_come_from() {
    let long = "y".repeat(100_000);
    let paths = (0..50).map(|at| format!("  /p/{at}: {{get: {{$ref: '#/components/x-call'}}}}\n"));
    let paths = paths.collect::<String>();
    let ran = import(&(with_paths(&paths) + &format!("components: {{x-call: {{summary: {long}}}}}\n")), &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.len() < 30_000, "{}", ran.stdout.len());
    assert!(ran.stdout.contains(&format!("\"{}\"", "y".repeat(200))), "{}", ran.stdout);
}

#[test]
fn what_is_no_document_is_said_to_be_none() {
    for (text, why) in [
        ("", "the document is not an object of keys"),
        ("[1]", "the document is not an object of keys"),
        ("{", "the document is neither JSON nor YAML"),
        ("a: b", "the document is neither OpenAPI 3"),
        ("swagger: '1.2'", "the document is neither OpenAPI 3"),
        ("openapi: 3.0.0\npaths: {}", "the document has no operation"),
        (
            "openapi: 3.0.0\npaths: {/a: {get: {}}}",
            "the document has no title to make a name of: add `--name`",
        ),
        ("openapi: 3.0.0\ninfo: {title: Jeton}\npaths: {/a: {get: {}}}", "`Jeton` is Jeton's own namespace"),
    ] {
        let ran = import(text, &[]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{text}\n{}", ran.shown());
        assert!(ran.stderr.contains(why), "{text}\n{}", ran.stderr);
    }
    for (option, value) in [("--namespace", "a.b"), ("--namespace", "jeton"), ("--name", "Größe")] {
        let ran = import(&with_paths("  /a: {get: {}}\n"), &[option, value]);
        assert_eq!(ran.code, 2, "{}", ran.shown());
    }
    assert_eq!(Home::new().run(&["api", "import", "nowhere.yaml"]).code, 1);
}

#[test]
fn a_file_is_replaced_only_when_told() {
    let home = Home::new();
    home.write("notes.yaml", &with_paths("  /a: {get: {}}\n"));
    let import =
        |more: &[&str]| home.run(&[&["api", "import", "notes.yaml", "-f", "notes.toml"], more].concat());
    let ran = import(&["--audience", "https://notes.example", "--organization", "acme", "--namespace", "N"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.shown());
    let text = || fs::read_to_string(home.path().join("notes.toml")).unwrap();
    let first = text();
    for line in ["audience = \"https://notes.example\"", "organization = \"acme\"", "name = \"N.A.Read\""] {
        assert!(first.lines().any(|found| found == line), "{first}");
    }
    let again = import(&[]);
    assert_eq!((again.code, text()), (2, first.clone()), "{}", again.shown());
    assert!(again.stderr.contains("`--force` replaces it"), "{}", again.stderr);
    assert_eq!(import(&["--force"]).code, 0);
    assert_ne!(text(), first);
}

#[test]
fn a_document_that_is_too_large_for_a_catalogue_gets_coarser_scopes() {
    let many = |paths: &mut dyn Iterator<Item = String>| {
        let all = paths.map(|path| format!("  {path}: {{get: {{}}}}\n")).collect::<Vec<_>>().concat();
        import(&with_paths(&all), &[])
    };
    let ran = many(&mut (0..700).map(|number| format!("/a{}/b{number}", number % 7)));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.starts_with("a draft of `notes`: 7 scopes, 700 routes\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("- scopes name 1 part(s) of a path, because there would be too many"));
    let ran = many(&mut (0..700).map(|number| format!("/a{number}")));
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("the document does not fit into one catalogue: "), "{}", ran.stderr);
    let ran = many(&mut (0..1030).map(|number| format!("/a/b{number}/{{x}}")));
    assert!(ran.stderr.contains("an API has at most 1024 routes"), "{}", ran.shown());
    assert!(ran.stderr.contains(", 1024 routes\n"), "{}", ran.shown());
}
