//! Objects of git, as `git cat-file` prints them.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context;

use super::Scan;
use super::git::{Git, finish};
use super::report::{Origin, Part, Reason};
use super::search::End;
use crate::error::Result;

/// `%(rest)` is the path that was said beside the object's name.
const HEADER: &str = "--batch=%(objectname) %(objecttype) %(objectsize) %(rest)";
const HEADER_BYTES_MAX: u64 = 64 * 1024;
/// A pointer of Git LFS is smaller.
const POINTER_BYTES_MAX: u64 = 1024;
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";
const POINTER_OID: &str = "oid sha256:";

/// Where the objects are from.
pub(super) struct Objects<'a> {
    pub(super) git: &'a Git,
    /// What goes before the path of a file.
    pub(super) top: PathBuf,
    /// Where git keeps the repository.
    pub(super) common: PathBuf,
}

/// An object that `git cat-file` is about to print.
struct Object {
    name: String,
    kind: String,
    size: u64,
    path: String,
}

impl Objects<'_> {
    /// Looks through the objects with these names.
    pub(super) fn look(&self, scan: &mut Scan, names: Stdio, errors: &File) -> Result<()> {
        let mut errors = errors.try_clone().context("a temporary file cannot be used")?;
        let mut reader = self.git.start(&["cat-file", HEADER, "--buffer"], names, &errors)?;
        let mut output = BufReader::new(reader.stdout.take().context("git has no output")?);
        while let Some(header) = header(&mut output).context("git cannot be read")? {
            match Object::parse(&header) {
                Some(object) => self.object(scan, &object, &mut output).context("git cannot be read")?,
                None => scan.skip(Reason::Missing, Path::new(missing(&header))),
            }
        }
        drop(output);
        finish(&mut reader, &mut errors)
    }

    fn object(&self, scan: &mut Scan, object: &Object, output: &mut impl Read) -> io::Result<()> {
        // Its content, and a newline that is no part of it.
        let mut content = output.take(object.size);
        match object.kind.as_str() {
            "tree" => self.tree(scan, object, &mut content)?,
            "blob" if object.size <= POINTER_BYTES_MAX => self.small(scan, object, &mut content)?,
            _ => self.text(scan, object, &mut content)?,
        }
        io::copy(&mut content, &mut io::sink())?;
        output.read_exact(&mut [0])
    }

    fn text(&self, scan: &mut Scan, object: &Object, content: &mut impl Read) -> io::Result<()> {
        let origin = self.origin(scan, object);
        let extent = scan.text(&origin, content)?;
        self.gap(scan, extent.end, object);
        Ok(())
    }

    fn gap(&self, scan: &mut Scan, end: End, object: &Object) {
        let path =
            if object.kind == "blob" { self.top.join(&object.path) } else { object.name.clone().into() };
        scan.gap(end, &path);
    }

    /// A file that may only point to what it holds.
    fn small(&self, scan: &mut Scan, object: &Object, content: &mut impl Read) -> io::Result<()> {
        let mut text = vec![];
        content.read_to_end(&mut text)?;
        if text.starts_with(POINTER) {
            self.pointer(scan, object, &String::from_utf8_lossy(&text))?;
        }
        self.text(scan, object, &mut text.as_slice())
    }

    fn pointer(&self, scan: &mut Scan, object: &Object, pointer: &str) -> io::Result<()> {
        let oid = pointer.lines().find_map(|line| line.strip_prefix(POINTER_OID)).unwrap_or_default();
        if let Some(mut file) = self.large(oid) {
            return self.text(scan, object, &mut file);
        }
        scan.skip(Reason::Lfs, &self.top.join(&object.path));
        Ok(())
    }

    /// What Git LFS keeps under this name, if it is here.
    fn large(&self, oid: &str) -> Option<File> {
        let (first, second) = (oid.get(..2)?, oid.get(2..4)?);
        let is_name = oid.bytes().all(|byte| byte.is_ascii_hexdigit());
        let path = self.common.join("lfs/objects").join(first).join(second).join(oid);
        is_name.then(|| File::open(path).ok()).flatten()
    }

    /// The names in a folder. Only where a token stands in it, they are told apart.
    fn tree(&self, scan: &mut Scan, object: &Object, content: &mut impl Read) -> io::Result<()> {
        if object.size > scan.search.bytes_max() {
            scan.skip(Reason::TooLarge, &self.top.join(&object.path));
            return Ok(());
        }
        let mut entries = vec![];
        content.read_to_end(&mut entries)?;
        if !scan.search.has_token(&entries) {
            return Ok(());
        }
        for name in names(&entries, object.name.len() / 2) {
            let path = self.top.join(&object.path).join(&*String::from_utf8_lossy(name));
            let origin =
                Origin { path: Some(scan.shown(&path)), part: Part::Name, ..self.origin(scan, object) };
            scan.words(&origin, name);
        }
        Ok(())
    }

    fn origin(&self, scan: &Scan, object: &Object) -> Origin {
        let is_file = object.kind == "blob";
        Origin {
            path: is_file.then(|| scan.shown(&self.top.join(&object.path))),
            part: if is_file { Part::Content } else { Part::Message },
            commit: (object.kind == "commit").then(|| object.name.clone()),
            object: Some(object.name.clone()),
        }
    }
}

impl Object {
    fn parse(header: &str) -> Option<Self> {
        let mut parts = header.strip_suffix('\n').unwrap_or(header).splitn(4, ' ');
        let (name, kind, size) = (parts.next()?, parts.next()?, parts.next()?);
        let path = parts.next().unwrap_or_default();
        Some(Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            size: size.parse().ok()?,
            path: path.to_owned(),
        })
    }
}

/// The next line; nothing at the end.
fn header(output: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let read = output.take(HEADER_BYTES_MAX).read_until(b'\n', &mut line)?;
    if read > 0 && line.last() != Some(&b'\n') {
        return Err(io::Error::other("the path of an object has no end"));
    }
    Ok((read > 0).then(|| String::from_utf8_lossy(&line).into_owned()))
}

/// The name of an object that is not there; a list of objects marks it with `?`.
fn missing(header: &str) -> &str {
    let header = header.trim_end();
    header.strip_suffix(" missing").unwrap_or(header).trim_start_matches('?')
}

/// The names in a tree object: mode, space, name, zero, and the name of an object in so many bytes.
fn names(entries: &[u8], object_len: usize) -> Vec<&[u8]> {
    let mut names = vec![];
    let mut rest = entries;
    while let Some(end) = memchr::memchr(0, rest) {
        let entry = rest.get(..end).unwrap_or_default();
        names.extend(entry.iter().position(|byte| *byte == b' ').and_then(|at| entry.get(at + 1..)));
        rest = rest.get(end + 1 + object_len..).unwrap_or_default();
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_read_with_their_paths() {
        let object = Object::parse("abc blob 12 a b/c d.txt\n").unwrap();
        assert_eq!((object.name.as_str(), object.kind.as_str()), ("abc", "blob"));
        assert_eq!((object.size, object.path.as_str()), (12, "a b/c d.txt"));
        assert_eq!(Object::parse("abc commit 7 \n").unwrap().path, "");
        assert!(Object::parse("abc missing\n").is_none());
    }

    #[test]
    fn names_of_a_folder_are_told_apart() {
        assert_eq!(names(b"100644 a b\x00\x00 \x0040000 c\x00xyz", 3), [&b"a b"[..], b"c"]);
        assert_eq!(names(b"100644 a\0", 20), [b"a"]);
        assert!(names(b"", 20).is_empty());
    }
}
