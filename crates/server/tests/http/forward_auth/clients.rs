//! Programs that send no credential before they are asked for one.

use std::process::{Command, Output};

use super::nginx::stage;
use crate::support::Authority;

on_both! {
    alone:
        curl_git_and_python_find_out_how_to_show_a_token;
}

async fn curl_git_and_python_find_out_how_to_show_a_token(authority: Authority) {
    let Some(stage) = stage(authority).await else { return };
    let token = stage.token(&["Task.Read"]).await;
    let tasks = stage.nginx.url("/tasks");
    let own = stage.authority.url("/api/v1/tokens/self");
    for (address, shown) in [(&tasks, "X-Jeton-Subject"), (&own, "jtn_pat_")] {
        for text in [curl(&token, address).await, python(&token, address).await] {
            assert!(text.to_lowercase().contains(&shown.to_lowercase()), "{address}: {text}");
            assert!(!text.contains(&token), "{text}");
        }
    }
    let reached = stage.nginx.upstream.reached();
    let repository = stage.nginx.url("/git/site").replace("http://", &format!("http://x:{token}@"));
    let said = git(&repository).await;
    assert_eq!(stage.nginx.upstream.reached(), reached + 1, "{said}");
    assert!(!said.contains("Authentication failed"), "{said}");
    let wrong = stage.nginx.url("/git/site").replace("http://", "http://x:wrong@");
    let said = git(&wrong).await;
    assert!(said.contains("Authentication failed"), "{said}");
    assert_eq!(stage.nginx.upstream.reached(), reached + 1, "{said}");
}

async fn curl(token: &str, address: &str) -> String {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--noproxy", "*", "--anyauth", "--user", &format!(":{token}")]);
    command.arg(address);
    text(&run(command).await)
}

async fn python(token: &str, address: &str) -> String {
    const PROGRAM: &str = "\
import sys, urllib.request as r
address, token = sys.argv[1:]
passwords = r.HTTPPasswordMgrWithDefaultRealm()
passwords.add_password(None, address, 'anybody', token)
opener = r.build_opener(r.ProxyHandler({}), r.HTTPBasicAuthHandler(passwords))
sys.stdout.buffer.write(opener.open(address, timeout=20).read())
";
    let mut command = Command::new("python3");
    command.args(["-c", PROGRAM, address, token]);
    text(&run(command).await)
}

/// What git says about a repository. There is none: it is answered with something else.
async fn git(repository: &str) -> String {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new("git");
    command.args(["-c", "http.proxy=", "ls-remote", repository]).current_dir(home.path());
    command.env("HOME", home.path()).env("GIT_TERMINAL_PROMPT", "0").env("GIT_CONFIG_NOSYSTEM", "1");
    command.env("LC_ALL", "C");
    text(&run(command).await)
}

async fn run(mut command: Command) -> Output {
    command.env("no_proxy", "*");
    tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
}

fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}
