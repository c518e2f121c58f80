//! Files and folders. A symbolic link within a folder is not followed, so nothing outside of what was named is read.

use std::ffi::OsStr;
use std::fs::{self, DirEntry, File};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::Scan;
use super::report::{Origin, Part, Reason};

/// What every folder has in which git keeps a repository.
const OF_GIT: [&str; 3] = ["HEAD", "objects", "refs"];

/// Looks through a file, or through all files of a folder. What was named is followed if it is a link.
pub(super) fn walk(scan: &mut Scan, path: &Path) {
    name(scan, path, path.as_os_str());
    match fs::metadata(path).map(|found| found.file_type()) {
        Ok(kind) if kind.is_dir() => folders(scan, path),
        // A pipe that was named is waited for, such as that of a shell's `<(command)`.
        Ok(_) => file(scan, path, File::open(path).map(Some)),
        Err(error) => scan.unreadable(path, &error),
    }
}

fn folders(scan: &mut Scan, path: &Path) {
    scan.walked.extend(path.canonicalize());
    // A folder's own folders are kept aside, so that a deep tree takes no deep stack.
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        let mut inside = vec![];
        match entries(&folder) {
            Ok(entries) => each(scan, &folder, &entries, &mut inside),
            Err(error) => scan.unreadable(&folder, &error),
        }
        folders.extend(inside.into_iter().rev());
    }
}

/// In an order that does not depend on the file system.
fn entries(folder: &Path) -> io::Result<Vec<DirEntry>> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(DirEntry::file_name);
    Ok(entries)
}

fn each(scan: &mut Scan, folder: &Path, entries: &[DirEntry], folders: &mut Vec<PathBuf>) {
    let has = |name: &str| entries.iter().any(|entry| entry.file_name() == name);
    let is_repository = OF_GIT.into_iter().all(has);
    // The folder `.git` is met through the one that it lies in.
    if has(".git") || (is_repository && folder.file_name() != Some(OsStr::new(".git"))) {
        scan.repositories.push_back(folder.to_owned());
    }
    for entry in entries {
        // What git keeps there is compressed: it is read by `--git` and in no other way.
        if !(is_repository && entry.file_name() == "objects") {
            visit(scan, entry, folders);
        }
    }
}

fn visit(scan: &mut Scan, entry: &DirEntry, folders: &mut Vec<PathBuf>) {
    let path = entry.path();
    name(scan, &path, &entry.file_name());
    match entry.file_type() {
        Ok(kind) if kind.is_dir() => folders.push(path),
        Ok(kind) if kind.is_symlink() => link(scan, &path),
        Ok(kind) if kind.is_file() => file(scan, &path, open(&path)),
        Ok(_) => scan.skip(Reason::NoFile, &path),
        Err(error) => scan.unreadable(&path, &error),
    }
}

/// A name may be a token, too.
fn name(scan: &mut Scan, path: &Path, name: &OsStr) {
    let origin = Origin { path: Some(scan.shown(path)), part: Part::Name, ..Origin::default() };
    scan.words(&origin, name.as_bytes());
}

/// What a link leads to is not read; where it leads to, is.
fn link(scan: &mut Scan, path: &Path) {
    match fs::read_link(path) {
        Ok(target) => {
            let origin = Origin { path: Some(scan.shown(path)), ..Origin::default() };
            scan.words(&origin, target.as_os_str().as_bytes());
            scan.skip(Reason::SymbolicLink, path);
        }
        Err(error) => scan.unreadable(path, &error),
    }
}

fn file(scan: &mut Scan, path: &Path, opened: io::Result<Option<File>>) {
    let origin = Origin { path: Some(scan.shown(path)), ..Origin::default() };
    match opened.and_then(|file| file.map(|mut file| scan.text(&origin, &mut file)).transpose()) {
        Ok(Some(extent)) => scan.gap(extent.end, path),
        Ok(None) => scan.skip(Reason::NoFile, path),
        Err(error) => scan.unreadable(path, &error),
    }
}

/// Neither follows a link that has taken the file's place, nor waits for whoever writes into a pipe.
fn open(path: &Path) -> io::Result<Option<File>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    // It was a file a moment ago.
    Ok(file.metadata()?.is_file().then_some(file))
}

/// As people see it; `./` says nothing.
pub(super) fn short(path: &Path) -> &Path {
    path.strip_prefix(".").ok().filter(|rest| !rest.as_os_str().is_empty()).unwrap_or(path)
}
