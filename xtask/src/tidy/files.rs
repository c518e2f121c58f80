//! The files that git knows or would take in: what is ignored does not count.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::command;
use crate::workspace::Workspace;

/// A text file of the repository.
#[derive(Debug)]
pub(crate) struct TextFile {
    /// From the top folder, with `/` between the parts.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl TextFile {
    /// Its lines, numbered from 1.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    /// Whether its name ends so, after a dot.
    pub(crate) fn is(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }

    /// Whether it belongs to these rules, which must name what they forbid.
    pub(crate) fn is_tidy(&self) -> bool {
        self.path.starts_with("xtask/src/tidy/")
    }
}

/// All text files; a file that is gone, or is no UTF-8, is left out.
pub(crate) fn of_the_repository(workspace: &Workspace) -> Result<Vec<TextFile>> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
    let list = command::read(workspace.command("git").args(arguments))?;
    let paths = list.split('\0').filter(|path| !path.is_empty());
    Ok(paths.filter_map(|path| read(workspace.root(), path)).collect())
}

fn read(root: &Path, path: &str) -> Option<TextFile> {
    let text = fs::read_to_string(root.join(path)).ok()?;
    Some(TextFile { path: path.to_owned(), text })
}
