//! The text of a token: `prefix_kind_id_secret` followed by a checksum.
//!
//! ```text
//! jtn_pat_<22 id><32 secret><6 checksum>      with `_` between prefix, kind, id and the rest
//! ```
//! The prefix and the checksum let scanners find leaked tokens offline; neither is a security control.
//! Parsing refuses garbage without any I/O. Errors carry positions at most, never the text.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::base62;
use crate::id::{IdError, TokenId};
use crate::secret::TokenSecret;

/// The longest text that can be a token: a prefix of 16 characters and the fixed rest.
pub const MAX_TEXT_BYTES: usize = 82;

const CHECKSUM_LEN: usize = 6;

/// A token as it is presented: well-formed and with a right checksum, but not yet known to be anybody's.
///
/// It holds the secret, so it cannot be cloned, compared, serialised or printed. Its `Debug` shows kind and id;
/// nothing else compiles:
///
/// ```
/// fn needs<T: std::fmt::Debug>() {}
/// needs::<jeton_token::TokenText>();
/// ```
/// ```compile_fail,E0277
/// fn needs<T: Clone>() {}
/// needs::<jeton_token::TokenText>();
/// ```
/// ```compile_fail,E0277
/// fn needs<T: PartialEq>() {}
/// needs::<jeton_token::TokenText>();
/// ```
/// ```compile_fail,E0277
/// fn needs<T: std::fmt::Display>() {}
/// needs::<jeton_token::TokenText>();
/// ```
/// ```compile_fail,E0277
/// fn needs<T: serde::Serialize>() {}
/// needs::<jeton_token::TokenText>();
/// ```
pub struct TokenText {
    text: Zeroizing<String>,
    prefix: Prefix,
    kind: TokenKind,
    id: TokenId,
}

impl TokenText {
    /// The text of a freshly minted token.
    pub fn new(prefix: Prefix, kind: TokenKind, id: TokenId, secret: &TokenSecret) -> Self {
        // The room is taken at once: a growing string would leave copies of the secret behind.
        let mut text = Zeroizing::new(String::with_capacity(MAX_TEXT_BYTES));
        for part in [&prefix.0, "_", kind.tag(), "_", &id.to_string(), "_"] {
            text.push_str(part);
        }
        text.extend(secret.digits().iter().copied().map(char::from));
        let sum = checksum(text.as_bytes());
        text.extend(sum.iter().copied().map(char::from));
        Self { text, prefix, kind, id }
    }

    /// The whole text. Whoever calls this hands out the secret.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The deployment's prefix.
    pub fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// What kind of token it says it is.
    pub fn kind(&self) -> TokenKind {
        self.kind
    }

    /// The public id.
    pub fn id(&self) -> TokenId {
        self.id
    }

    /// What may be shown of the token for people to recognise it: prefix, kind and its last four characters.
    pub fn hint(&self) -> String {
        let tail = self.text.len().saturating_sub(4);
        let last = self.text.get(tail..).unwrap_or_default();
        format!("{}_{}_…{last}", self.prefix, self.kind.tag())
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenText({} {})", self.kind, self.id)
    }
}

/// Why a text is no token. The order of the variants is the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenTextError {
    /// Empty, or longer than [`MAX_TEXT_BYTES`].
    #[error("a token has between 1 and 82 characters")]
    Length,
    /// A character outside `[0-9A-Za-z_]`, at this byte.
    #[error("character {0} cannot occur in a token")]
    Charset(usize),
    /// Not four parts between underscores.
    #[error("a token has four parts: prefix_kind_id_secret")]
    Shape,
    /// The first part is no prefix.
    #[error("the prefix is malformed")]
    Prefix,
    /// The second part is no kind.
    #[error("the kind is none of pat, svc, job, ses and api")]
    Kind,
    /// The third part is no id.
    #[error("the id is malformed: {0}")]
    Id(IdError),
    /// The last part is not secret and checksum.
    #[error("the secret does not have 32 characters and a checksum of 6")]
    Secret,
    /// The checksum does not fit: a typing or copying error.
    #[error("the checksum does not fit, so some character was mistyped or cut off")]
    Checksum,
}

impl FromStr for TokenText {
    type Err = TokenTextError;

    fn from_str(text: &str) -> Result<Self, TokenTextError> {
        if text.is_empty() || text.len() > MAX_TEXT_BYTES {
            return Err(TokenTextError::Length);
        }
        if let Some(at) = text.bytes().position(|b| !base62::is_digit(b) && b != b'_') {
            return Err(TokenTextError::Charset(at));
        }
        let mut parts = text.split('_');
        let (Some(prefix), Some(kind), Some(id), Some(rest), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenTextError::Shape);
        };
        let prefix = prefix.parse().map_err(|_| TokenTextError::Prefix)?;
        let kind = TokenKind::from_tag(kind).ok_or(TokenTextError::Kind)?;
        let id = id.parse().map_err(TokenTextError::Id)?;
        check_rest(text, rest)?;
        let mut kept = Zeroizing::new(String::with_capacity(MAX_TEXT_BYTES));
        kept.push_str(text);
        Ok(Self { text: kept, prefix, kind, id })
    }
}

fn check_rest(text: &str, rest: &str) -> Result<(), TokenTextError> {
    if rest.len() != TokenSecret::LEN + CHECKSUM_LEN {
        return Err(TokenTextError::Secret);
    }
    let (body, sum) = text.as_bytes().split_at(text.len() - CHECKSUM_LEN);
    if checksum(body) == sum { Ok(()) } else { Err(TokenTextError::Checksum) }
}

/// CRC-32 (IEEE 802.3) as six base62 digits.
fn checksum(body: &[u8]) -> [u8; CHECKSUM_LEN] {
    let mut digits = [b'0'; CHECKSUM_LEN];
    base62::encode(u128::from(crc32fast::hash(body)), &mut digits);
    digits
}

/// The kind of a token: who it stands for, and where it is honoured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenKind {
    /// A person's personal access token (`pat`).
    Personal,
    /// A service account's token (`svc`).
    Service,
    /// A job's token (`job`), which dies with the job.
    Job,
    /// A person's sign-in session (`ses`): honoured by Jeton's own endpoints alone.
    Session,
    /// A resource server's own credential (`api`): honoured by Jeton's own endpoints alone.
    Api,
}

impl TokenKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Personal, Self::Service, Self::Job, Self::Session, Self::Api];

    /// The three letters in the token's text.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Personal => "pat",
            Self::Service => "svc",
            Self::Job => "job",
            Self::Session => "ses",
            Self::Api => "api",
        }
    }

    /// The word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Service => "service",
            Self::Job => "job",
            Self::Session => "session",
            Self::Api => "api",
        }
    }

    /// The kind that a word in JSON names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether protected APIs may honour it; sessions and API credentials work at Jeton alone.
    pub fn leaves_home(self) -> bool {
        matches!(self, Self::Personal | Self::Service | Self::Job)
    }

    fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.tag() == tag)
    }
}

impl fmt::Display for TokenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A deployment's prefix, `[a-z][a-z0-9]{1,15}`: what scanners recognise its tokens by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix(String);

/// A text that is no prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a prefix has 2 to 16 characters: a lower-case letter, then lower-case letters and digits")]
pub struct PrefixError;

impl Default for Prefix {
    fn default() -> Self {
        Self("jtn".to_owned())
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let starts = text.starts_with(|c: char| c.is_ascii_lowercase());
        let continues = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if starts && continues && (2..=16).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(PrefixError)
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
