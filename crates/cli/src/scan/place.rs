//! Where in a text something stands, whichever of the usual encodings the text has.

use memchr::{memchr_iter, memrchr};

/// So much of a stream says how its characters are written.
const HEAD_BYTES: usize = 8000;
/// Less says nothing without a mark.
const HEAD_BYTES_MIN: usize = 8;
const BYTE_ORDER_MARK: u32 = 0xFEFF;

/// How the characters of a text are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// UTF-8, or an older encoding with one byte for a character.
    Byte,
    /// UTF-16 or UTF-32: so many bytes, the lowest one first or last.
    Wide(usize, Order),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    LowFirst,
    LowLast,
}

/// Line and character.
#[derive(Debug)]
pub(super) struct Place {
    /// From 1.
    pub(super) line: usize,
    /// From 1.
    pub(super) column: usize,
    unit: Unit,
    /// The bytes of a wide character that has begun.
    begun: Vec<u8>,
}

impl Place {
    /// The beginning of a text that begins like this.
    pub(super) fn at_start(head: &[u8]) -> Self {
        let head = head.get(..HEAD_BYTES).unwrap_or(head);
        Self { line: 1, column: 1, unit: Unit::of(head), begun: vec![] }
    }

    /// Goes on behind this part of the text.
    pub(super) fn pass(&mut self, text: &[u8]) {
        match self.unit {
            Unit::Byte => self.pass_bytes(text),
            Unit::Wide(width, order) => text.iter().for_each(|byte| self.pass_wide(*byte, width, order)),
        }
    }

    fn pass_bytes(&mut self, text: &[u8]) {
        let mut rest = text;
        if let Some(at) = memrchr(b'\n', text) {
            self.line += memchr_iter(b'\n', text).count();
            self.column = 1;
            rest = text.get(at + 1..).unwrap_or_default();
        }
        // All bytes of a character but the first begin with the bits 10.
        self.column += rest.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
    }

    fn pass_wide(&mut self, byte: u8, width: usize, order: Order) {
        self.begun.push(byte);
        if self.begun.len() < width {
            return;
        }
        let join = |value: u32, byte: &u8| (value << 8) | u32::from(*byte);
        let value = match order {
            Order::LowFirst => self.begun.iter().rev().fold(0, join),
            Order::LowLast => self.begun.iter().fold(0, join),
        };
        self.begun.clear();
        match value {
            0x0A => (self.line, self.column) = (self.line + 1, 1),
            // The second half of a character, or none at all.
            0xDC00..=0xDFFF | BYTE_ORDER_MARK => {}
            _ => self.column += 1,
        }
    }
}

impl Unit {
    /// By the mark at the start, else by where the zero bytes are. It decides nothing but the numbers that are shown.
    fn of(head: &[u8]) -> Self {
        match head {
            [0xFF, 0xFE, 0, 0, ..] => return Self::Wide(4, Order::LowFirst),
            [0, 0, 0xFE, 0xFF, ..] => return Self::Wide(4, Order::LowLast),
            [0xFF, 0xFE, ..] => return Self::Wide(2, Order::LowFirst),
            [0xFE, 0xFF, ..] => return Self::Wide(2, Order::LowLast),
            _ if head.len() < HEAD_BYTES_MIN => return Self::Byte,
            _ => {}
        }
        let zeros = |at, step| head.iter().skip(at).step_by(step).filter(|byte| **byte == 0).count();
        let mostly = |at, step| zeros(at, step) * step * 2 > head.len();
        let rarely = |at, step| zeros(at, step) * step * 8 <= head.len();
        if rarely(0, 4) && mostly(2, 4) && mostly(3, 4) {
            Self::Wide(4, Order::LowFirst)
        } else if mostly(0, 4) && mostly(1, 4) && rarely(3, 4) {
            Self::Wide(4, Order::LowLast)
        } else if rarely(0, 2) && mostly(1, 2) {
            Self::Wide(2, Order::LowFirst)
        } else if mostly(0, 2) && rarely(1, 2) {
            Self::Wide(2, Order::LowLast)
        } else {
            Self::Byte
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(text: &str, width: usize, order: Order, mark: bool) -> Vec<u8> {
        let units: Vec<u32> = match width {
            2 => text.encode_utf16().map(u32::from).collect(),
            _ => text.chars().map(u32::from).collect(),
        };
        let marked = mark.then_some(BYTE_ORDER_MARK).into_iter().chain(units);
        let bytes = |unit: u32| match order {
            Order::LowFirst => unit.to_le_bytes()[..width].to_vec(),
            Order::LowLast => unit.to_be_bytes()[4 - width..].to_vec(),
        };
        marked.flat_map(bytes).collect()
    }

    #[test]
    fn lines_and_characters_are_counted_in_every_encoding() {
        let text = "Schlüssel 😀\nzweite Zeile: ";
        for width in [2, 4] {
            for order in [Order::LowFirst, Order::LowLast] {
                for mark in [true, false] {
                    let bytes = wide(text, width, order, mark);
                    let mut place = Place::at_start(&bytes);
                    place.pass(&bytes);
                    assert_eq!((place.line, place.column), (2, 15), "{width} {order:?} {mark}");
                }
            }
        }
        let mut place = Place::at_start(text.as_bytes());
        place.pass(text.as_bytes());
        assert_eq!((place.line, place.column), (2, 15));
    }

    #[test]
    fn a_program_is_not_taken_for_text_of_wide_characters() {
        for head in [&b""[..], b"\0", b"\x7fELF\0\0\0\0\0\0\0\0", b"\0\0\0\0\0\0\0\0", b"a\0b"] {
            assert_eq!(Unit::of(head), Unit::Byte, "{head:?}");
        }
    }
}
