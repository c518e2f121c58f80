//! `jeton scan` and files of every form: nothing that was not searched passes for clean.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use serde_json::Value;

use crate::minted::{id, token};
use crate::published::published;
use crate::scan::no_secret;
use crate::support::{Home, Ran};

fn bytes(home: &Home, name: &str, bytes: &[u8]) {
    let path = home.write(name, "");
    fs::write(path, bytes).unwrap();
}

fn scanned(home: &Home, args: &[&str]) -> Ran {
    let ran = home.run(&[&["scan"], args].concat());
    no_secret(&ran);
    ran
}

/// Places of what was found.
fn places(home: &Home, args: &[&str]) -> Vec<String> {
    let ran = scanned(home, &[args, &["--json"]].concat());
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.shown()));
    let place = |it: &Value| format!("{}:{}:{}", it["path"].as_str().unwrap(), it["line"], it["column"]);
    report["findings"].as_array().unwrap().iter().map(place).collect()
}

#[test]
fn files_of_every_encoding_are_searched() {
    let home = Home::new();
    let text = format!("# Schlüssel\nJETON_TOKEN={}\n", token(1));
    let utf16 = |mark: &[u8], order: fn(u16) -> [u8; 2]| {
        [mark, &text.encode_utf16().flat_map(order).collect::<Vec<_>>()].concat()
    };
    let utf32 = |mark: &[u8], order: fn(u32) -> [u8; 4]| {
        [mark, &text.chars().map(u32::from).flat_map(order).collect::<Vec<_>>()].concat()
    };
    let files = [
        ("utf8", text.clone().into_bytes()),
        ("utf8-mark", [b"\xEF\xBB\xBF", text.as_bytes()].concat()),
        ("latin1", text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()),
        ("utf16le", utf16(b"", u16::to_le_bytes)),
        ("utf16le-mark", utf16(b"\xFF\xFE", u16::to_le_bytes)),
        ("utf16be", utf16(b"", u16::to_be_bytes)),
        ("utf16be-mark", utf16(b"\xFE\xFF", u16::to_be_bytes)),
        ("utf32le", utf32(b"", u32::to_le_bytes)),
        ("utf32le-mark", utf32(b"\xFF\xFE\0\0", u32::to_le_bytes)),
        ("utf32be", utf32(b"", u32::to_be_bytes)),
        ("utf32be-mark", utf32(b"\0\0\xFE\xFF", u32::to_be_bytes)),
    ];
    for (name, content) in &files {
        bytes(&home, name, content);
        assert_eq!(places(&home, &[name]), [format!("{name}:2:13")]);
    }
    bytes(&home, "program", &[b"\x7fELF\0\0", text.as_bytes(), b"\0"].concat());
    assert_eq!(places(&home, &["program"]).len(), 1, "a zero byte hides nothing");
}

#[test]
fn what_is_compressed_is_named_and_not_taken_for_clean() {
    let home = Home::new();
    for (name, start) in
        [("a.gz", &b"\x1F\x8B\x08\0abc"[..]), ("b.zip", b"PK\x03\x04abc"), ("c.pdf", b"%PDF-1.7\n")]
    {
        bytes(&home, &format!("tree/{name}"), start);
    }
    home.write("tree/text", "nothing");
    insta::assert_snapshot!(scanned(&home, &["tree"]).shown());
    bytes(&home, "tree/stored.zip", &[b"PK\x03\x04", token(1).as_bytes()].concat());
    let ran = scanned(&home, &["tree"]);
    assert_eq!(ran.code, 11, "what is only stored is found: {}", ran.shown());
    assert!(ran.stderr.contains("not searched, 4 compressed files: "), "{}", ran.stderr);
}

#[test]
fn a_file_is_searched_up_to_the_limit_and_the_rest_is_said() {
    let home = Home::new();
    let filler = "x".repeat(1024 * 1024);
    home.write("late", &format!("{filler}{}", token(1)));
    home.write("early", &format!("{}{filler}", token(1)));
    let ran = scanned(&home, &["late", "--max-mib", "1"]);
    assert_eq!(ran.code, 12, "{}", ran.shown());
    assert!(
        ran.stderr.contains("searched only up to the size limit (`--max-mib`), 1 file: `late`"),
        "{}",
        ran.stderr
    );
    assert_eq!(scanned(&home, &["early", "--max-mib", "1"]).code, 11);
}

