//! What a request needs: by table, and against another way to look it up that is too simple to be wrong.

use jeton_token::{NeedError, Route, RouteTable};
use proptest::prelude::*;
use proptest::sample::select;

/// A route whose scope tells it from the others of its table.
fn route(number: usize, method: &str, path: &str, resource: Option<&str>) -> Route {
    let scope = format!("Tasks.r{number}").parse().unwrap();
    Route { method: method.to_owned(), path: path.to_owned(), scope, resource: resource.map(str::to_owned) }
}

const ROUTES: [(&str, &str, Option<&str>); 8] = [
    ("GET", "/tasks", None),
    ("GET", "/tasks/{id}", None),
    ("GET", "/tasks/logs", None),
    ("HEAD", "/tasks/{id}", None),
    ("POST", "/tasks", None),
    ("OPTIONS", "/tasks", None),
    ("GET", "/{org}/{project}/tasks", Some("{org}/{project}")),
    ("PUT", "/settings", Some("acme/web")),
];

fn table() -> RouteTable {
    let routes = ROUTES.into_iter().enumerate();
    RouteTable::new(routes.map(|(number, (method, path, resource))| route(number, method, path, resource)))
        .unwrap()
}

#[test]
fn a_request_needs_what_its_route_says() {
    let table = table();
    for (method, path, number, resource) in [
        ("GET", "/tasks", 0, None),
        ("HEAD", "/tasks", 0, None),
        ("GET", "/tasks/7", 1, None),
        ("GET", "/tasks/%37", 1, None),
        ("GET", "/tasks/a%20b", 1, None),
        ("GET", "/tasks/logs", 2, None),
        ("HEAD", "/tasks/logs", 3, None),
        ("HEAD", "/tasks/7", 3, None),
        ("POST", "/tasks", 4, None),
        ("OPTIONS", "/tasks", 5, None),
        ("GET", "/acme/web/tasks", 6, Some("acme/web")),
        ("GET", "/%61cme/web/tasks", 6, Some("acme/web")),
        ("HEAD", "/Acme/Web/tasks", 6, Some("Acme/Web")),
        ("PUT", "/settings", 7, Some("acme/web")),
    ] {
        let need = table.need(method, path).unwrap();
        assert_eq!(need.scope.to_string(), format!("Tasks.r{number}"), "{method} {path}");
        assert_eq!(need.resource.as_deref(), resource, "{method} {path}");
    }
}

#[test]
fn what_no_route_names_is_allowed_to_nobody() {
    let table = table();
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/settings"),
        ("HEAD", "/settings"),
        ("OPTIONS", "/tasks/7"),
        ("DELETE", "/tasks"),
        ("TRACE", "/tasks"),
        ("get", "/tasks"),
        ("GET,GET", "/tasks"),
        ("GET, POST", "/tasks"),
        ("", "/tasks"),
        ("GET", "/tasks/"),
        ("GET", "/tasks/7/"),
        ("GET", "/Tasks/7/x"),
        ("POST", "/tasks/7"),
    ] {
        assert_eq!(table.need(method, path), Err(NeedError::NoRoute), "{method} {path}");
    }
}

#[test]
fn attack_21_what_two_servers_read_in_two_ways_is_not_judged() {
    let table = table();
    for path in [
        "",
        "*",
        "tasks",
        "http://host/tasks",
        "//tasks",
        "/tasks//7",
        "/tasks/.",
        "/tasks/..",
        "/tasks/../settings",
        "/tasks/%2e%2e/settings",
        "/tasks/%2E%2E",
        "/tasks/.%2e/settings",
        "/tasks/7%2f8",
        "/tasks%2F7",
        "/tasks/7%5c8",
        "/tasks\\7",
        "/tasks;a=b",
        "/tasks/;/7",
        "/tasks/..;/settings",
        "/tasks/7%3bx",
        "/tasks#x",
        "/tasks%23x",
        "/tasks?x",
        "/tasks%3fx",
        "/tasks/%252e%252e/settings",
        "/tasks/%25",
        "/tasks/%",
        "/tasks/%2",
        "/tasks/%zz",
        "/tasks/%00",
        "/tasks/7%0a",
        "/tasks/\u{7f}",
        "/tasks/%ff",
        "/tasks/%c0%af",
        "/tasks/{id}",
        "/tasks/%7bid%7d",
        // A router that does not decode reads these as the task `logs`, and as no path of ours.
        "/tasks/%6cogs",
        "/%74asks",
        "/%74asks/7",
    ] {
        assert_eq!(table.need("GET", path), Err(NeedError::Ambiguous), "{path:?}");
    }
}

