//! The file in which the client keeps server and credential.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::report::Report;
use crate::error::Error;
use crate::profile::ProfileFile;

const WHAT: &str = "profile";
/// Whoever can write to its folder can put another file in its place.
const WRITTEN_BY_OTHERS: u32 = 0o022;

pub(super) fn check(report: &mut Report) {
    let file = match ProfileFile::of_user() {
        Ok(file) => file,
        Err(error) => return fail(report, &error, "set HOME or XDG_CONFIG_HOME"),
    };
    let path = file.path().display().to_string();
    match file.load() {
        Ok(None) => report.ok(WHAT, "there is none; `jeton login` makes one"),
        Ok(Some(_)) => found(report, file.path(), &path),
        // The message ends with what to do.
        Err(error) => fail(report, &error, &format!("repair or delete `{path}`, then: jeton login")),
    }
}

fn found(report: &mut Report, file: &Path, path: &str) {
    let folder = file.parent().unwrap_or(file);
    match fs::metadata(folder) {
        Ok(found) if found.permissions().mode() & WRITTEN_BY_OTHERS != 0 => {
            let folder = folder.display();
            report.warn(WHAT, format!("others can write to `{folder}`"), format!("chmod 700 {folder}"));
        }
        Err(error) if error.kind() != ErrorKind::NotFound => {
            report.warn(WHAT, error.to_string(), "see who owns the folder");
        }
        _ => report.ok(WHAT, format!("{path}, mode 0600")),
    }
}

fn fail(report: &mut Report, error: &Error, next: &str) {
    let text = error.to_string();
    match text.split_once('\n') {
        Some((found, remedy)) => report.fail(WHAT, found, remedy),
        None => report.fail(WHAT, text, next),
    }
}
