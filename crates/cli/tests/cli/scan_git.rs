//! `jeton scan --git` and `--staged`: repositories of every form, and those that git does not read.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::minted::{id, token};
use crate::scan::{PATH, Repository, no_secret};
use crate::support::{Home, Ran};

/// The ids that a scan finds, each once.
fn ids(repository: &Repository, args: &[&str]) -> Vec<String> {
    let mut ids: Vec<_> =
        repository.findings(args).iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids.dedup();
    ids
}

fn sorted(seeds: &[u8]) -> Vec<String> {
    let mut ids: Vec<_> = seeds.iter().map(|seed| id(&token(*seed))).collect();
    ids.sort();
    ids
}

/// A token that only the history has.
fn leak(repository: &Repository, seed: u8) {
    repository.write("leak", &token(seed));
    repository.commit("Leak");
    repository.write("leak", "gone");
    repository.commit("Take it out");
}

#[test]
fn what_was_found_is_shown_whatever_git_says() {
    let home = Home::new();
    home.write("plain/.env", &format!("T={}", token(1)));
    let shown = ["plain", "plain/.env"].map(|path| {
        let ran = home.run_with(&["scan", path, "--git"], &[PATH], "");
        no_secret(&ran);
        format!("$ jeton scan {path} --git\n{}", ran.shown())
    });
    insta::assert_snapshot!(shown.join("\n"));
    let ran = home.run_with(&["scan", "plain", "--git"], &[("PATH", "/nowhere")], "");
    assert!(ran.code == 11 && ran.stderr.contains("`git` cannot be started"), "{}", ran.shown());
}

#[test]
fn a_history_that_was_not_searched_is_not_taken_for_clean() {
    let home = Home::new();
    let ran = home.run_with(&["scan", ".", "--git"], &[PATH], "");
    assert_eq!(ran.code, 12, "{}", ran.shown());
    assert!(ran.stderr.contains("this is not in a git repository"), "{}", ran.stderr);
    for path in [PATH.1, "/nowhere"] {
        let ran = home.run_with(&["scan", "--staged"], &[("PATH", path)], "");
        assert_eq!(ran.code, 12, "{}", ran.shown());
        assert!(ran.stderr.contains("what is staged was not searched: "), "{}", ran.stderr);
    }
    let repository = Repository::new();
    repository.write("clean", "nothing");
    repository.commit("Begin");
    let ran = repository.scan(&["repo"]);
    let said = "searched without their history (`--git` adds it), 1 repository: `repo`";
    assert!(ran.code == 0 && ran.stderr.contains(said), "{}", ran.shown());
}

#[test]
fn the_repository_around_a_file_or_a_folder_is_searched_once() {
    let repository = Repository::new();
    repository.write("src/a", &token(1));
    repository.commit("Leak");
    repository.write("src/a", "gone");
    repository.write("src/deep/b", "x");
    repository.commit("Take it out");
    for args in [&["repo/src/a"][..], &["repo/src/deep"], &["repo/src", "repo", "repo/src/deep/b"]] {
        let found = repository.findings(&[args, &["--git"]].concat());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0]["path"], "repo/src/a");
    }
}

#[test]
fn bare_repositories_and_the_files_of_git_are_searched() {
    let repository = Repository::new();
    leak(&repository, 1);
    repository.git(&["clone", "--quiet", "--bare", ".", "../bare.git"]);
    fs::write(repository.0.path().join("bare.git/config.old"), token(2)).unwrap();
    assert_eq!(ids(&repository, &["bare.git", "--git"]), sorted(&[1, 2]));
    let ran = repository.scan(&["bare.git"]);
    assert_eq!(ran.code, 11);
    assert!(!ran.stderr.contains("compressed"), "objects are not files: {}", ran.stderr);
    // Below a folder it is met as well.
    fs::create_dir(repository.0.path().join("all")).unwrap();
    fs::rename(repository.0.path().join("bare.git"), repository.0.path().join("all/bare.git")).unwrap();
    repository.git(&["init", "--quiet", "../all"]);
    assert_eq!(ids(&repository, &["all", "--git"]), sorted(&[1, 2]));
}

