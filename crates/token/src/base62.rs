//! Base 62: digits `0-9A-Za-z`, most significant first, zero-padded to a fixed width.

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Fills `out` with the digits of `value`; digits beyond `out` are dropped, so callers give room.
pub(crate) fn encode(mut value: u128, out: &mut [u8]) {
    for place in out.iter_mut().rev() {
        *place = digit(value % 62);
        value /= 62;
    }
}

/// The number that `digits` spell, or `None` for a foreign character or a value of 2^128 or more.
pub(crate) fn decode(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0_u128, |sum, byte| sum.checked_mul(62)?.checked_add(u128::from(value_of(*byte)?)))
}

/// `number` (big-endian) modulo 62^`out.len()`, as digits. `number` is consumed: it ends as the quotient.
pub(crate) fn reduce(number: &mut [u8], out: &mut [u8]) {
    for place in out.iter_mut().rev() {
        *place = digit(u128::from(divide_by_62(number)));
    }
}

pub(crate) fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// Schoolbook long division in place; answers the remainder.
fn divide_by_62(number: &mut [u8]) -> u16 {
    let mut remainder = 0_u16;
    for byte in number.iter_mut() {
        let dividend = (remainder << 8) | u16::from(*byte);
        // INVARIANT: dividend < 62 * 256, so the quotient fits one byte.
        *byte = u8::try_from(dividend / 62).unwrap_or(u8::MAX);
        remainder = dividend % 62;
    }
    remainder
}

fn digit(value: u128) -> u8 {
    usize::try_from(value).ok().and_then(|index| ALPHABET.get(index)).copied().unwrap_or(b'0')
}

fn value_of(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'Z' => Some(byte - b'A' + 10),
        b'a'..=b'z' => Some(byte - b'a' + 36),
        _ => None,
    }
}
