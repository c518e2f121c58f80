//! Token texts in a stream of bytes. A token of a prefix has always the same length, and its checksum says whether it
//! is one: so nothing is asked about what stands before or behind it, and memory does not grow with the stream.
//!
//! The characters of a token may stand one byte each, or two or four bytes each, as UTF-16 and UTF-32 write them: then
//! all bytes between them are zero, whichever byte comes first. So no stream has to be known as text, and a program or
//! a file of unknown encoding is searched like any other.

use std::io::{ErrorKind, Read, Result};

use jeton_token::{Prefix, TokenId, TokenKind, TokenText};
use memchr::memmem::Finder;
use zeroize::Zeroizing;

use super::compressed::is_compressed;
use super::examples::is_published;
use super::place::Place;

const WINDOW_BYTES: usize = 256 * 1024;
/// What follows the prefix: `_`, kind, `_`, id, `_`, secret and checksum.
const REST_LEN: usize = 1 + 3 + 1 + 22 + 1 + 32 + 6;
/// How many bytes a character has: in UTF-8 and older encodings, in UTF-16, in UTF-32.
const WIDTHS: [usize; 3] = [1, 2, 4];
const WIDEST: usize = 4;

/// A token that was found, without its secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// The line, from 1.
    pub(super) line: usize,
    /// The character in that line, from 1.
    pub(super) column: usize,
    pub(super) kind: TokenKind,
    pub(super) id: TokenId,
    /// Kind and last four characters.
    pub(super) hint: String,
    /// Whether it is one that Jeton publishes itself.
    pub(super) is_example: bool,
}

/// What a search of a stream has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    /// So many bytes were searched.
    pub(super) bytes: u64,
    pub(super) end: End,
}

/// What of a stream was not searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing.
    Whole,
    /// What comes after the limit.
    Cut,
    /// What is compressed in it.
    Compressed,
}

/// Looks for the tokens of one prefix.
pub(super) struct Search {
    needles: [Needle; WIDTHS.len()],
    text_len: usize,
    bytes_max: u64,
    buffer: Zeroizing<Vec<u8>>,
}

/// The prefix, in characters of so many bytes.
struct Needle {
    finder: Finder<'static>,
    width: usize,
}

/// A token in a piece of a stream: where, and how many bytes of it.
struct Spot {
    at: usize,
    len: usize,
    token: TokenText,
}

impl Search {
    pub(super) fn new(prefix: &Prefix, bytes_max: u64) -> Self {
        let start = format!("{prefix}_");
        Self {
            text_len: start.len() - 1 + REST_LEN,
            needles: WIDTHS.map(|width| Needle::new(&start, width)),
            bytes_max,
            buffer: Zeroizing::new(vec![0; WINDOW_BYTES]),
        }
    }

    /// Looks through a stream.
    pub(super) fn read(&mut self, input: &mut dyn Read, found: &mut dyn FnMut(Hit)) -> Result<Extent> {
        let mut input = input.take(self.bytes_max.saturating_add(1));
        let (mut kept, mut bytes, mut start) = (0, 0u64, None);
        loop {
            let count = fill(&mut input, self.buffer.get_mut(kept..).unwrap_or_default())?;
            let text = self.buffer.get(..kept + count).unwrap_or_default();
            let (place, is_compressed) =
                start.get_or_insert_with(|| (Place::at_start(text), is_compressed(text)));
            bytes = bytes.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
            let done = self.look(text, place, found);
            if kept + count < self.buffer.len() {
                let end = match (bytes > self.bytes_max, is_compressed) {
                    (true, _) => End::Cut,
                    (false, true) => End::Compressed,
                    (false, false) => End::Whole,
                };
                return Ok(Extent { bytes: bytes.min(self.bytes_max), end });
            }
            kept = text.len() - done;
            self.buffer.copy_within(done.., 0);
        }
    }

    /// The most that is read of one stream.
    pub(super) fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// Whether a token stands in a text.
    pub(super) fn has_token(&self, text: &[u8]) -> bool {
        !self.spots(text).is_empty()
    }

    /// The text with the hint of each token in its place, to be shown.
    pub(super) fn masked(&self, text: &[u8]) -> String {
        let (mut masked, mut done) = (String::new(), 0);
        for spot in self.spots(text) {
            masked.push_str(&String::from_utf8_lossy(text.get(done..spot.at).unwrap_or_default()));
            masked.push_str(&spot.token.hint());
            done = spot.at + spot.len;
        }
        masked + &String::from_utf8_lossy(text.get(done..).unwrap_or_default())
    }

