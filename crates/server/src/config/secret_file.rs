//! Files that hold one secret each, named by the configuration.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use toml::Spanned;
use zeroize::Zeroizing;

use super::sign_in::Wrong;
use crate::limits::SECRET_FILE_BYTES_MAX;

/// The secret in a file that nobody else may read.
pub(super) fn read(file: &Spanned<PathBuf>) -> Result<Zeroizing<String>, Wrong> {
    let name = file.get_ref().display();
    let wrong = |why: String| (file.span(), format!("`{name}`: {why}"));
    let opened = File::open(file.get_ref()).map_err(|error| wrong(error.to_string()))?;
    let mode = opened.metadata().map_err(|error| wrong(error.to_string()))?.mode();
    if mode & 0o077 != 0 {
        return Err(wrong(format!("it can be read by others: chmod 600 {name}")));
    }
    let mut text = Zeroizing::new(String::new());
    let read = opened.take(SECRET_FILE_BYTES_MAX + 1).read_to_string(&mut text);
    let length = read.map_err(|error| wrong(error.to_string()))?;
    if u64::try_from(length).is_ok_and(|length| length > SECRET_FILE_BYTES_MAX) {
        return Err(wrong("it is too long for a file with one secret".to_owned()));
    }
    let secret = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
    if secret.is_empty() { Err(wrong("it is empty".to_owned())) } else { Ok(secret) }
}
