//! Files that hold secrets: mode 0600 from the first moment, replaced as a whole, never through a symbolic link.

use std::fs::{self, DirBuilder, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

/// More than any file of settings that makes sense.
const MAX_BYTES: u64 = 1024 * 1024;

/// A file that only its user may read.
#[derive(Debug)]
pub(crate) struct PrivateFile(PathBuf);

impl PrivateFile {
    /// The file at this path, which need not be there yet.
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes the folder that it is in, for its user only. One that is there stays as it is.
    pub(crate) fn make_folder(&self) -> Result<()> {
        let folder = self.folder()?;
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.with_context(|| format!("`{}` cannot be made", folder.display()))
    }

    /// Finds out whether it can be replaced, without doing so.
    pub(crate) fn check(&self) -> Result<()> {
        self.find()?;
        self.aside().map(drop)
    }

    /// The same where its folder need not be there, and could be made.
    pub(crate) fn check_with_folder(&self) -> Result<()> {
        let mut folder = self.folder()?;
        if fs::symlink_metadata(folder).is_ok() {
            return self.check();
        }
        while fs::symlink_metadata(folder).is_err() {
            folder = folder.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        }
        made_in(folder).map(drop)
    }

    /// Its text; nothing when it is not there. What is no regular file is refused.
    pub(crate) fn read(&self) -> Result<Option<Zeroizing<String>>> {
        let Some(found) = self.find()? else { return Ok(None) };
        let file = File::open(&self.0).with_context(|| self.named())?;
        let opened = file.metadata().with_context(|| self.named())?;
        if (found.dev(), found.ino()) != (opened.dev(), opened.ino()) {
            bail!("{} was exchanged while it was read", self.named());
        }
        let mut text = Zeroizing::new(String::new());
        file.take(MAX_BYTES + 1).read_to_string(&mut text).with_context(|| self.named())?;
        if u64::try_from(text.len()).is_ok_and(|len| len > MAX_BYTES) {
            bail!("{} is larger than {MAX_BYTES} bytes", self.named());
        }
        Ok(Some(text))
    }

    /// Puts this text in place of what is there, at once: nobody sees a half of it, and nobody else any of it.
    pub(crate) fn replace(&self, text: &str) -> Result<()> {
        self.find()?;
        let mut aside = self.aside()?;
        aside.write_all(text.as_bytes()).with_context(|| self.named())?;
        aside.as_file().sync_all().with_context(|| self.named())?;
        // A rename goes to the name itself, whatever stands there by now.
        aside.persist(&self.0).with_context(|| self.named())?;
        let folder = File::open(self.folder()?).and_then(|folder| folder.sync_all());
        folder.with_context(|| self.named())
    }

    /// What stands there; nothing when nothing does.
    fn find(&self) -> Result<Option<fs::Metadata>> {
        let found = match fs::symlink_metadata(&self.0) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            found => found.with_context(|| self.named())?,
        };
        if found.is_symlink() {
            bail!(
                "{} is a symbolic link, and a secret goes through none: name the file itself",
                self.named()
            );
        }
        if !found.is_file() {
            bail!("{} is not a file", self.named());
        }
        Ok(Some(found))
    }

    /// A new file beside it; its mode is 0600 from the moment it is made.
    fn aside(&self) -> Result<NamedTempFile> {
        made_in(self.folder()?)
    }

    fn folder(&self) -> Result<&Path> {
        match self.0.parent() {
            Some(folder) if folder.as_os_str().is_empty() => Ok(Path::new(".")),
            Some(folder) if self.0.file_name().is_some() => Ok(folder),
            _ => bail!("{} names no file", self.named()),
        }
    }

    fn named(&self) -> String {
        format!("`{}`", self.0.display())
    }
}

fn made_in(folder: &Path) -> Result<NamedTempFile> {
    let made = tempfile::Builder::new().prefix(".jeton-").tempfile_in(folder);
    made.with_context(|| format!("nothing can be written to `{}`", folder.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn in_folder(name: &str) -> (tempfile::TempDir, PrivateFile) {
        let folder = tempfile::tempdir().unwrap();
        let file = PrivateFile::new(folder.path().join(name));
        (folder, file)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn what_is_written_is_private_and_alone() {
        let (folder, file) = in_folder("a");
        file.check().unwrap();
        assert!(names(folder.path()).is_empty(), "a check leaves nothing behind");
        file.replace("one").unwrap();
        file.replace("two").unwrap();
        assert_eq!(file.read().unwrap().unwrap().as_str(), "two");
        assert_eq!((mode(file.path()), names(folder.path())), (0o600, vec!["a".to_owned()]));
    }

    #[test]
    fn a_file_that_others_could_read_becomes_private() {
        let (_folder, file) = in_folder("a");
        fs::write(file.path(), "one").unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o666)).unwrap();
        file.replace("two").unwrap();
        assert_eq!(mode(file.path()), 0o600);
    }

    #[test]
    fn folders_that_are_made_are_private() {
        let (folder, file) = in_folder("b/c/a");
        assert!(file.check().is_err());
        file.check_with_folder().unwrap();
        assert!(!folder.path().join("b").exists(), "a check makes nothing");
        file.make_folder().unwrap();
        file.check().unwrap();
        file.check_with_folder().unwrap();
        assert_eq!((mode(&folder.path().join("b")), mode(&folder.path().join("b/c"))), (0o700, 0o700));
    }

    #[test]
    fn a_symbolic_link_is_neither_read_nor_replaced() {
        let (folder, file) = in_folder("link");
        let target = folder.path().join("target");
        fs::write(&target, "untouched").unwrap();
        symlink(&target, file.path()).unwrap();
        for result in [file.check(), file.read().map(drop), file.replace("secret")] {
            assert!(result.unwrap_err().to_string().contains("is a symbolic link"));
        }
        assert_eq!(fs::read_to_string(&target).unwrap(), "untouched");
    }

    #[test]
    fn a_dangling_link_is_refused_as_well() {
        let (folder, file) = in_folder("link");
        symlink(folder.path().join("nothing"), file.path()).unwrap();
        assert!(file.check().is_err() && file.replace("secret").is_err());
        assert_eq!(names(folder.path()), ["link"]);
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let (_folder, file) = in_folder("a");
        fs::create_dir(file.path()).unwrap();
        assert!(file.check().unwrap_err().to_string().ends_with("is not a file"));
        assert!(PrivateFile::new("/").check().is_err() && PrivateFile::new("..").check().is_err());
    }

    #[test]
    fn no_file_is_no_text() {
        let (_folder, file) = in_folder("a");
        assert!(file.read().unwrap().is_none());
    }
}
