//! The list of tokens that Jeton publishes itself: it is complete, and nothing else stands in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use jeton_token::TokenText;

/// Where published tokens are.
const FOLDERS: [&str; 2] = ["docs/vectors", "crates/server/tests/fixtures"];
const LIST: &str = "crates/cli/src/scan/published.txt";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

/// The whole texts of all tokens in some bytes, whatever their prefix.
pub(crate) fn texts(bytes: &[u8]) -> BTreeSet<String> {
    let tags = ["_pat_", "_svc_", "_job_", "_ses_", "_api_"].map(str::as_bytes);
    let mut texts = BTreeSet::new();
    for at in 0..bytes.len() {
        let rest = &bytes[at..];
        let Some(after) =
            rest.get(5..5 + 22 + 1 + 38).filter(|_| tags.iter().any(|tag| rest.starts_with(tag)))
        else {
            continue;
        };
        for prefix in 1..=16.min(at) {
            let text = [&bytes[at - prefix..at + 5], after].concat();
            let text = String::from_utf8_lossy(&text).into_owned();
            texts.extend(text.parse::<TokenText>().is_ok().then_some(text));
        }
    }
    texts
}

/// All that is published.
pub(crate) fn published() -> BTreeSet<String> {
    let mut found = vec![];
    for folder in FOLDERS {
        files(&root().join(folder), &mut found);
    }
    found.iter().flat_map(|path| texts(&fs::read(path).unwrap())).collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test run speaks through the environment")]
fn the_list_of_published_tokens_is_complete() {
    let line = |text: &String| STANDARD_NO_PAD.encode(digest(&SHA256, text.as_bytes())) + "\n";
    let lines: BTreeSet<_> = published().iter().map(line).collect();
    let expected: String = lines.into_iter().collect();
    if std::env::var("JETON_GOLDEN").is_ok_and(|word| word == "write") {
        fs::write(root().join(LIST), &expected).unwrap();
    }
    let listed = fs::read_to_string(root().join(LIST)).unwrap();
    assert_eq!(listed, expected, "`cargo xtask golden` writes {LIST}");
}
