//! Which of our crates may use which: the picture in ARCHITECTURE.md, as data. An arrow that is not listed is forbidden,
//! in tests too, so that a lower room can never come to lean on an upper one.

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, Metadata, Package};

use crate::tidy::finding::Finding;

/// What one crate may use of ours.
struct Rule {
    name: &'static str,
    uses: &'static [&'static str],
    /// Its tests may use these as well.
    tests_use: &'static [&'static str],
}

const RULES: [Rule; 9] = [
    Rule { name: "jeton-token", uses: &[], tests_use: &[] },
    Rule { name: "jeton-api", uses: &["jeton-token"], tests_use: &[] },
    Rule { name: "jeton-verify", uses: &["jeton-api", "jeton-token"], tests_use: &[] },
    // What is remembered elsewhere is tested against whoever remembers it.
    Rule { name: "jeton-server", uses: &["jeton-api", "jeton-token"], tests_use: &["jeton-verify"] },
    Rule {
        name: "task-api",
        uses: &["jeton-verify"],
        tests_use: &["jeton-api", "jeton-token", "jeton-server"],
    },
    Rule {
        name: "jeton",
        uses: &["jeton-api", "jeton-token", "jeton-server", "task-api"],
        tests_use: &["jeton-torture", "jeton-verify"],
    },
    // It stands outside, as clients and the kernel do.
    Rule { name: "jeton-torture", uses: &[], tests_use: &[] },
    Rule { name: "jeton-bench", uses: &["jeton-token", "jeton-verify"], tests_use: &[] },
    Rule { name: "xtask", uses: &[], tests_use: &[] },
];

/// One of our crates, and what it uses of ours.
#[derive(Debug)]
pub(crate) struct Crate {
    name: String,
    manifest: String,
    uses: Vec<Arrow>,
}

#[derive(Debug)]
struct Arrow {
    to: String,
    in_tests_only: bool,
}

/// Our crates, from what Cargo knows.
pub(crate) fn of_the_workspace(metadata: &Metadata) -> Vec<Crate> {
    let packages = metadata.workspace_packages();
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    packages.iter().map(|package| crate_of(metadata, package, &ours)).collect()
}

/// Forbidden arrows, and crates without a rule.
pub(crate) fn check(crates: &[Crate]) -> Vec<Finding> {
    crates.iter().flat_map(check_crate).collect()
}

fn crate_of(metadata: &Metadata, package: &Package, ours: &BTreeSet<&str>) -> Crate {
    let path = package.manifest_path.strip_prefix(&metadata.workspace_root);
    let manifest = path.unwrap_or(&package.manifest_path).to_string();
    let dependencies = package.dependencies.iter();
    let uses = dependencies
        .filter(|dependency| ours.contains(dependency.name.as_str()))
        .map(|dependency| Arrow {
            to: dependency.name.clone(),
            in_tests_only: dependency.kind == DependencyKind::Development,
        })
        .collect();
    Crate { name: package.name.to_string(), manifest, uses }
}

fn check_crate(it: &Crate) -> Vec<Finding> {
    let Some(rule) = RULES.iter().find(|rule| rule.name == it.name) else {
        let message = format!("crate `{}` has no rule", it.name);
        let remedy = "say in xtask/src/tidy/arrows.rs what it may use";
        return vec![Finding::in_file(&it.manifest, message, remedy)];
    };
    let forbidden = it.uses.iter().filter(|arrow| !rule.permits(arrow));
    forbidden.map(|arrow| finding(it, arrow)).collect()
}

fn finding(it: &Crate, arrow: &Arrow) -> Finding {
    let message = format!("`{}` must not use `{}`", it.name, arrow.to);
    let remedy = "move the shared part down, or the caller up; the arrows are in xtask/src/tidy/arrows.rs";
    Finding::in_file(&it.manifest, message, remedy)
}

impl Rule {
    fn permits(&self, arrow: &Arrow) -> bool {
        let to = arrow.to.as_str();
        self.uses.contains(&to) || (arrow.in_tests_only && self.tests_use.contains(&to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(from: &str, to: &str, in_tests_only: bool) -> usize {
        let uses = vec![Arrow { to: to.to_owned(), in_tests_only }];
        check(&[Crate { name: from.to_owned(), manifest: "Cargo.toml".to_owned(), uses }]).len()
    }

    #[test]
    fn arrows_point_downward() {
        assert_eq!(findings("jeton-api", "jeton-token", false), 0);
        assert_eq!(findings("jeton-token", "jeton-api", false), 1);
        assert_eq!(findings("jeton-server", "jeton-verify", false), 1);
        assert_eq!(findings("jeton", "jeton-server", false), 0);
    }

    #[test]
    fn tests_have_few_arrows_more() {
        assert_eq!(findings("task-api", "jeton-token", true), 0);
        assert_eq!(findings("task-api", "jeton-token", false), 1);
        assert_eq!(findings("jeton-server", "jeton", true), 1);
    }

    #[test]
    fn a_crate_without_a_rule_is_a_finding() {
        assert_eq!(findings("jeton-utils", "jeton-token", false), 1);
    }
}
