//! Names as directories write them, in any alphabet, and the names that stand for them here.
//!
//! A directory calls people `Müller`, `O'Brien` or `ann_ext#EXT#@x.onmicrosoft.com`, and groups `R&D`. Names here are
//! ASCII, so that nobody looks like somebody else by a confusable letter. So the text is kept as a label for people, and
//! beside it stands a *derived name*: what of the text is ASCII, and a digest of all of it. The same text always has
//! the same name, and no two texts have one, but for their case, which does not tell names apart.
//!
//! Example: `Müller` is `mueller-` and twelve digits. A text that is a name already stands for itself.

use aws_lc_rs::digest::{SHA256, digest};

use crate::principal::PrincipalName;
use crate::tenant::ResourceName;

/// The longest label, in bytes.
pub const MAX_LABEL_BYTES: usize = 256;

const DIGEST_DIGITS: usize = 12;
const DOMAIN: &[u8] = b"jeton/directory-name/v1\0";

/// A text that cannot be a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a directory's name has 1 to 256 bytes, and no control characters")]
pub struct LabelError;

impl PrincipalName {
    /// The name of a person whom a directory calls like this.
    pub fn of_directory(label: &str) -> Result<Self, LabelError> {
        match label.parse::<Self>() {
            Ok(name) if !name.is_of_build_service() => Ok(name),
            _ => derived(label, "user", "._@", Self::MAX_BYTES)?.parse().map_err(|_| LabelError),
        }
    }
}

impl ResourceName {
    /// The name of a group that a directory calls like this.
    pub fn of_directory(label: &str) -> Result<Self, LabelError> {
        match label.parse() {
            Ok(name) => Ok(name),
            Err(_) => derived(label, "group", "._", Self::MAX_BYTES)?.parse().map_err(|_| LabelError),
        }
    }
}

/// What can be read of the label, and a digest that tells it from all others.
fn derived(label: &str, otherwise: &str, marks: &str, max_bytes: usize) -> Result<String, LabelError> {
    if label.is_empty() || label.len() > MAX_LABEL_BYTES || label.chars().any(char::is_control) {
        return Err(LabelError);
    }
    let folded = label.to_lowercase();
    let readable = readable(&folded, marks, max_bytes - DIGEST_DIGITS - 1);
    let readable = if readable.is_empty() { otherwise } else { &readable };
    Ok(format!("{readable}-{}", short_digest(&folded)))
}

fn readable(folded: &str, marks: &str, max_bytes: usize) -> String {
    let mut plain = String::new();
    for c in folded.chars() {
        match in_ascii(c) {
            Some(letters) => plain.push_str(letters),
            None if c.is_ascii_alphanumeric() || marks.contains(c) => plain.push(c),
            None if !plain.ends_with('-') => plain.push('-'),
            None => {}
        }
    }
    let plain: String = plain.chars().skip_while(|c| !c.is_ascii_alphanumeric()).take(max_bytes).collect();
    plain.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned()
}

fn short_digest(folded: &str) -> String {
    let digest = digest(&SHA256, &[DOMAIN, folded.as_bytes()].concat());
    let nibbles = digest.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).take(DIGEST_DIGITS).collect()
}

/// How a letter of the Latin alphabets of Europe is written without its marks.
fn in_ascii(c: char) -> Option<&'static str> {
    Some(match c {
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ä' | 'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
        'ğ' | 'ģ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'į' | 'ı' => "i",
        'ķ' => "k",
        'ł' | 'ľ' | 'ļ' => "l",
        'ñ' | 'ń' | 'ň' | 'ņ' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ő' => "o",
        'ö' | 'ø' | 'œ' => "oe",
        'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ß' => "ss",
        'ť' | 'ţ' | 'ț' => "t",
        'þ' => "th",
        'ù' | 'ú' | 'û' | 'ū' | 'ů' | 'ű' | 'ų' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => return None,
    })
}
