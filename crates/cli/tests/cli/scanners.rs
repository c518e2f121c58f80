//! What `deploy/scanners` gives to other people's scanners, in the scanners themselves.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use jeton_token::TokenKind;
use serde_json::Value;

use crate::minted::{altered, of, shortened, token, with};
use crate::support::{Home, program};

/// What each line of the tree is called, and whether it holds a token.
fn tree() -> Home {
    let home = Home::new();
    let pat = token(1);
    for (at, kind) in TokenKind::ALL.into_iter().enumerate() {
        let text = of("jtn", kind, u8::try_from(at).unwrap());
        home.write(&format!("tree/true-{}.yaml", kind.word()), &format!("a: 1\nvalue: \"{text}\"\n"));
    }
    home.write("tree/true-alone", &pat);
    home.write("tree/true-joined", &format!("curl -u me:{pat}@tokens.example"));
    for (name, text) in [
        ("short", shortened(&pat)),
        ("kind", pat.replacen("_pat_", "_pet_", 1)),
        ("prefix", pat.replacen("jtn_", "jtm_", 1)),
        ("no-id", with(&pat, 8, '8')),
        ("no-checksum", with(&pat, 63, '5')),
        ("cut-in-two", with(&pat, 40, '-')),
    ] {
        home.write(&format!("tree/false-{name}"), &format!("value = '{text}'\n"));
    }
    // Only a checksum can tell these.
    home.write("tree/near-checksum", &format!("value = '{}'\n", altered(&pat, 40)));
    home.write("tree/near-version", &format!("value = '{}'\n", altered(&pat, 12)));
    home
}

const TRUE: [&str; 7] =
    ["alone", "api.yaml", "job.yaml", "joined", "personal.yaml", "service.yaml", "session.yaml"];

#[test]
fn gitleaks_finds_tokens_by_our_rule() {
    let Some(gitleaks) = program("JETON_TEST_GITLEAKS") else { return };
    let home = tree();
    let report = home.path().join("report.json");
    let rule = scanners().join("gitleaks.toml");
    let output = Command::new(gitleaks)
        .args(["dir", "tree", "--no-banner", "--redact", "--report-format", "json"])
        .arg("--config")
        .arg(rule)
        .arg("--report-path")
        .arg(&report)
        .current_dir(home.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "there are leaks: {output:?}");
    let report: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap();
    let ours = report.iter().filter(|it| it["RuleID"] == "jeton-token");
    let found = files(ours.map(|it| it["File"].as_str().unwrap()));
    // Without a checksum it takes for tokens what is spelled like one.
    let near = ["near-checksum", "near-version"].map(str::to_owned);
    assert_eq!(found, near.into_iter().chain(truths()).collect::<Vec<_>>());
}

#[test]
fn detect_secrets_finds_tokens_by_our_plugin() {
    let Some(detect_secrets) = program("JETON_TEST_DETECT_SECRETS") else { return };
    let home = tree();
    let output = Command::new(detect_secrets)
        .args(["scan", "--all-files", "tree", "--plugin"])
        .arg(scanners().join("detect_secrets_jeton.py"))
        .current_dir(home.path())
        .output()
        .unwrap();
    let baseline: Value = json(&output);
    let results = baseline["results"].as_object().unwrap();
    let is_ours = |found: &&Value| found["type"] == "Jeton Token";
    let ours = results.iter().filter(|(_, found)| found.as_array().unwrap().iter().any(|it| is_ours(&it)));
    assert_eq!(files(ours.map(|(file, _)| file.as_str())), truths());
}

#[test]
fn jeton_itself_finds_the_same_ones() {
    let home = tree();
    let ran = home.run(&["scan", "tree", "--json"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(files(findings.iter().map(|it| it["path"].as_str().unwrap())), truths());
}

fn truths() -> Vec<String> {
    TRUE.map(|name| format!("true-{name}")).into()
}

/// The names of these files, in order.
fn files<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<_> = paths.map(|path| path.rsplit('/').next().unwrap().to_owned()).collect();
    names.sort();
    names
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

fn scanners() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/scanners")
}
