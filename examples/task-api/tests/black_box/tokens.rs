//! Freshly minted texts. They belong to nobody.

use jeton_token::{IdKey, Prefix, TokenId, TokenKind, TokenSecret, TokenText};

pub(crate) struct Minted {
    pub(crate) text: String,
    pub(crate) id: String,
}

/// What callers of the task API present.
pub(crate) fn personal() -> Minted {
    minted(TokenKind::Personal, 1)
}

/// The task API's own credential.
pub(crate) fn credential() -> Minted {
    minted(TokenKind::Api, 2)
}

/// Fails when a text shows what only bearers may know: the end of one of the two secrets is enough.
pub(crate) fn assert_shows_no_secret(text: &str) {
    for Minted { text: secret, .. } in [personal(), credential()] {
        let (_, tail) = secret.split_at(secret.len() - 12);
        assert!(!text.contains(tail), "a secret is shown: {text}");
    }
}

fn minted(kind: TokenKind, number: u8) -> Minted {
    let id = TokenId(IdKey::new(&[7; 32]).mint(1_760_000_000_000, number.into()));
    let secret = TokenSecret::from_uniform(&[number.wrapping_add(40); 64]);
    let text = TokenText::new(Prefix::default(), kind, id, &secret).expose().to_owned();
    Minted { text, id: id.to_string() }
}