#[test]
fn names_of_files_branches_and_tags_messages_notes_and_stashes_are_searched() {
    let repository = Repository::new();
    repository.write(&format!("deep/{}", token(1)), "x");
    repository.write("root", "x");
    let first = repository.commit("Begin");
    repository.git(&["rm", "--quiet", "-r", "deep"]);
    repository.commit("Take it out");
    repository.write(&token(2), "x");
    let second = repository.commit("Again, at the top");
    repository.git(&["rm", "--quiet", &token(2)]);
    repository.commit("Take it out");
    repository.git(&["branch", &format!("try/{}", token(3))]);
    repository.git(&["tag", &token(4)]);
    repository.git(&["notes", "add", "-m", &token(5)]);
    repository.write("root", &token(6));
    repository.git(&["stash", "push", "--quiet", "-m", "put by"]);
    repository.git(&["update-ref", "-m", &format!("said {}", token(7)), "refs/heads/other", "HEAD"]);
    assert_eq!(ids(&repository, &["repo", "--git"]), sorted(&[1, 2, 3, 4, 5, 6, 7]));
    let found = repository.findings(&["repo", "--git"]);
    let commit_of = |seed: u8| {
        let it = found.iter().find(|it| it["id"] == id(&token(seed)) && it["part"] == "name").unwrap();
        assert!(it["path"].as_str().unwrap().contains("jtn_pat_…"), "{it}");
        it["commit"].clone()
    };
    assert_eq!((commit_of(1), commit_of(2)), (first.into(), second.into()));
    let ran = repository.scan(&["repo", "--git"]);
    no_secret(&ran);
    assert!(ran.stdout.contains(" (ref)") && ran.stdout.contains(" (name)"), "{}", ran.stdout);
}

#[test]
fn submodules_are_searched_wherever_git_keeps_them() {
    let repository = Repository::new();
    let inner = Repository::new();
    leak(&inner, 1);
    let from = inner.0.path().join("repo");
    let add = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add"];
    repository.git(&[&add[..], &[from.to_str().unwrap(), "lib/inner"]].concat());
    repository.commit("Take a library");
    let found = repository.findings(&["repo", "--git"]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["path"], "repo/lib/inner/leak");
    for path in ["repo/.gitmodules", "repo/lib"] {
        assert_eq!(ids(&repository, &[path, "--git"]), sorted(&[1]), "{path}");
    }
    repository.git(&["submodule", "--quiet", "deinit", "--force", "lib/inner"]);
    fs::remove_dir(repository.0.path().join("repo/lib/inner")).unwrap();
    assert_eq!(ids(&repository, &["repo", "--git"]), sorted(&[1]), "only git has it");
    repository.git(&["clone", "--quiet", ".", "../clone"]);
    let ran = repository.scan(&["clone", "--git"]);
    assert_eq!(ran.code, 12, "{}", ran.shown());
    let said = "not searched (`git submodule update --init`), 1 absent submodule: `clone/lib/inner`";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
}

#[test]
fn work_trees_gitfiles_and_borrowed_objects_are_searched() {
    let repository = Repository::new();
    leak(&repository, 1);
    repository.git(&["worktree", "add", "--quiet", "-b", "side", "../tree"]);
    assert_eq!(ids(&repository, &["tree", "--git"]), sorted(&[1]));
    repository.git(&["clone", "--quiet", "--shared", ".", "../borrower"]);
    assert_eq!(ids(&repository, &["borrower", "--git"]), sorted(&[1]));
    repository.git(&["clone", "--quiet", "--separate-git-dir", "../apart.git", ".", "../apart"]);
    fs::write(repository.0.path().join("apart.git/old-config"), token(2)).unwrap();
    assert_eq!(ids(&repository, &["apart", "--git"]), sorted(&[1, 2]));
    fs::remove_dir_all(repository.0.path().join("apart.git")).unwrap();
    let ran = repository.scan(&["apart", "--git"]);
    assert_eq!(ran.code, 12, "{}", ran.shown());
}

