//! Keys and randomness: the only room that reads the pepper file and the operating system's generator.
//!
//! The pepper file lies outside the data directory, so that a copy of the one is not a copy of the other. It
//! holds the versioned peppers and the id key. A new version is only ever added: old tokens go on verifying.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use jeton_token::{Id, IdKey, Pepper, PepperVersion, Timestamp, TokenDigest, TokenSecret, TokenText};
use serde::Deserialize;
use zeroize::{Zeroize as _, Zeroizing};

/// A source of random bytes; a parameter of everything that needs it.
#[derive(Clone)]
pub struct Rng(Arc<Fill>);

type Fill = dyn Fn(&mut [u8]) + Send + Sync;

impl Rng {
    /// The operating system's generator.
    ///
    /// # Panics
    /// When the system has no randomness to give, because then nothing can be issued.
    #[expect(clippy::expect_used, reason = "a system without randomness must not go on issuing secrets")]
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the room for it")]
        Self::new(|bytes| aws_lc_rs::rand::fill(bytes).expect("the operating system gives random bytes"))
    }

    /// A source of one's own.
    pub fn new(fill: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(fill))
    }

    /// Some random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }

    /// A fresh token secret.
    pub fn secret(&self) -> TokenSecret {
        let mut bytes = self.bytes::<64>();
        let secret = TokenSecret::from_uniform(&bytes);
        bytes.zeroize();
        secret
    }
}

impl fmt::Debug for Rng {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rng")
    }
}

/// The deployment's keys.
#[derive(Debug)]
pub struct Keys {
    id_key: IdKey,
    id_check: String,
    /// INVARIANT: never empty.
    peppers: BTreeMap<PepperVersion, Pepper>,
}

/// Why the keys cannot be had. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file is missing although the database was made with one.
    #[error(
        "pepper file `{0}` is missing, but the database was made with one: bring it back from its backup, \
         or name it with --pepper-file"
    )]
    Missing(String),
    /// Others can read the file.
    #[error("pepper file `{0}` can be read by others: chmod 600 {0}")]
    TooOpen(String),
    /// The file is no pepper file.
    #[error("pepper file `{file}` cannot be read: {why}")]
    Unreadable {
        /// Which file.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// The file cannot be opened or written.
    #[error("pepper file `{file}`: {source}")]
    Io {
        /// Which file.
        file: String,
        /// What the system says.
        source: io::Error,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    id_key: Zeroizing<String>,
    pepper: Vec<PepperEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PepperEntry {
    version: u32,
    key: Zeroizing<String>,
}

impl Keys {
    /// Reads the pepper file.
    pub fn load(file: &Path) -> Result<Self, KeysError> {
        let name = file.display().to_string();
        let io = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => KeysError::Missing(name.clone()),
            _ => KeysError::Io { file: name.clone(), source },
        };
        let mut opened = File::open(file).map_err(io)?;
        if opened.metadata().map_err(io)?.mode() & 0o077 != 0 {
            return Err(KeysError::TooOpen(name));
        }
        let mut text = Zeroizing::new(String::new());
        opened.read_to_string(&mut text).map_err(io)?;
        Self::parse(&text).map_err(|why| KeysError::Unreadable { file: name, why })
    }

    /// Writes a pepper file with fresh keys, for its owner's eyes only. A file that exists is never touched.
    pub fn create(file: &Path, rng: &Rng) -> Result<Self, KeysError> {
        let io = |source| KeysError::Io { file: file.display().to_string(), source };
        let mut options = OpenOptions::new();
        let mut opened = options.write(true).create_new(true).mode(0o600).open(file).map_err(io)?;
        opened.write_all(fresh_file(rng).as_bytes()).and_then(|()| opened.sync_all()).map_err(io)?;
        sync_parent(file).map_err(io)?;
        Self::load(file)
    }

    /// Fresh keys that live as long as the process, for tests.
    pub fn ephemeral(rng: &Rng) -> Result<Self, KeysError> {
        let unreadable = |why| KeysError::Unreadable { file: String::new(), why };
        Self::parse(&fresh_file(rng)).map_err(unreadable)
    }

    /// Mints an id for this moment.
    pub fn mint_id(&self, now: Timestamp, rng: &Rng) -> Id {
        let unix_ms = u64::try_from(now.0).unwrap_or(0);
        self.id_key.mint(unix_ms, u64::from_be_bytes(rng.bytes()))
    }

    /// Whether the id was minted with these keys.
    pub fn is_genuine(&self, id: Id) -> bool {
        self.id_key.is_genuine(id)
    }

    /// The digest to store for a fresh token, and the version of its pepper.
    pub fn digest(&self, text: &TokenText) -> (PepperVersion, TokenDigest) {
        let pepper = self.newest();
        (pepper.version(), pepper.digest(text))
    }

    /// The pepper of a version, if it is still there.
    pub fn pepper(&self, version: PepperVersion) -> Option<&Pepper> {
        self.peppers.get(&version)
    }

    /// The versions of the peppers, the newest first.
    pub fn versions(&self) -> impl Iterator<Item = PepperVersion> {
        self.peppers.keys().rev().copied()
    }

    /// The pepper that new rows are made with.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "parse refuses a file without a pepper"
    )]
    pub fn newest(&self) -> &Pepper {
        self.peppers.values().next_back().expect("there is a pepper")
    }

    /// Names and check values of all keys, to compare with those in the database.
    pub fn checks(&self) -> Vec<(String, String)> {
        let peppers = self
            .peppers
            .values()
            .map(|pepper| (format!("pepper.{}", pepper.version().0), hex(pepper.check().as_bytes())));
        std::iter::once(("id_key".to_owned(), self.id_check.clone())).chain(peppers).collect()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let file: KeyFile = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let id_bytes = key_bytes(&file.id_key)?;
        let mut peppers = BTreeMap::new();
        for entry in &file.pepper {
            let version = PepperVersion(entry.version);
            if peppers.insert(version, Pepper::new(version, &*key_bytes(&entry.key)?)).is_some() {
                return Err(format!("pepper version {} stands there twice", entry.version));
            }
        }
        if peppers.is_empty() {
            return Err("there is no [[pepper]] in it".to_owned());
        }
        // An id of zero time and randomness tells keys apart without revealing them.
        let id_key = IdKey::new(&id_bytes);
        Ok(Self { id_check: id_key.mint(0, 0).to_string(), id_key, peppers })
    }
}

fn fresh_file(rng: &Rng) -> Zeroizing<String> {
    let key = || Zeroizing::new(hex(&*Zeroizing::new(rng.bytes::<32>())));
    Zeroizing::new(format!(
        "# The keys of a Jeton deployment. Keep a backup apart from the database's: without this file every\n\
         # token is dead. Add a [[pepper]] with a higher version to roll it; never change or remove a line.\n\
         id_key = \"{}\"\n\n[[pepper]]\nversion = 1\nkey = \"{}\"\n",
        *key(),
        *key()
    ))
}

fn key_bytes(text: &str) -> Result<Zeroizing<[u8; 32]>, String> {
    let wrong = || "a key is 64 hexadecimal digits".to_owned();
    let mut bytes = Zeroizing::new([0; 32]);
    if text.len() != 64 || !text.is_ascii() {
        return Err(wrong());
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        let pair = text.get(2 * index..2 * index + 2).ok_or_else(wrong)?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
    }
    Ok(bytes)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Makes the new name itself durable, not only the bytes behind it.
pub(crate) fn sync_parent(file: &Path) -> io::Result<()> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}
