//! Route tables: what they refuse, and what a request needs.

use jeton_token::{Route, RouteError, RouteTable};
use proptest::prelude::*;

fn route(method: &str, path: &str, resource: Option<&str>) -> Route {
    Route {
        method: method.to_owned(),
        path: path.to_owned(),
        scope: format!("Tasks.{}", method.to_ascii_lowercase()).parse().unwrap(),
        resource: resource.map(str::to_owned),
    }
}

fn table(routes: &[(&str, &str)]) -> Result<RouteTable, RouteError> {
    RouteTable::new(routes.iter().map(|(method, path)| route(method, path, None)))
}

fn with_resource(path: &str, resource: &str) -> Result<RouteTable, RouteError> {
    RouteTable::new([route("GET", path, Some(resource))])
}

fn resource(table: &RouteTable, path: &str) -> Option<String> {
    table.find("GET", path).unwrap().unwrap().resource
}

#[test]
fn only_the_seven_methods_make_a_route() {
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        assert!(table(&[(method, "/tasks")]).is_ok(), "{method}");
    }
    for method in ["get", "Get", "TRACE", "CONNECT", "ANY", "*", "GET ", "GET,POST"] {
        let refused = RouteTable::new([Route { method: method.to_owned(), ..route("GET", "/tasks", None) }]);
        assert_eq!(refused.unwrap_err(), RouteError::Method(method.to_owned()));
    }
}

#[test]
fn a_template_is_made_of_canonical_segments_and_names() {
    for path in [
        "/",
        "/tasks",
        "/tasks/",
        "/tasks/{id}",
        "/tasks/{id}/logs",
        "/{a}/{b_2}/",
        "/_apis/{projectId}",
        "/ä b",
    ] {
        assert!(table(&[("GET", path)]).is_ok(), "{path}");
    }
}

fn check_no_template(paths: &[&str]) {
    for path in paths {
        assert_eq!(table(&[("GET", path)]).unwrap_err(), RouteError::Template((*path).to_owned()));
    }
}

#[test]
fn a_template_that_no_request_could_match_is_refused() {
    check_no_template(&[
        "", "tasks", "*", "//", "/a//b", "/a/../b", "/a/./b", "/a;b", "/a?b", "/a#b", "/a\\b", "/a\nb",
    ]);
    // A request is decoded before it is matched.
    check_no_template(&["/a%20b", "/%61", "/a%2fb", "/a%"]);
}

#[test]
fn a_name_is_a_whole_segment_of_letters_digits_and_underscores() {
    check_no_template(&[
        "/{}", "/{", "/}", "/{id", "/id}", "/{{id}}", "/{id}}", "/{{id}", "/{a}{b}", "/{{}}",
    ]);
    check_no_template(&["/{id}.json", "/v{n}", "/a{id}b", "/{a/b}", "/{1}", "/{ä}"]);
}

#[test]
fn a_path_that_is_written_for_another_router_is_refused_with_what_to_write() {
    let table_of = |path: &str| table(&[("GET", path)]);
    for (path, instead) in [
        ("/a/*", "/a/{name}"),
        ("/a/**", "/a/{name}"),
        ("/a/*/b/*", "/a/{name}/b/{name2}"),
        ("/{name}/*", "/{name}/{name2}"),
        ("/a/*.json", "/a/{json}"),
        ("/a/:id", "/a/{id}"),
        ("/a/:id?", "/a/{id}"),
        (r"/a/:id(\d+)", r"/a/{id}"),
        ("/:org/:id", "/{org}/{id}"),
        ("/a/<id>", "/a/{id}"),
        ("/a/<int:task_id>/b", "/a/{task_id}/b"),
        ("/a/<path:rest>", "/a/{rest}"),
        ("/a/[id]", "/a/{id}"),
        ("/a/[...rest]", "/a/{rest}"),
        ("/a/{id:int}", "/a/{id}"),
        ("/a/{id:[0-9]+}", "/a/{id}"),
        ("/a/{id?}", "/a/{id}"),
        ("/a/{proxy+}", "/a/{proxy}"),
        ("/a/{*rest}", "/a/{rest}"),
        ("/{a-b}", "/{a}"),
        ("/a/.*", "/a/{name}"),
        ("/a/(.+)", "/a/{name}"),
        ("/a/[0-9]+", "/a/{name}"),
    ] {
        let refused = table_of(path).unwrap_err();
        assert!(matches!(&refused, RouteError::LookAlike(told, _) if told == path), "{path}: {refused:?}");
        let told = refused.to_string();
        assert!(told.contains(&format!("write `{instead}`")), "{path}: {told}");
        table_of(instead).unwrap();
    }
    let several = table_of("/a/**").unwrap_err().to_string();
    assert!(several.contains("one more route for each number of segments"), "{several}");
}

