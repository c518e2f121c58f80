//! Freshly minted texts. They belong to nobody.

use jeton_token::{IdKey, Prefix, TokenId, TokenKind, TokenSecret, TokenText};
use jeton_verify::{Client, ClientBuilder, Secret, Url};

pub(crate) struct Minted {
    pub(crate) text: String,
    pub(crate) id: TokenId,
}

/// A token of this kind; the same number gives the same token.
pub(crate) fn minted(kind: TokenKind, number: u8) -> Minted {
    let id = TokenId(IdKey::new(&[7; 32]).mint(1_760_000_000_000, number.into()));
    let secret = TokenSecret::from_uniform(&[number.wrapping_add(40); 64]);
    Minted { text: TokenText::new(Prefix::default(), kind, id, &secret).expose().to_owned(), id }
}

/// What the examples present.
pub(crate) fn personal() -> Minted {
    minted(TokenKind::Personal, 1)
}

/// The protected API's own.
pub(crate) fn credential() -> Minted {
    minted(TokenKind::Api, 2)
}

/// A client with that credential.
pub(crate) fn client_of(base: &str) -> ClientBuilder {
    Client::builder(Url::parse(base).unwrap(), Secret::new(credential().text))
}

/// Fails when a text shows what only bearers may know: the end of one of the two secrets is enough.
pub(crate) fn assert_shows_no_secret(text: &str) {
    for Minted { text: secret, .. } in [personal(), credential()] {
        let (_, tail) = secret.split_at(secret.len() - 12);
        assert!(!text.contains(tail), "a secret is shown: {text}");
    }
}
