//! The profile: the server and the credential that `jeton login` keeps, in `jeton/profile.toml` below
//! `$XDG_CONFIG_HOME`.
//!
//! The file is made with mode 0600 in a folder with mode 0700, written aside and renamed, so that it is never
//! half there and never readable by others, not even for a moment. One that others can read is refused: whoever
//! widened it, the secret in it may be known.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use etcetera::{BaseStrategy, choose_base_strategy};
use jeton_api::Secret;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::login::way::{PassedOver, Way};
use crate::private_file::PrivateFile;
use crate::toml_file::TomlFile;

/// What is kept.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// The server.
    pub(crate) url: String,
    /// The credential for this server, and for no other one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<Secret>,
    /// How it was come by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) way: Option<Way>,
    /// The audience for which the user lets this server have identity tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) exchange_audience: Option<String>,
    /// The ways before that one, and why they led nowhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) passed_over: Vec<PassedOver>,
}

impl Profile {
    /// With nothing but a server.
    pub(crate) fn of_server(url: String) -> Self {
        Self { url, token: None, way: None, exchange_audience: None, passed_over: vec![] }
    }
}

/// The file of the user's profile.
#[derive(Debug)]
pub(crate) struct ProfileFile(PathBuf);

impl ProfileFile {
    /// The one of the user who runs this.
    pub(crate) fn of_user() -> Result<Self> {
        let folders = choose_base_strategy().context("the configuration folder is not known: set HOME")?;
        Ok(Self(folders.config_dir().join("jeton").join("profile.toml")))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// What it holds; nothing when there is none.
    pub(crate) fn load(&self) -> Result<Option<Profile>> {
        let path = self.0.display();
        let mut file = match File::open(&self.0) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(anyhow!(error).context(format!("profile `{path}`")).into()),
        };
        let mode = file.metadata().with_context(|| format!("profile `{path}`"))?.permissions().mode();
        refuse_if_wide(&self.0, mode)?;
        let mut text = String::new();
        file.read_to_string(&mut text).with_context(|| format!("profile `{path}`"))?;
        TomlFile::new(path.to_string(), text).parse().map(Some)
    }

    /// Finds out whether a profile can be kept, before there is something to keep.
    pub(crate) fn check(&self) -> Result<()> {
        let checked = PrivateFile::new(&self.0).check_with_folder();
        checked.with_context(|| format!("profile `{}` cannot be written", self.0.display()))?;
        Ok(())
    }

    /// Keeps the profile in place of the one before.
    pub(crate) fn save(&self, profile: &Profile) -> Result<()> {
        let text = toml::to_string(profile).context("the profile cannot be written as TOML")?;
        self.write(&text).with_context(|| format!("profile `{}` cannot be written", self.0.display()))?;
        Ok(())
    }

    fn write(&self, text: &str) -> anyhow::Result<()> {
        let file = PrivateFile::new(&self.0);
        file.make_folder()?;
        file.replace(text)
    }

    /// Keeps the server and forgets the credential. Without a profile there is nothing to do.
    pub(crate) fn forget_token(&self) -> Result<()> {
        match self.load() {
            Ok(Some(Profile { url, exchange_audience, .. })) => {
                self.save(&Profile { exchange_audience, ..Profile::of_server(url) })
            }
            Ok(None) => Ok(()),
            // A profile that cannot be read must not keep a secret either.
            Err(_) => self.remove(),
        }
    }

    fn remove(&self) -> Result<()> {
        let removed = fs::remove_file(&self.0);
        removed.with_context(|| format!("profile `{}` cannot be removed", self.0.display()))?;
        Ok(())
    }
}

fn refuse_if_wide(path: &Path, mode: u32) -> Result<()> {
    if mode & 0o077 != 0 {
        let (path, mode) = (path.display(), mode & 0o777);
        let refused = format!("profile `{path}` is open to others (mode {mode:04o}), so it is not read");
        return Err(anyhow!("{refused}\nmake it private: chmod 600 '{path}'").into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn saved() -> (tempfile::TempDir, ProfileFile) {
        let folder = tempfile::tempdir().unwrap();
        let file = ProfileFile(folder.path().join("config/jeton/profile.toml"));
        let token = Some(Secret::new("jtn_x"));
        let profile = Profile { token, ..Profile::of_server("http://127.0.0.1:7070".to_owned()) };
        file.save(&profile).unwrap();
        (folder, file)
    }

    #[test]
    fn file_and_folder_are_private() {
        let (_folder, file) = saved();
        assert_eq!(mode(&file.0), 0o600);
        assert_eq!(mode(file.0.parent().unwrap()), 0o700);
        let entries = fs::read_dir(file.0.parent().unwrap()).unwrap().count();
        assert_eq!(entries, 1, "nothing is left beside it");
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let (_folder, file) = saved();
        let profile = file.load().unwrap().unwrap();
        assert_eq!(profile.url, "http://127.0.0.1:7070");
        assert_eq!(profile.token.unwrap().expose(), "jtn_x");
    }

    #[test]
    fn no_file_is_no_profile() {
        let folder = tempfile::tempdir().unwrap();
        assert!(ProfileFile(folder.path().join("none.toml")).load().unwrap().is_none());
    }

    #[test]
    fn a_wider_file_is_refused_with_the_remedy() {
        for wide in [0o640, 0o604, 0o644, 0o620] {
            let (_folder, file) = saved();
            fs::set_permissions(&file.0, fs::Permissions::from_mode(wide)).unwrap();
            let error = file.load().unwrap_err().to_string();
            assert!(error.contains(&format!("mode {wide:04o}")), "{error}");
            assert!(error.contains("chmod 600"), "{error}");
        }
    }

    #[test]
    fn forgetting_keeps_the_server() {
        let (_folder, file) = saved();
        file.forget_token().unwrap();
        let profile = file.load().unwrap().unwrap();
        assert!(profile.token.is_none());
        assert_eq!(profile.url, "http://127.0.0.1:7070");
    }

    #[test]
    fn an_unreadable_profile_is_forgotten_whole() {
        let (_folder, file) = saved();
        fs::set_permissions(&file.0, fs::Permissions::from_mode(0o644)).unwrap();
        file.forget_token().unwrap();
        assert!(!file.0.exists());
    }

    #[test]
    fn a_wrong_profile_names_the_place_and_not_the_secret() {
        let (_folder, file) = saved();
        file.write("url = \"http://127.0.0.1:7070\"\ntoken = \"jtn_secret\"\nother = 1\n").unwrap();
        let error = file.load().unwrap_err().to_string();
        assert!(
            error.contains("profile.toml:3:1: unknown field `other`, expected one of `url`, `token`, "),
            "{error}"
        );
        assert!(!error.contains("jtn_secret"), "{error}");
    }
}