#[test]
fn unusual_paths_of_real_apis_stand_for_themselves() {
    for path in [
        "/$metadata",
        "/a/$count",
        "/tasks(1)",
        "/tasks:cancel",
        "/a/:",
        "/a/-1:2",
        "/.well-known/x",
        "/@me",
        "/~a",
        "/a+b",
        "/a(b='c')",
        "/$",
        "/a/{id}",
        "/a,b",
        "/a=b&c",
        "/x!",
    ] {
        assert!(table(&[("GET", path)]).is_ok(), "{path}");
    }
}

#[test]
fn a_resource_that_is_written_for_another_router_is_refused() {
    for resource in ["*/{p}", "{o}/**", ":o/:p", "<o>/{p}"] {
        let refused = with_resource("/{o}/{p}", resource).unwrap_err();
        assert_eq!(refused, RouteError::Resource(resource.to_owned()));
    }
}

#[test]
fn routes_that_were_declared_before_go_on_as_they_were() {
    let before = RouteTable::of_declared([route("GET", "/a/*", None), route("GET", "/b/:id", None)]).unwrap();
    assert!(before.find("GET", "/a/*").unwrap().is_some());
    assert!(before.find("GET", "/a/b").unwrap().is_none());
    assert!(before.find("GET", "/b/:id").unwrap().is_some());
}

#[test]
fn a_name_occurs_once() {
    check_no_template(&["/{id}/{id}", "/{o}/projects/{o}"]);
}

#[test]
fn two_routes_for_the_same_requests_collide() {
    for (first, second) in [
        ("/tasks", "/tasks"),
        ("/tasks/{id}", "/tasks/{id}"),
        ("/tasks/{id}", "/tasks/{name}"),
        ("/{a}/x/{b}", "/{c}/x/{d}"),
    ] {
        let collision = table(&[("GET", first), ("GET", second)]).unwrap_err();
        assert_eq!(collision, RouteError::Collision(second.to_owned()));
        assert!(table(&[("GET", first), ("POST", second)]).is_ok(), "{first} and {second}");
    }
    assert!(table(&[("GET", "/tasks/{id}"), ("GET", "/tasks/{name}/logs"), ("GET", "/tasks/logs")]).is_ok());
}

#[test]
fn a_resource_is_two_segments_of_the_path_or_literal() {
    for resource in ["{o}/{p}", "acme/{p}", "{o}/web", "acme/web", "{p}/{o}", "{o}/{o}", "a.b/c-d_e", "{o}/*"]
    {
        assert!(with_resource("/{o}/{p}", resource).is_ok(), "{resource}");
    }
}

#[test]
fn what_is_no_resource_is_refused() {
    for resource in [
        "",
        "/",
        "{o}",
        "acme",
        "/{o}",
        "{o}/",
        "{o}//{p}",
        "{o}/{p}/",
        "/{o}/{p}",
        "{o}/{p}/{q}",
        "a/b/c",
        "{o}/{x}",
        "{O}/{p}",
        "{ o}/{p}",
        "{}/{p}",
        "{*o}/{p}",
        "{{o}}/{p}",
        "x{o}/{p}",
        "{o}x/{p}",
        "{o}{p}/x",
        "{o/p}",
        "{o/{p}",
        "o}/{p}",
        "../{p}",
        "./{p}",
        "a%2fb/{p}",
        "a?/{p}",
        "a\n/{p}",
        "a;b/{p}",
    ] {
        let refused = with_resource("/{o}/{p}", resource).unwrap_err();
        assert_eq!(refused, RouteError::Resource(resource.to_owned()));
    }
}

#[test]
fn a_name_of_the_resource_must_be_a_whole_name_of_the_path() {
    let refused = with_resource("/a/{o}/{pp}", "{o}/{p}").unwrap_err();
    assert_eq!(refused, RouteError::Resource("{o}/{p}".to_owned()));
}