    /// Answers how much of the text is done with; a token may begin in the rest.
    fn look(&self, text: &[u8], place: &mut Place, found: &mut dyn FnMut(Hit)) -> usize {
        let mut done = 0;
        for Spot { at, len, token } in self.spots(text) {
            place.pass(text.get(done..at).unwrap_or_default());
            found(Hit {
                line: place.line,
                column: place.column,
                kind: token.kind(),
                id: token.id(),
                hint: token.hint(),
                is_example: is_published(token.expose()),
            });
            done = at + len;
            place.pass(text.get(at..done).unwrap_or_default());
        }
        let end = text.len().saturating_sub(self.text_len * WIDEST - 1).max(done);
        place.pass(text.get(done..end).unwrap_or_default());
        end
    }

    /// The tokens of a text, in the order in which they stand there; none overlaps another.
    fn spots(&self, text: &[u8]) -> Vec<Spot> {
        let mut spots: Vec<_> =
            self.needles.iter().flat_map(|needle| needle.spots(text, self.text_len)).collect();
        spots.sort_by_key(|spot| spot.at);
        let mut done = 0;
        spots.retain(|spot| {
            let is_apart = spot.at >= done;
            done = if is_apart { spot.at + spot.len } else { done };
            is_apart
        });
        spots
    }
}

impl Needle {
    fn new(start: &str, width: usize) -> Self {
        let wide: Vec<_> = start.bytes().flat_map(|byte| zeros_behind(byte, width)).collect();
        // The zeros behind the last character may stand before the first one just as well.
        let finder = Finder::new(wide.get(..wide.len() + 1 - width).unwrap_or(&wide)).into_owned();
        Self { finder, width }
    }

    fn spots(&self, text: &[u8], characters: usize) -> impl Iterator<Item = Spot> {
        let len = (characters - 1) * self.width + 1;
        self.finder.find_iter(text).filter_map(move |at| {
            let candidate = text.get(at..at + len)?;
            parse(candidate, self.width).map(|token| Spot { at, len, token })
        })
    }
}

fn zeros_behind(byte: u8, width: usize) -> impl Iterator<Item = u8> {
    std::iter::once(byte).chain(std::iter::repeat_n(0, width - 1))
}

/// The one rule about what a token is.
fn parse(candidate: &[u8], width: usize) -> Option<TokenText> {
    let is_wide = candidate.chunks(width).all(|unit| unit.iter().skip(1).all(|byte| *byte == 0));
    let mut text = Zeroizing::new(Vec::with_capacity(candidate.len()));
    text.extend(candidate.iter().step_by(width));
    std::str::from_utf8(&text).ok().filter(|_| is_wide)?.parse().ok()
}

