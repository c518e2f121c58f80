//! `jeton api credential`, `credentials` and `rotate`: the values by which an API asks.

use crate::authority::{Authority, taskurai};
use crate::support::{Home, Ran};

/// An administrator, of a server with the API `taskurai`.
fn stage(authority: &Authority) -> Home {
    let admin = authority.admin();
    admin.write("taskurai.toml", &taskurai());
    assert_eq!(admin.run(&["api", "apply", "taskurai.toml"]).code, 0);
    admin
}

/// Whether the server honours the value.
fn works(authority: &Authority, value: &str) -> bool {
    let ran = Home::new().run_with(&["token", "verify", "-"], &[("JETON_URL", &authority.url)], value);
    assert!(matches!(ran.code, 0 | 10), "{}", ran.shown());
    ran.code == 0
}

fn done(ran: &Ran) -> String {
    assert_eq!(ran.code, 0, "{}", ran.shown());
    ran.stdout.trim().to_owned()
}

#[test]
fn an_api_gets_a_new_value_and_the_old_one_works_until_that_is_finished() {
    let authority = Authority::start();
    let admin = stage(&authority);
    let old = done(&admin.run(&["api", "credential", "taskurai", "-o", "value"]));
    let new = done(&admin.run(&["api", "rotate", "taskurai", "--overlap", "5m", "-o", "value"]));
    assert!(new.starts_with("jtn_api_") && new != old);
    assert!(works(&authority, &old) && works(&authority, &new));
    done(&admin.run(&["api", "rotate", "taskurai", "--finish"]));
    assert!(!works(&authority, &old) && works(&authority, &new));

    let store = ["--store", "env-file", "--store-to", "api.env", "--store-as", "ASKS"];
    let said = done(&admin.run(&[&["api", "rotate", "taskurai", "--overlap", "0"][..], &store].concat()));
    let file = std::fs::read_to_string(admin.path().join("api.env")).unwrap();
    let newest = file.trim().strip_prefix("ASKS=").unwrap().trim_matches('\'');
    assert!(works(&authority, newest) && !works(&authority, &new));
    assert!(!said.contains(newest), "{said}");
    assert_eq!(done(&admin.run(&["api", "credentials", "taskurai", "-o", "value"])).lines().count(), 1);
}

#[test]
fn of_several_credentials_the_one_that_is_meant_is_named() {
    let authority = Authority::start();
    let admin = stage(&authority);
    let none = admin.run(&["api", "rotate", "taskurai"]);
    assert_eq!(none.code, 5, "{}", none.shown());
    assert!(none.stderr.contains("make one with: jeton api credential taskurai"), "{}", none.stderr);
    let one = done(&admin.run(&["api", "credential", "taskurai", "-o", "value"]));
    let two = done(&admin.run(&["api", "credential", "taskurai", "-o", "value"]));
    let which = admin.run(&["api", "rotate", "taskurai"]);
    assert_eq!(which.code, 2, "{}", which.shown());
    for value in [&one, &two] {
        assert!(which.stderr.contains(id_of(value)), "{}", which.stderr);
        assert!(works(&authority, value));
    }
    let id = id_of(&one);
    let new = done(&admin.run(&["token", "rotate", id, "--overlap", "0", "-o", "value"]));
    assert!(works(&authority, &new) && works(&authority, &two) && !works(&authority, &one));
    done(&admin.run(&["token", "revoke", id]));
    assert!(!works(&authority, &new) && works(&authority, &two));
    done(&admin.run(&["api", "rotate", "taskurai", "--overlap", "0"]));
    assert!(!works(&authority, &two));

    let end = admin.run(&["token", "rotate", &id_of_only(&admin), "--expires", "30d"]);
    assert_eq!(end.code, 1, "{}", end.shown());
    assert!(end.stderr.contains("an API's credential has no other scopes"), "{}", end.stderr);
}

/// The id in a value.
fn id_of(value: &str) -> &str {
    value.split('_').nth(2).unwrap()
}

fn id_of_only(admin: &Home) -> String {
    done(&admin.run(&["api", "credentials", "taskurai", "-o", "value"]))
}
