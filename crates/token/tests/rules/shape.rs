//! The shape of a path: words stay, values do not.

use jeton_token::{Route, RouteTable, path_shape};
use proptest::prelude::*;

#[test]
fn words_stay_and_values_become_names() {
    for (path, shape) in [
        ("/", "/"),
        ("/tasks", "/tasks"),
        ("/tasks/", "/tasks/"),
        ("/v1/dns_zones/12/dns-records/ab12", "/v1/dns_zones/{id}/dns-records/{id2}"),
        ("/oauth2/token", "/oauth2/token"),
        ("/api/v12/openapi.json", "/api/v12/openapi.json"),
        ("/listAll/JobRunner/URL", "/listAll/JobRunner/URL"),
        ("/users/%61lice", "/users/alice"),
        ("/users/alice@example.com", "/users/{id}"),
        ("/a b/größe", "/{id}/{id2}"),
        ("/a/b/c/d/e/f/g/h/i/j/k/l/m/n", "/a/b/c/d/e/f/g/h/i/j/k/l/{rest}"),
    ] {
        assert_eq!(path_shape(path).as_deref(), Ok(shape), "{path}");
    }
    for path in ["", "tasks", "/a/../b", "/a//b", "/a%2fb", "/a;b"] {
        assert!(path_shape(path).is_err(), "{path}");
    }
}

#[test]
fn attack_01_what_could_be_a_secret_is_no_word() {
    for value in [
        "550e8400-e29b-41d4-a716-446655440000",
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0.AAAA",
        "hQzKxWvTbLmNpRsJ",
        "dGhpcyBpcyBhIHNlY3JldA",
        "correct-horse-battery-staple",
        "0123",
        "4711",
        "deadbeef01",
        "xkcdqwrtzpl",
        "AKIAIOSFODNNEXAMPLE",
        "jtn_pat_0352",
        "aB",
        "k8s-token-9f",
    ] {
        assert_eq!(path_shape(&format!("/reset/{value}")).as_deref(), Ok("/reset/{id}"), "{value}");
    }
}

proptest! {
    #[test]
    fn a_shape_is_a_route_that_takes_the_path(
        segments in proptest::collection::vec("[a-zA-Z0-9_.~@ -]{1,24}", 1..12)
    ) {
        let path = format!("/{}", segments.join("/"));
        let Ok(shape) = path_shape(&path) else { return Ok(()) };
        let scope = "A.B".parse().unwrap();
        let route = Route { method: "GET".to_owned(), path: shape, scope, resource: None };
        let table = RouteTable::new([route]).unwrap();
        prop_assert!(table.find("GET", &path).unwrap().is_some());
    }

    #[test]
    fn attack_01_no_random_key_is_written_down(key in "[0-9A-Za-z_-]{20,64}") {
        let plain = key.bytes().any(|byte| byte.is_ascii_digit()) || key.len() > 24;
        if plain {
            let path = format!("/keys/{key}");
            prop_assert!(!path_shape(&path).unwrap_or_default().contains(&key));
        }
    }
}