/// The reference: among the routes that fit segment by segment, the one that is literal where the first difference is.
fn looked_up<'a>(routes: &'a [Route], method: &str, path: &str) -> Option<&'a Route> {
    let is_name = |segment: &str| segment.starts_with('{');
    let fits = |route: &&Route| {
        let (wanted, given): (Vec<_>, Vec<_>) = (route.path.split('/').collect(), path.split('/').collect());
        let pairs = || wanted.iter().zip(&given);
        route.method == method
            && wanted.len() == given.len()
            && pairs().all(|(wanted, given)| wanted == given || (is_name(wanted) && !given.is_empty()))
    };
    let names = |route: &&Route| route.path.split('/').map(is_name).collect::<Vec<_>>();
    routes.iter().filter(fits).min_by_key(names)
}

fn filled(route: &Route, path: &str) -> Option<String> {
    let values: Vec<_> = route.path.split('/').zip(path.split('/')).collect();
    let value = |segment: &str| {
        values
            .iter()
            .find(|(name, _)| *name == segment)
            .map_or(segment.to_owned(), |(_, value)| (*value).to_owned())
    };
    let of = |resource: &String| resource.split('/').map(value).collect::<Vec<_>>().join("/");
    route.resource.as_ref().map(of)
}

/// A path template of few segments out of few, so that many overlap; each name is that of its depth.
fn template() -> impl Strategy<Value = String> {
    let segment = select(vec!["a", "b", "ab", "{}"]);
    let segments = prop::collection::vec(segment, 0..4);
    let name = |(depth, segment): (usize, &str)| match segment {
        "{}" => format!("/{{n{depth}}}"),
        literal => format!("/{literal}"),
    };
    (segments, any::<bool>()).prop_map(move |(segments, slash)| {
        let path: String = segments.into_iter().enumerate().map(name).collect();
        if slash || path.is_empty() { format!("{path}/") } else { path }
    })
}

fn any_route() -> impl Strategy<Value = (&'static str, String, Option<&'static str>)> {
    let resource = select(vec![None, Some("a/b"), Some("{n0}/{n1}"), Some("{n1}/b")]);
    (select(vec!["GET", "HEAD", "POST"]), template(), resource)
}

/// As many of these as make a table.
fn as_table(drawn: Vec<(&'static str, String, Option<&'static str>)>) -> (Vec<Route>, RouteTable) {
    let mut routes: Vec<Route> = vec![];
    for (number, (method, path, resource)) in drawn.into_iter().enumerate() {
        let more: Vec<_> = routes.iter().cloned().chain([route(number, method, &path, resource)]).collect();
        if RouteTable::new(more.clone()).is_ok() {
            routes = more;
        }
    }
    (routes.clone(), RouteTable::new(routes).unwrap())
}

proptest! {
    #[test]
    fn a_table_finds_what_a_look_at_each_route_finds(
        drawn in prop::collection::vec(any_route(), 0..12),
        method in select(vec!["GET", "HEAD", "POST", "PUT"]),
        segments in prop::collection::vec(select(vec!["a", "b", "ab", "c"]), 0..5),
        slash in any::<bool>(),
    ) {
        let (routes, table) = as_table(drawn);
        let path = format!("/{}{}", segments.join("/"), if slash && !segments.is_empty() { "/" } else { "" });
        let by_get = || looked_up(&routes, "GET", &path).filter(|_| method == "HEAD");
        let expected = looked_up(&routes, method, &path).or_else(by_get);
        let found = table.need(method, &path);
        prop_assert_eq!(found.as_ref().ok().map(|need| need.scope), expected.map(|route| &route.scope));
        prop_assert_eq!(found.ok().and_then(|need| need.resource), expected.and_then(|route| filled(route, &path)));
    }

    #[test]
    fn no_spelling_of_a_path_needs_less_than_the_plain_one(path in "/[a-c%/.;2eEf0]{0,12}") {
        let table = table();
        // Whatever is judged is judged as the path that a server gets that decodes.
        if let (Ok(need), Ok(plain)) = (table.need("GET", &path), jeton_token::canonical_path(&path)) {
            prop_assert_eq!(Ok(need), table.need("GET", &plain));
        }
    }
}
