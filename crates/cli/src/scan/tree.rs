//! Files and folders. No symbolic link is followed, so nothing outside of what was named is read.

use std::fs::{self, DirEntry, File, FileType};
use std::io;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use super::Scan;
use super::report::{Origin, Reason};
use super::search::Extent;

/// Looks through a file, or through all files of a folder.
pub(super) fn walk(scan: &mut Scan, path: &Path) {
    let kind = match fs::symlink_metadata(path) {
        Ok(found) => found.file_type(),
        Err(error) => return scan.unreadable(path, &error),
    };
    // A folder's own folders are kept aside, so that a deep tree takes no deep stack.
    let mut folders = vec![];
    visit(scan, path.to_owned(), kind, &mut folders);
    while let Some(folder) = folders.pop() {
        let mut inside = vec![];
        match entries(&folder) {
            Ok(entries) => entries.into_iter().for_each(|entry| entry_of(scan, &entry, &mut inside)),
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

fn entry_of(scan: &mut Scan, entry: &DirEntry, folders: &mut Vec<std::path::PathBuf>) {
    match entry.file_type() {
        Ok(kind) => visit(scan, entry.path(), kind, folders),
        Err(error) => scan.unreadable(&entry.path(), &error),
    }
}

fn visit(scan: &mut Scan, path: std::path::PathBuf, kind: FileType, folders: &mut Vec<std::path::PathBuf>) {
    if kind.is_dir() {
        if !is_object_store(&path) {
            folders.push(path);
        }
    } else if kind.is_symlink() {
        scan.skip(Reason::SymbolicLink, &path);
    } else if kind.is_file() {
        file(scan, &path);
    } else {
        scan.skip(Reason::NoFile, &path);
    }
}

/// What git keeps there is compressed: it is read by `--git` and in no other way.
fn is_object_store(path: &Path) -> bool {
    path.ends_with(".git/objects")
}

fn file(scan: &mut Scan, path: &Path) {
    let opened = open(path).and_then(|file| Ok((file.metadata()?, file)));
    match opened {
        // It was a file a moment ago.
        Ok((found, _)) if !found.is_file() => scan.skip(Reason::NoFile, path),
        Ok((found, _)) if found.len() > scan.search.bytes_max() => scan.skip(Reason::TooLarge, path),
        Ok((_, mut file)) => {
            let shown = shown(path);
            let origin = Origin { path: Some(shown), ..Origin::default() };
            match scan.text(&origin, &mut file) {
                Ok(Extent::Whole(_)) => {}
                Ok(Extent::Binary) => scan.skip(Reason::Binary, path),
                Ok(Extent::Cut) => scan.skip(Reason::TooLarge, path),
                Err(error) => scan.unreadable(path, &error),
            }
        }
        Err(error) => scan.unreadable(path, &error),
    }
}

/// Neither follows a link that has taken the file's place, nor waits for whoever writes into a pipe.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

/// As people see it; `./` says nothing.
pub(super) fn shown(path: &Path) -> String {
    let path = path.strip_prefix(".").ok().filter(|rest| !rest.as_os_str().is_empty()).unwrap_or(path);
    path.to_string_lossy().into_owned()
}
