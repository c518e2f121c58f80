//! Token texts that no server knows, for scanners.

use jeton_token::{IdKey, Prefix, TokenId, TokenKind, TokenSecret, TokenText};

/// A personal token with the usual prefix; each seed gives another one, always the same.
pub(crate) fn token(seed: u8) -> String {
    of("jtn", TokenKind::Personal, seed)
}

/// A token of that prefix and kind.
pub(crate) fn of(prefix: &str, kind: TokenKind, seed: u8) -> String {
    let prefix: Prefix = prefix.parse().unwrap();
    let id = TokenId(IdKey::new(&[7; 32]).mint(1_764_000_000_000, u64::from(seed)));
    TokenText::new(prefix, kind, id, &TokenSecret::from_uniform(&[seed; 64])).expose().to_owned()
}

/// Its public id.
pub(crate) fn id(token: &str) -> String {
    token.split('_').nth(2).unwrap().to_owned()
}

/// The same with another character there.
pub(crate) fn altered(token: &str, at: usize) -> String {
    with(token, at, if token.as_bytes()[at] == b'1' { '2' } else { '1' })
}

/// The same with that character there.
pub(crate) fn with(token: &str, at: usize, other: char) -> String {
    token.char_indices().map(|(here, c)| if here == at { other } else { c }).collect()
}

/// The same without its last character.
pub(crate) fn shortened(token: &str) -> String {
    token.chars().take(token.len() - 1).collect()
}
