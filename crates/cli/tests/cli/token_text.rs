//! A token as files and variables hold it: with the newline that editors and `echo` leave at the end.

use crate::authority::Authority;
use crate::support::Home;

#[test]
fn a_newline_behind_the_token_is_dropped_wherever_it_comes_from() {
    let authority = Authority::start();
    let alice = authority.alice();
    let create = ["pat", "create", "--name", "ci", "--scopes", "Jeton.Token.*", "-o", "value"];
    let token = alice.run(&create).stdout.trim().to_owned();
    let url = ("JETON_URL", authority.url.as_str());
    for end in ["", "\n", "\r\n", "\r"] {
        let text = format!("{token}{end}");
        let home = Home::new();
        let from_variable = home.run_with(&["status", "-o", "value"], &[url, ("JETON_TOKEN", &text)], "");
        let flag = ["status", "-o", "value", "--credential"];
        let from_flag = home.run_with(&[&flag[..], &[&text]].concat(), &[url], "");
        let from_stdin = home.run_with(&[&flag[..], &["-"]].concat(), &[url], &text);
        let verified = home.run_with(&["token", "verify", "-o", "value"], &[url], &text);
        let derived = ["derive", "--", "/bin/sh", "-c", "printf %s \"$JETON_TOKEN\" | wc -l"];
        let derived = home.run_with(&derived, &[url, ("JETON_TOKEN", &text)], "");
        for ran in [&from_variable, &from_flag, &from_stdin] {
            assert_eq!((ran.code, ran.stdout.as_str()), (0, "alice\n"), "{end:?} {}", ran.shown());
        }
        assert_eq!(verified.code, 0, "{end:?} {}", verified.shown());
        assert_eq!((derived.code, derived.stdout.trim()), (0, "0"), "{end:?} {}", derived.shown());
    }
    for nothing in ["", "\n", "\r\n"] {
        let ran = Home::new().run_with(&["status"], &[url, ("JETON_TOKEN", nothing)], "");
        assert!(ran.code == 4 && ran.stderr.contains("not signed in to"), "{}", ran.shown());
    }
    let inside = format!("{token}\n{token}");
    let ran = Home::new().run_with(&["status"], &[url, ("JETON_TOKEN", &inside)], "");
    assert_ne!(ran.code, 0, "{}", ran.shown());
    assert!(!ran.stderr.contains(&token), "{}", ran.stderr);
}