#[test]
fn a_shallow_clone_and_missing_objects_are_no_clean_history() {
    let repository = Repository::new();
    leak(&repository, 1);
    let from = format!("file://{}", repository.0.path().join("repo").display());
    repository.git(&["clone", "--quiet", "--depth", "1", &from, "../shallow"]);
    let ran = repository.scan(&["shallow", "--git"]);
    assert_eq!(ran.code, 12, "{}", ran.shown());
    let said = "searched only in part (`git fetch --unshallow`), 1 shallow clone: `shallow`";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    repository.write("other", &token(2));
    repository.commit("Keep");
    let object = repository.git(&["rev-parse", "HEAD:leak"]);
    let (folder, name) = object.split_at(2);
    fs::remove_file(repository.0.path().join(format!("repo/.git/objects/{folder}/{name}"))).unwrap();
    let ran = repository.scan(&["repo", "--git"]);
    assert_eq!(ran.code, 11, "{}", ran.shown());
    assert!(ran.stderr.contains("not searched, 1 object missing in this copy: `"), "{}", ran.stderr);
    assert_eq!(ids(&repository, &["repo", "--git"]), sorted(&[1, 2]));
}

#[test]
fn what_git_lfs_keeps_is_searched_if_it_is_here() {
    let repository = Repository::new();
    let oid = "ab".repeat(32);
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 69\n");
    repository.write("large.bin", &pointer);
    repository.git(&["add", "large.bin"]);
    let staged = || repository.command("jeton").args(["scan", "--staged"]).output().unwrap();
    let ran = staged();
    assert_eq!(ran.status.code(), Some(12), "{ran:?}");
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(said.contains("content that Git LFS keeps elsewhere, 1 file: `large.bin`"), "{said}");
    repository.write(&format!(".git/lfs/objects/ab/ab/{oid}"), &token(1));
    assert_eq!(staged().status.code(), Some(11));
}

/// Of a repository that belongs to another user; git refuses it then.
fn of_another_user(repository: &Repository) -> Option<Ran> {
    // Only root can give files away.
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let folder = repository.0.path().join("repo");
    assert!(Command::new("chown").args(["-R", "12345"]).arg(&folder).status().unwrap().success());
    Some(repository.scan(&["repo", "--git"]))
}

#[test]
fn a_checkout_of_another_user_is_searched_and_its_history_is_named() {
    let repository = Repository::new();
    repository.write("clean", "nothing");
    repository.commit("Begin");
    let Some(ran) = of_another_user(&repository) else { return };
    assert_eq!(ran.code, 12, "{}", ran.shown());
    let said = "belongs to another user, so git does not read it\nif you trust it: git config --global --add \
                safe.directory [HOME]/repo";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    repository.write(".env", &token(1));
    let ran = repository.scan(&["repo", "--git"]);
    assert!(ran.code == 11 && ran.stdout.contains("repo/.env:1:1"), "{}", ran.shown());
}

#[test]
fn a_hook_searches_names_and_the_branch_too() {
    let repository = Repository::new();
    repository.write("clean", "nothing");
    repository.commit("Begin");
    let staged = || {
        let ran = repository.command("jeton").args(["scan", "--staged", "-o", "value"]).output().unwrap();
        (ran.status.code().unwrap(), String::from_utf8(ran.stdout).unwrap())
    };
    repository.write(&format!("a/{}", token(1)), "x");
    repository.git(&["add", "."]);
    assert_eq!(staged(), (11, format!("{}\n", id(&token(1)))));
    repository.git(&["reset", "--quiet", "--hard"]);
    repository.git(&["switch", "--quiet", "-c", &token(2)]);
    assert_eq!(staged(), (11, format!("{}\n", id(&token(2)))));
    repository.git(&["switch", "--quiet", "main"]);
    let wide: Vec<u8> = token(3).encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(repository.0.path().join("repo/wide"), wide).unwrap();
    fs::write(repository.0.path().join("repo/a.gz"), b"\x1F\x8B\x08").unwrap();
    repository.git(&["add", "a.gz"]);
    assert_eq!(staged().0, 12, "what is compressed");
    repository.git(&["add", "wide"]);
    assert_eq!(staged(), (11, format!("{}\n", id(&token(3)))));
    assert!(Path::new(&repository.0.path().join("repo/wide")).exists());
}