#[test]
fn a_name_may_be_a_token_and_its_secret_is_not_shown() {
    let home = Home::new();
    let one = token(1);
    home.write(&format!("tree/{one}/inner"), &token(2));
    symlink(format!("/nowhere/{}", token(3)), home.path().join("tree/link")).unwrap();
    let ran = scanned(&home, &["tree"]);
    assert_eq!(ran.code, 11);
    insta::assert_snapshot!(ran.shown());
    let named = format!("tree/{one}");
    let ran = scanned(&home, &[&named, "tree/gone"]);
    assert_eq!(ran.stdout.matches(&id(&one)).count(), 1, "{}", ran.shown());
    let ran = scanned(&home, &[&token(4)]);
    assert!(ran.code == 11 && ran.stderr.contains("warning: `jtn_pat_…"), "{}", ran.shown());
}

#[test]
fn a_link_or_a_pipe_that_is_named_is_read() {
    let home = Home::new();
    home.write("real/secret", &token(1));
    symlink("real", home.path().join("folder")).unwrap();
    symlink("real/secret", home.path().join("file")).unwrap();
    symlink("nowhere", home.path().join("dangling")).unwrap();
    assert_eq!(places(&home, &["folder"]), ["folder/secret:1:1"]);
    assert_eq!(places(&home, &["file"]), ["file:1:1"]);
    assert_eq!(scanned(&home, &["dangling"]).code, 12);
    let ran = home.run_with(&["scan", "/dev/stdin"], &[], &token(1));
    assert_eq!(ran.code, 11, "{}", ran.shown());
}

#[test]
fn an_unreadable_file_or_folder_takes_nothing_with_it() {
    // Nothing is unreadable for root.
    if rustix::process::geteuid().is_root() {
        return;
    }
    let home = Home::new();
    let locked = home.write("tree/b", "x");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    home.write("tree/c", "nothing");
    assert_eq!(scanned(&home, &["tree"]).code, 12);
    home.write("tree/a", &token(1));
    let ran = scanned(&home, &["tree"]);
    assert!(ran.code == 11 && ran.stderr.contains("1 path that cannot be read: `tree/b`"), "{}", ran.shown());
}

#[test]
fn only_the_published_text_itself_is_an_example() {
    let home = Home::new();
    let published: Vec<_> = published().into_iter().filter(|text| text.starts_with("jtn_")).collect();
    assert!(published.len() > 20, "{}", published.len());
    home.write("vectors", &published.join("\n"));
    let ran = scanned(&home, &["vectors"]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let said = format!("ignored, {} published test tokens of Jeton itself: `vectors`", published.len());
    assert!(ran.stderr.contains(&said), "{}", ran.stderr);
    // A live token with the id of a vector, should a server ever make one, has another secret.
    let borrowed = with_id_of(&published[0]);
    home.write("vectors", &format!("{}\n{borrowed}\n{}", published[0], token(2)));
    assert_eq!(places(&home, &["vectors"]), ["vectors:2:1", "vectors:3:1"]);
}

fn with_id_of(vector: &str) -> String {
    use jeton_token::{Prefix, TokenKind, TokenSecret, TokenText};
    let id = id(vector).parse().unwrap();
    let secret = TokenSecret::from_uniform(&[9; 64]);
    TokenText::new(Prefix::default(), TokenKind::Personal, id, &secret).expose().to_owned()
}

#[test]
fn the_source_of_jeton_has_no_token_but_those_that_it_publishes() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders = ["api", "benches", "crates", "deploy", "docs", "examples", "xtask"];
    let paths: Vec<_> = folders.iter().map(|name| root.join(name).display().to_string()).collect();
    let args: Vec<_> = ["scan"].into_iter().chain(paths.iter().map(String::as_str)).collect();
    let ran = Home::new().run(&args);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.shown());
    assert!(ran.stderr.contains("published test tokens of Jeton itself"), "{}", ran.stderr);
}

#[test]
fn a_token_that_is_allowed_is_said() {
    let home = Home::new();
    home.write("a", &token(1));
    let ran = scanned(&home, &["a", "--allow", &id(&token(1))]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("ignored, 1 token that `--allow` names: `a`"), "{}", ran.stderr);
}
