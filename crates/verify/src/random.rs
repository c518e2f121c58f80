//! Randomness: the only room that asks for it.

/// A key of this process, or nothing if the system gives none.
#[expect(clippy::disallowed_methods, reason = "this is the room for it")]
pub(crate) fn key() -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(bytes)
}