/// Fills the buffer as far as the stream goes.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    loop {
        match input.read(buffer.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => return Ok(filled),
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use jeton_token::{IdKey, TokenSecret};

    use super::*;

    const BYTES_MAX: u64 = 8 * 1024 * 1024;

    fn token(prefix: &str, seed: u8) -> String {
        let id = TokenId(IdKey::new(&[7; 32]).mint(1_764_000_000_000, u64::from(seed)));
        let secret = TokenSecret::from_uniform(&[seed; 64]);
        let text = TokenText::new(prefix.parse().unwrap(), TokenKind::Personal, id, &secret);
        text.expose().to_owned()
    }

    fn search(text: &[u8]) -> (Vec<Hit>, Extent) {
        let mut search = Search::new(&Prefix::default(), BYTES_MAX);
        let mut hits = vec![];
        let extent = search.read(&mut &*text, &mut |hit| hits.push(hit)).unwrap();
        (hits, extent)
    }

    fn places(text: &str) -> Vec<(usize, usize)> {
        search(text.as_bytes()).0.iter().map(|hit| (hit.line, hit.column)).collect()
    }

    #[test]
    fn a_token_is_found_whatever_stands_around_it() {
        let one = token("jtn", 1);
        for (text, place) in [
            (one.clone(), (1, 1)),
            (format!("a\nb = \"{one}\"\n"), (2, 6)),
            (format!("größe={one}"), (1, 7)),
            (format!("X_{one}_Y{one}"), (1, 3)),
            (format!("jtn_jtn_pat_{one}"), (1, 13)),
        ] {
            assert_eq!(places(&text)[0], place, "{text}");
        }
        assert_eq!(places(&format!("{one}{one}\n{one}")), [(1, 1), (1, 70), (2, 1)]);
    }

    #[test]
    fn what_is_found_has_no_secret() {
        let text = token("jtn", 1);
        let hit = search(text.as_bytes()).0.remove(0);
        assert_eq!(hit.hint, format!("jtn_pat_…{}", text.get(65..).unwrap()));
        assert!(!format!("{hit:?}").contains(text.get(31..63).unwrap()));
    }

    #[test]
    fn what_only_looks_like_a_token_is_none() {
        let one = token("jtn", 1);
        let flipped = |at: usize| {
            let digit = |c| if c == '1' { '2' } else { '1' };
            one.char_indices().map(|(here, c)| if here == at { digit(c) } else { c }).collect::<String>()
        };
        for near in
            [flipped(10), flipped(40), flipped(68), one.get(..68).unwrap().to_owned(), one.to_uppercase()]
        {
            assert_eq!(places(&near), [], "{near}");
        }
        assert_eq!(places(&token("jtx", 1)), [], "another deployment's");
        assert_eq!(places(&format!("x{}", token("xjtn", 1))), [], "a prefix that ends alike");
    }

    #[test]
    fn a_token_across_windows_is_found_once_and_at_its_place() {
        let one = token("jtn", 1);
        for before in WINDOW_BYTES - 75..WINDOW_BYTES + 5 {
            let text = format!("\n{}{one}\n{one}", "x".repeat(before));
            assert_eq!(places(&text), [(2, before + 1), (3, 1)], "{before}");
        }
    }

    #[test]
    fn a_stream_is_read_to_its_limit() {
        let extent = |bytes, end| Extent { bytes, end };
        assert_eq!(search(b"abc").1, extent(3, End::Whole));
        assert_eq!(search(b"").1, extent(0, End::Whole));
        assert_eq!(search(b"\x1F\x8B\x08").1, extent(3, End::Compressed));
        let mut endless = Search::new(&Prefix::default(), BYTES_MAX);
        let looked = endless.read(&mut std::io::repeat(b'j'), &mut |_| panic!("none")).unwrap();
        assert_eq!(looked, extent(BYTES_MAX, End::Cut));
        let mut late = std::io::repeat(b'x').take(BYTES_MAX - 10).chain(std::io::repeat(b'y').take(11));
        assert_eq!(endless.read(&mut late, &mut |_| panic!("none")).unwrap().end, End::Cut);
    }

    #[test]
    fn a_token_is_found_in_every_encoding_and_among_zero_bytes() {
        let one = token("jtn", 1);
        let text = format!("größe\nkey = {one}\n");
        let utf16 = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<_>>();
        let utf32 =
            |order: fn(u32) -> [u8; 4]| text.chars().map(u32::from).flat_map(order).collect::<Vec<_>>();
        for bytes in [
            utf16(u16::to_le_bytes),
            utf16(u16::to_be_bytes),
            utf32(u32::to_le_bytes),
            utf32(u32::to_be_bytes),
            text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect(),
        ] {
            let (hits, extent) = search(&bytes);
            assert_eq!(
                hits.iter().map(|hit| (hit.line, hit.column)).collect::<Vec<_>>(),
                [(2, 7)],
                "{bytes:?}"
            );
            assert_eq!(extent.end, End::Whole);
            for cut in 1..4 {
                assert_eq!(search(bytes.get(cut..).unwrap()).0.len(), 1, "whatever the first character");
            }
        }
        let mut mixed = format!("\0\0{one}\0").into_bytes();
        mixed.extend(utf16(u16::to_le_bytes));
        mixed.extend(one.bytes());
        assert_eq!(search(&mixed).0.len(), 3, "a program");
    }

    #[test]
    fn a_wide_token_across_windows_is_found_once() {
        let wide: Vec<_> = token("jtn", 1).chars().map(u32::from).flat_map(u32::to_be_bytes).collect();
        for before in (WINDOW_BYTES - 300..WINDOW_BYTES + 5).step_by(3) {
            let bytes = [vec![b'x'; before], wide.clone(), vec![b'x'; 400]].concat();
            assert_eq!(search(&bytes).0.len(), 1, "{before}");
        }
    }

    #[test]
    fn a_wide_token_with_anything_between_is_none() {
        let wide: Vec<_> = token("jtn", 1).encode_utf16().flat_map(u16::to_le_bytes).collect();
        for at in (1..wide.len() - 1).step_by(2) {
            let mut other = wide.clone();
            other[at] = 1;
            assert_eq!(search(&other).0, [], "{at}");
        }
    }

    #[test]
    fn a_token_is_masked_where_it_is_shown() {
        let search = Search::new(&Prefix::default(), BYTES_MAX);
        let one = token("jtn", 1);
        let masked = search.masked(format!("a/{one}/ü").as_bytes());
        assert_eq!(masked, format!("a/jtn_pat_…{}/ü", one.get(65..).unwrap()));
        assert_eq!(search.masked(b"a\xFF"), "a\u{fffd}");
    }
}
