//! A link in the documentation that points to a file must point to one that exists.

use std::path::Path;

use crate::tidy::files::TextFile;
use crate::tidy::finding::Finding;

/// Every broken link of every Markdown file.
pub(crate) fn check(root: &Path, files: &[TextFile]) -> Vec<Finding> {
    files.iter().filter(|file| file.is("md")).flat_map(|file| check_file(root, file)).collect()
}

fn check_file(root: &Path, file: &TextFile) -> Vec<Finding> {
    links(file)
        .filter(|(_, target)| !exists(root, &file.path, target))
        .map(|(number, target)| {
            Finding::at(&file.path, number, format!("link to `{target}`"), "point it to a file that exists")
        })
        .collect()
}

fn links(file: &TextFile) -> impl Iterator<Item = (usize, String)> {
    prose(file).flat_map(|(number, line)| {
        let line = without_code(line);
        let targets: Vec<_> = targets(&line).map(str::to_owned).collect();
        targets.into_iter().map(move |target| (number, target))
    })
}

/// The lines outside fenced blocks.
fn prose(file: &TextFile) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    file.numbered().filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        !fenced && !is_fence
    })
}

fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

/// What follows `](`, and what follows `[name]: ` at the start of a line; only targets that are files.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let named = line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target);
    inline.chain(named).filter_map(file_part)
}

/// The path without title and anchor; nothing for an address or an anchor of the same page.
fn file_part(target: &str) -> Option<&str> {
    let target = target.split_whitespace().next()?.trim_matches(['<', '>']);
    let is_address = target.contains("://") || target.starts_with("mailto:");
    let path = target.split('#').next()?;
    (!is_address && !path.is_empty()).then_some(path)
}

fn exists(root: &Path, from: &str, target: &str) -> bool {
    let folder = Path::new(from).parent().unwrap_or(Path::new(""));
    match target.strip_prefix('/') {
        Some(from_the_top) => root.join(from_the_top).exists(),
        None => root.join(folder).join(target).exists(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let file = TextFile { path: "docs/a.md".to_owned(), text: text.to_owned() };
        links(&file).map(|(_, target)| target).collect()
    }

    #[test]
    fn links_to_files_are_found() {
        let text = "see [a](b.md), [c](../c.md#part \"title\") and [`d`](<d.md>)\n[e]: e.md";
        assert_eq!(found(text), ["b.md", "../c.md", "d.md", "e.md"]);
    }

    #[test]
    fn addresses_anchors_and_code_are_not_files() {
        let text = "[a](https://example.com/x) [b](#part) `[c](c.md)`\n```\n[d](d.md)\n```\n";
        assert_eq!(found(text), Vec::<String>::new());
    }

    #[test]
    fn a_broken_link_is_a_finding() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("docs")).unwrap();
        std::fs::write(folder.path().join("docs/b.md"), "").unwrap();
        let text = "[b](b.md) [b](/docs/b.md)\n[c](c.md)".to_owned();
        let file = TextFile { path: "docs/a.md".to_owned(), text };
        let remedy = "point it to a file that exists";
        let expected = [Finding::at("docs/a.md", 2, "link to `c.md`", remedy)];
        assert_eq!(check(folder.path(), &[file]), expected);
    }
}
