//! The files of a server on this machine: who else can read them.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::report::Report;

const FIRST_PASSWORD: &str = "initial-admin-password";
const FOR_OTHERS: u32 = 0o077;

pub(super) fn check(report: &mut Report, data: &Path, pepper: Option<PathBuf>) {
    let pepper = pepper.unwrap_or_else(|| beside(data));
    private(report, "data directory", data, 0o700, "name it with --data, or start it: jeton serve");
    if data.join(FIRST_PASSWORD).exists() {
        let found = format!("the first password still stands in `{}`", data.join(FIRST_PASSWORD).display());
        report.warn("first password", found, "change it, and the file is deleted: jeton user password admin");
    }
    private(report, "pepper", &pepper, 0o600, "name it with --pepper-file, or bring it back from its backup");
    if lies_within(&pepper, data) {
        let found = "it lies in the data directory: a copy of the one is a copy of the other";
        report.warn("pepper", found, "stop the server, move it, and name it with --pepper-file");
    }
}

/// The data directory's name with `.pepper` behind it, as `jeton serve` has it.
fn beside(data: &Path) -> PathBuf {
    let mut name = OsString::from(data);
    name.push(".pepper");
    name.into()
}

fn private(report: &mut Report, what: &'static str, path: &Path, mode: u32, absent: &str) {
    let shown = path.display();
    match fs::symlink_metadata(path) {
        Ok(found) if found.mode() & FOR_OTHERS != 0 && !found.is_symlink() => {
            let found = format!("others can get at `{shown}` (mode {:04o})", found.mode() & 0o7777);
            report.fail(what, found, format!("chmod {mode:o} {shown}"));
        }
        Ok(_) => report.ok(what, format!("{shown}, for its owner alone")),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            report.fail(what, format!("`{shown}` is not there"), absent);
        }
        Err(error) => {
            report.fail(what, format!("`{shown}`: {error}"), "run this as the user who runs the server");
        }
    }
}

fn lies_within(pepper: &Path, data: &Path) -> bool {
    match (pepper.canonicalize(), data.canonicalize()) {
        (Ok(pepper), Ok(data)) => pepper.starts_with(data),
        _ => false,
    }
}
