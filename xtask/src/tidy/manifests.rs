//! Every crate follows the workspace's lints: without the two lines, a crate silently follows none.

use crate::tidy::files::TextFile;
use crate::tidy::finding::Finding;

/// Manifests of packages that do not inherit the lints.
pub(crate) fn check(files: &[TextFile]) -> Vec<Finding> {
    files
        .iter()
        .filter(|file| is_package(file) && !inherits_lints(&file.text))
        .map(|file| {
            let remedy = "add `[lints]` with `workspace = true`";
            Finding::in_file(&file.path, "does not follow the workspace's lints", remedy)
        })
        .collect()
}

fn is_package(file: &TextFile) -> bool {
    let is_manifest = file.path.ends_with("/Cargo.toml");
    is_manifest && file.text.lines().any(|line| line.trim() == "[package]")
}

fn inherits_lints(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
    lines.by_ref().take_while(|line| !line.starts_with('[')).any(|line| line == "workspace = true")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> usize {
        let path = "crates/token/Cargo.toml".to_owned();
        check(&[TextFile { path, text: text.to_owned() }]).len()
    }

    #[test]
    fn lints_must_be_inherited() {
        assert_eq!(findings("[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n"), 0);
        assert_eq!(findings("[package]\nname = \"a\"\n"), 1);
        assert_eq!(findings("[package]\n[lints]\n[dependencies.b]\nworkspace = true\n"), 1);
    }

    #[test]
    fn a_manifest_without_a_package_has_none() {
        assert_eq!(findings("[workspace]\n"), 0);
    }
}
