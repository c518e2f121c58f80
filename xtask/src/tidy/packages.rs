//! What the program is built from: packages of the one public registry, and none of the banned ones.
//!
//! Licences and sources are taken from `cargo metadata`. Its graph knows no weak features and so holds packages that are
//! never built; for bans only what is really built counts, and that is what `cargo tree` prints.

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand, Package};

use crate::command;
use crate::tidy::finding::Finding;
use crate::workspace::Workspace;

const BANNED: [(&str, &str); 9] = [
    ("openssl", "TLS is rustls with aws-lc-rs"),
    ("openssl-sys", "TLS is rustls with aws-lc-rs"),
    ("native-tls", "TLS is rustls with aws-lc-rs"),
    ("ring", "there is one cryptography library: aws-lc-rs"),
    ("rsa", "it has a known timing leak; use aws-lc-rs"),
    ("rusqlite", "SQLite is reached through the store's one pool"),
    ("async-std", "the runtime is tokio"),
    ("chrono", "time is jiff"),
    ("lazy_static", "the standard library has `LazyLock`"),
];

/// A banned package that a picked one brings along.
struct Exception {
    package: &'static str,
    brought_by: &'static str,
    reason: &'static str,
}

const EXCEPTIONS: [Exception; 1] = [Exception {
    package: "lazy_static",
    brought_by: "sharded-slab",
    reason: "tracing-subscriber keeps its spans in it; it is a taste, not a risk",
}];

/// One package uses another.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    user: String,
    used: String,
}

/// All packages for this machine's platform.
pub(crate) fn metadata(workspace: &Workspace) -> Result<Metadata> {
    let host = host(workspace)?;
    MetadataCommand::new()
        .current_dir(workspace.root())
        .other_options(["--filter-platform".to_owned(), host])
        .exec()
        .context("cannot read the packages")
}

/// Who uses whom, of what is really built on this machine.
pub(crate) fn tree(workspace: &Workspace) -> Result<Vec<Edge>> {
    let arguments = ["tree", "--workspace", "--prefix", "depth", "--format", " {p}"];
    Ok(edges(&command::read(&mut workspace.cargo(&arguments))?))
}

/// Packages that do not come from the public registry.
pub(crate) fn check_sources(metadata: &Metadata) -> Vec<Finding> {
    let packages = metadata.packages.iter().filter(|package| !is_ours_or_public(metadata, package));
    packages
        .map(|package| {
            let message =
                format!("{} {} does not come from the public registry", package.name, package.version);
            Finding::in_file("Cargo.lock", message, "use a published version")
        })
        .collect()
}

/// Banned packages that are built, and exceptions that nothing needs any more.
pub(crate) fn check_bans(edges: &[Edge]) -> Vec<Finding> {
    let banned = edges.iter().filter(|edge| !is_excepted(edge)).filter_map(banned);
    let idle = EXCEPTIONS.iter().filter(|exception| !exception.is_needed(edges)).map(Exception::idle);
    banned.chain(idle).collect()
}

fn host(workspace: &Workspace) -> Result<String> {
    let version = command::read(workspace.command("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}

fn is_ours_or_public(metadata: &Metadata, package: &Package) -> bool {
    match &package.source {
        Some(source) => source.is_crates_io(),
        None => metadata.workspace_members.contains(&package.id),
    }
}

/// Reads lines such as `2 ring v0.17.14`: the number is the depth below the crate that stands at 0.
fn edges(tree: &str) -> Vec<Edge> {
    let mut above: Vec<String> = Vec::new();
    let mut edges = Vec::new();
    for (depth, name) in tree.lines().filter_map(depth_and_name) {
        above.truncate(depth);
        if let Some(user) = above.last() {
            edges.push(Edge { user: user.clone(), used: name.to_owned() });
        }
        above.push(name.to_owned());
    }
    edges
}

fn depth_and_name(line: &str) -> Option<(usize, &str)> {
    let mut words = line.split_whitespace();
    Some((words.next()?.parse().ok()?, words.next()?))
}

fn banned(edge: &Edge) -> Option<Finding> {
    let (name, reason) = BANNED.iter().find(|(name, _)| *name == edge.used)?;
    let message = format!("`{}` brings the banned `{name}`", edge.user);
    Some(Finding::in_file(
        "Cargo.lock",
        message,
        format!("{reason}; choose other features or another package"),
    ))
}

fn is_excepted(edge: &Edge) -> bool {
    EXCEPTIONS.iter().any(|exception| exception.covers(edge))
}

impl Exception {
    fn covers(&self, edge: &Edge) -> bool {
        self.package == edge.used && self.brought_by == edge.user
    }

    fn is_needed(&self, edges: &[Edge]) -> bool {
        edges.iter().any(|edge| self.covers(edge))
    }

    fn idle(&self) -> Finding {
        let message = format!("`{}` no longer brings `{}`", self.brought_by, self.package);
        Finding::in_file(
            "xtask/src/tidy/packages.rs",
            message,
            format!("remove the exception (it said: {})", self.reason),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "\
0 jeton v0.1.0 (somewhere)
1 tracing-subscriber v0.3.0
2 sharded-slab v0.1.7
3 lazy_static v1.5.0
1 tls v1.0.0
2 ring v0.17.0

0 xtask v0.1.0 (somewhere)
1 tls v1.0.0 (*)
";

    fn edge(from: &str, to: &str) -> Edge {
        Edge { user: from.to_owned(), used: to.to_owned() }
    }

    #[test]
    fn the_tree_is_read_as_edges() {
        let expected = [
            edge("jeton", "tracing-subscriber"),
            edge("tracing-subscriber", "sharded-slab"),
            edge("sharded-slab", "lazy_static"),
            edge("jeton", "tls"),
            edge("tls", "ring"),
            edge("xtask", "tls"),
        ];
        assert_eq!(edges(TREE), expected);
    }

    #[test]
    fn a_banned_package_is_found_and_an_exception_is_not() {
        let findings = check_bans(&edges(TREE));
        assert_eq!(findings.len(), 1);
        assert!(findings[0].to_string().contains("`tls` brings the banned `ring`"), "{findings:?}");
    }

    #[test]
    fn an_exception_covers_one_user_only() {
        let edges = [edge("sharded-slab", "lazy_static"), edge("other", "lazy_static")];
        assert_eq!(check_bans(&edges).len(), 1);
    }

    #[test]
    fn an_idle_exception_is_found() {
        assert_eq!(check_bans(&[]).len(), EXCEPTIONS.len());
    }
}