#[test]
fn the_resource_is_filled_in_from_the_path() {
    let table = with_resource("/organizations/{o}/projects/{p}/tasks/{id}", "{o}/{p}").unwrap();
    let filled = |path| resource(&table, path);
    assert_eq!(filled("/organizations/acme/projects/web/tasks/7").as_deref(), Some("acme/web"));
    assert_eq!(filled("/organizations/%61cme/projects/we%62/tasks/7").as_deref(), Some("acme/web"));
    assert_eq!(filled("/organizations/p/projects/o/tasks/id").as_deref(), Some("p/o"));
    assert_eq!(filled("/organizations/a b/projects/ä/tasks/7").as_deref(), Some("a b/ä"));
}

#[test]
fn a_literal_resource_is_handed_on() {
    let table = with_resource("/tasks/{o}", "acme/{o}").unwrap();
    assert_eq!(resource(&table, "/tasks/web").as_deref(), Some("acme/web"));
    let table = with_resource("/tasks", "acme/web").unwrap();
    assert_eq!(resource(&table, "/tasks").as_deref(), Some("acme/web"));
}

#[test]
fn a_value_that_looks_like_a_name_is_never_substituted_again() {
    let table = with_resource("/{o}/{p}", "{o}/{p}").unwrap();
    for path in ["/{p}/secret", "/%7Bp%7D/secret", "/{o}/{p}", "/a/{o}"] {
        assert_eq!(table.find("GET", path), Err(RouteError::Ambiguous), "{path}");
    }
}

#[test]
fn a_request_without_a_route_is_known_to_have_none() {
    let table = table(&[("GET", "/tasks"), ("GET", "/tasks/{id}"), ("POST", "/")]).unwrap();
    for (method, path) in [
        ("HEAD", "/tasks"),
        ("OPTIONS", "/tasks"),
        ("POST", "/tasks"),
        ("get", "/tasks"),
        ("", "/tasks"),
        ("GET", "/"),
        ("GET", "/Tasks"),
        ("GET", "/tasks/"),
        ("GET", "/tasks/7/"),
        ("GET", "/tasks/7/logs"),
        ("GET", "/tasksx"),
        ("GET", "/task"),
    ] {
        assert_eq!(table.find(method, path), Ok(None), "{method} {path}");
    }
}

#[test]
fn an_ambiguous_path_is_refused_even_where_no_route_is() {
    let table = RouteTable::default();
    for path in ["/tasks/../admin", "//", "tasks", "/a%2fb"] {
        assert_eq!(table.find("GET", path), Err(RouteError::Ambiguous), "{path}");
    }
}

#[test]
fn a_literal_segment_goes_before_a_name() {
    let routes =
        [("GET", "/tasks/{id}"), ("GET", "/tasks/logs"), ("GET", "/tasks/logs/x"), ("GET", "/tasks/{id}/y")];
    let of = |(method, path): (&str, &str)| Route {
        scope: format!("Paths.{}", path.replace(['/', '{', '}'], "_")).parse().unwrap(),
        ..route(method, path, None)
    };
    let table = RouteTable::new(routes.map(of)).unwrap();
    let scope = |path| table.find("GET", path).unwrap().map(|found| found.scope.to_string());
    assert_eq!(scope("/tasks/7").as_deref(), Some("Paths._tasks__id_"));
    assert_eq!(scope("/tasks/logs").as_deref(), Some("Paths._tasks_logs"));
    assert_eq!(scope("/tasks/%6cogs").as_deref(), Some("Paths._tasks_logs"));
    assert_eq!(scope("/tasks/logs/x").as_deref(), Some("Paths._tasks_logs_x"));
    assert_eq!(scope("/tasks/logs/y").as_deref(), Some("Paths._tasks__id__y"));
}

proptest! {
    #[test]
    fn no_table_and_no_request_panics(path in "/[a{}*/%.]{0,8}", resource in "[ab{}/]{0,8}", request in any::<String>()) {
        if let Ok(table) = with_resource(&path, &resource) {
            let _ = table.find("GET", &request);
            let _ = table.find("GET", &path);
        }
    }

    #[test]
    fn a_filled_resource_is_always_two_segments(o in "[^/]{0,6}", p in "[^/]{0,6}") {
        let table = with_resource("/{o}/{p}", "{o}/{p}").unwrap();
        if let Ok(Some(found)) = table.find("GET", &format!("/{o}/{p}")) {
            let filled = found.resource.unwrap();
            prop_assert_eq!(filled.split('/').filter(|segment| !segment.is_empty()).count(), 2, "{}", filled);
        }
    }
}
