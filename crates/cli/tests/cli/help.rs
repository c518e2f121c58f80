//! The help of every command, so that a change of the grammar is seen in review.

use std::collections::BTreeSet;

use crate::support::Home;

/// Every command that has help of its own, by the snapshot that it is in.
const COMMANDS: &[(&str, &[&str])] = &[
    (
        "jeton",
        &[
            "",
            "serve",
            "demo",
            "login",
            "logout",
            "status",
            "apply",
            "exec",
            "derive",
            "scan",
            "doctor",
            "completion",
            "man",
        ],
    ),
    ("pat", &["pat", "pat create", "pat update", "pat rotate", "pat show", "pat list", "pat delete"]),
    (
        "token",
        &[
            "token",
            "token create",
            "token list",
            "token describe",
            "token edit",
            "token rotate",
            "token revoke",
            "token approve",
            "token explain",
            "token login",
            "token verify",
        ],
    ),
    (
        "api",
        &[
            "api",
            "api apply",
            "api import",
            "api list",
            "api show",
            "api delete",
            "api credential",
            "api credentials",
            "api rotate",
            "api report",
        ],
    ),
    (
        "user",
        &[
            "user",
            "user create",
            "user list",
            "user show",
            "user edit",
            "user disable",
            "user enable",
            "user delete",
            "user password",
        ],
    ),
    ("job", &["job", "job run", "job list", "job show", "job finish"]),
    ("scope", &["scope", "scope list", "scope explain"]),
    (
        "places",
        &[
            "org",
            "org list",
            "org show",
            "org create",
            "org rename",
            "org job-settings",
            "org delete",
            "project",
            "project list",
            "project show",
            "project create",
            "project edit",
            "project job-settings",
            "project delete",
            "pipeline",
            "pipeline list",
            "pipeline show",
            "pipeline create",
            "pipeline edit",
            "pipeline delete",
            "pipeline trust",
            "pipeline trust list",
            "pipeline trust show",
            "pipeline trust set",
            "pipeline trust delete",
        ],
    ),
    (
        "principals",
        &[
            "group",
            "group list",
            "group show",
            "group create",
            "group edit",
            "group add-member",
            "group remove-member",
            "group delete",
            "service-account",
            "service-account list",
            "service-account show",
            "service-account create",
            "service-account edit",
            "service-account disable",
            "service-account enable",
            "service-account delete",
            "service-account trust",
            "service-account trust list",
            "service-account trust show",
            "service-account trust set",
            "service-account trust delete",
        ],
    ),
    (
        "rights",
        &[
            "role",
            "role list",
            "role show",
            "role create",
            "role edit",
            "role delete",
            "binding",
            "binding list",
            "binding show",
            "binding add",
            "binding delete",
            "policy",
            "policy list",
            "policy show",
            "policy set",
            "policy delete",
        ],
    ),
];

#[test]
fn help_of_every_command() {
    let home = Home::new();
    for (name, commands) in COMMANDS {
        let text: Vec<_> = commands.iter().map(|command| help(&home, command)).collect();
        insta::assert_snapshot!(format!("help_{name}"), text.join("\n"));
    }
}

/// Every command without commands of its own.
pub(crate) fn leaves(home: &Home) -> BTreeSet<String> {
    let all = tree(home, "");
    let is_leaf = |command: &&String| !all.iter().any(|other| other.starts_with(&format!("{command} ")));
    all.iter().filter(is_leaf).cloned().collect()
}

/// Every command below this one, as the help lists them.
fn tree(home: &Home, command: &str) -> Vec<String> {
    let words: Vec<_> = command.split_whitespace().chain(["--help"]).collect();
    let shown = home.run(&words).stdout;
    let Some(listed) = shown.split("\nCommands:\n").nth(1) else { return vec![] };
    let names = listed.lines().take_while(|line| line.starts_with("  "));
    // Further lines of what a command does are indented more.
    let names = names.filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
    let names = names.filter_map(|line| line.split(' ').next()).filter(|name| *name != "help");
    let whole = names.map(|name| format!("{command} {name}").trim_start().to_owned());
    whole.flat_map(|name| [vec![name.clone()], tree(home, &name)].concat()).collect()
}

#[test]
fn no_help_is_forgotten() {
    let home = Home::new();
    let all: BTreeSet<_> = tree(&home, "").into_iter().chain([String::new()]).collect();
    let shown =
        COMMANDS.iter().flat_map(|(_, commands)| commands.iter().map(|command| (*command).to_owned()));
    assert_eq!(all, shown.collect());
}

/// The help of a command; the options that every command has are shown for the program itself.
fn help(home: &Home, command: &str) -> String {
    let words: Vec<_> = command.split_whitespace().chain(["--help"]).collect();
    let ran = home.run(&words);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{command}");
    let own = ran.stdout.split("\nGlobal options:").next().unwrap();
    let text = if command.is_empty() { ran.stdout.as_str() } else { own };
    format!("===== jeton {}\n{text}", words.join(" "))
}

#[test]
fn help_never_shows_the_token_of_the_environment() {
    let variables = [("JETON_TOKEN", "jtn_pat_hidden"), ("JETON_URL", "http://127.0.0.1:1")];
    let ran = Home::new().run_with(&["pat", "create", "--help"], &variables, "");
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.contains("JETON_TOKEN"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("jtn_pat_hidden"), "{}", ran.stdout);
}

#[test]
fn completion_and_manual_are_printed() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = home.run(&["completion", shell]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        for word in ["jeton", "scan", "staged", "derive", "doctor", "job"] {
            assert!(ran.stdout.contains(word), "{shell}: {word}");
        }
    }
    let page = home.run(&["man"]);
    assert!(page.code == 0 && page.stdout.contains(".TH jeton"), "{}", page.stdout);
}

#[test]
fn manual_pages_of_all_commands_go_into_a_folder() {
    let home = Home::new();
    let ran = home.run(&["man", "--out", "pages"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    for page in [
        "jeton.1",
        "jeton-pat.1",
        "jeton-pat-create.1",
        "jeton-scan.1",
        "jeton-derive.1",
        "jeton-doctor.1",
        "jeton-job-run.1",
    ] {
        assert!(home.path().join("pages").join(page).exists(), "{page}");
    }
}
