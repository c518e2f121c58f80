//! Token texts in a stream of bytes. A token of a prefix has always the same length, and its checksum says whether it
//! is one: so nothing is asked about what stands before or behind it, and memory does not grow with the stream.

use std::io::{ErrorKind, Read, Result};

use jeton_token::{Prefix, TokenId, TokenKind, TokenText};
use memchr::memmem::Finder;
use memchr::{memchr, memchr_iter, memrchr};
use zeroize::Zeroizing;

const WINDOW_BYTES: usize = 256 * 1024;
/// So much of a stream says whether it is text, as git decides it.
const BINARY_BYTES: usize = 8000;
/// What follows the prefix: `_`, kind, `_`, id, `_`, secret and checksum.
const REST_LEN: usize = 1 + 3 + 1 + 22 + 1 + 32 + 6;

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
}

/// How far a stream was looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// To its end: so many bytes.
    Whole(u64),
    /// Not at all: it is no text.
    Binary,
    /// To the limit.
    Cut,
}

/// What is done about streams that are no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binaries {
    Skipped,
    Searched,
}

/// Looks for the tokens of one prefix.
pub(super) struct Search {
    finder: Finder<'static>,
    text_len: usize,
    binaries: Binaries,
    bytes_max: u64,
    buffer: Zeroizing<Vec<u8>>,
}

impl Search {
    pub(super) fn new(prefix: &Prefix, binaries: Binaries, bytes_max: u64) -> Self {
        let start = format!("{prefix}_");
        Self {
            text_len: start.len() - 1 + REST_LEN,
            finder: Finder::new(start.as_bytes()).into_owned(),
            binaries,
            bytes_max,
            buffer: Zeroizing::new(vec![0; WINDOW_BYTES]),
        }
    }

    /// The most that is read of one stream.
    pub(super) fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// Looks through a stream.
    pub(super) fn read(&mut self, input: &mut dyn Read, found: &mut dyn FnMut(Hit)) -> Result<Extent> {
        let mut input = input.take(self.bytes_max.saturating_add(1));
        let (mut kept, mut total, mut place) = (0, 0u64, Place::default());
        loop {
            let count = fill(&mut input, self.buffer.get_mut(kept..).unwrap_or_default())?;
            let text = self.buffer.get(..kept + count).unwrap_or_default();
            if total == 0 && self.binaries == Binaries::Skipped && is_binary(text) {
                return Ok(Extent::Binary);
            }
            total = total.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
            if kept + count < self.buffer.len() {
                self.look(text, &mut place, found);
                return Ok(if total > self.bytes_max { Extent::Cut } else { Extent::Whole(total) });
            }
            let done = self.look(text, &mut place, found);
            kept = text.len() - done;
            self.buffer.copy_within(done.., 0);
        }
    }

    /// Answers how much of the text is done with; a token may begin in the rest.
    fn look(&self, text: &[u8], place: &mut Place, found: &mut dyn FnMut(Hit)) -> usize {
        let mut done = 0;
        for at in self.finder.find_iter(text) {
            let Some(candidate) = text.get(at..at + self.text_len) else { break };
            let Some(token) = parse(candidate).filter(|_| at >= done) else { continue };
            place.pass(text.get(done..at).unwrap_or_default());
            found(Hit {
                line: place.line,
                column: place.column,
                kind: token.kind(),
                id: token.id(),
                hint: token.hint(),
            });
            done = at + self.text_len;
            place.pass(candidate);
        }
        let end = text.len().saturating_sub(self.text_len - 1).max(done);
        place.pass(text.get(done..end).unwrap_or_default());
        end
    }
}

/// The one rule about what a token is.
fn parse(candidate: &[u8]) -> Option<TokenText> {
    std::str::from_utf8(candidate).ok()?.parse().ok()
}

fn is_binary(text: &[u8]) -> bool {
    memchr(0, text.get(..BINARY_BYTES).unwrap_or(text)).is_some()
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

/// Where in a text something stands.
struct Place {
    line: usize,
    column: usize,
}

impl Default for Place {
    fn default() -> Self {
        Self { line: 1, column: 1 }
    }
}

impl Place {
    fn pass(&mut self, text: &[u8]) {
        let mut rest = text;
        if let Some(at) = memrchr(b'\n', text) {
            self.line += memchr_iter(b'\n', text).count();
            self.column = 1;
            rest = text.get(at + 1..).unwrap_or_default();
        }
        // All bytes of a character but the first begin with the bits 10.
        self.column += rest.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
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
        let mut search = Search::new(&Prefix::default(), Binaries::Skipped, BYTES_MAX);
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
    fn a_stream_is_read_to_its_limit_and_no_text_not_at_all() {
        assert_eq!(search(b"abc").1, Extent::Whole(3));
        assert_eq!(search(b"").1, Extent::Whole(0));
        assert_eq!(search(format!("\0{}", token("jtn", 1)).as_bytes()), (vec![], Extent::Binary));
        let mut endless = Search::new(&Prefix::default(), Binaries::Searched, BYTES_MAX);
        let extent = endless.read(&mut std::io::repeat(b'j'), &mut |_| panic!("none")).unwrap();
        assert_eq!(extent, Extent::Cut);
    }

    #[test]
    fn no_text_is_searched_when_it_is_asked_for() {
        let mut search = Search::new(&Prefix::default(), Binaries::Searched, BYTES_MAX);
        let mut hits = 0;
        let text = format!("\0\0{}\0", token("jtn", 1));
        search.read(&mut text.as_bytes(), &mut |_| hits += 1).unwrap();
        assert_eq!(hits, 1);
    }
}
