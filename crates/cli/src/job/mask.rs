//! The mask before what a command says: secrets leave it as `***`.
//!
//! Bytes go in as they come and leave as soon as nothing secret can begin with them. How they were split makes no
//! difference, and neither does the time that passes between two of them. So a program that prints its token byte by
//! byte is masked like one that prints it at once:
//!
//! ```text
//! in:   "token: jtn_jo"  "b_06…"  "…Zz\n"
//! out:  "token: "        ""       "***\n"
//! ```
//!
//! It is a net for what gets into a log by mistake. Whoever wants to get a secret past it reverses the text, or prints
//! it in two lines.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

/// What is shown instead.
const SHOWN: &[u8] = b"***";
/// How much of a token's last part is secret; the rest is a checksum.
const SECRET_CHARACTERS: usize = 32;
/// Shorter ones are no secrets, and would tear holes into everything.
const NEEDLE_BYTES_MIN: usize = 16;
/// How much of an encoded secret must have been seen before a line may break in it.
const BEFORE_BREAK: usize = 4;
/// In base64 three bytes are four characters, so what is encoded begins in one of three ways.
const ALIGNMENTS: [usize; 3] = [0, 1, 2];

/// The mask before one stream.
pub(super) struct Mask {
    needles: Vec<Needle>,
    /// Whether a needle begins with this byte.
    begins: Vec<bool>,
    /// What may be the beginning of a secret.
    held: Zeroizing<Vec<u8>>,
}

/// A text that is not shown.
struct Needle {
    text: Zeroizing<Vec<u8>>,
    form: Form,
}

/// How a needle stands in a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    /// Encoders break it into lines.
    Encoded,
}

/// Whether a text begins with something secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    /// It ends before that can be told.
    Undecided,
    /// With so many bytes of it.
    Secret(usize),
}

/// Whether more bytes can come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum More {
    MayCome,
    None,
}

impl Mask {
    /// Hides these tokens, their secrets alone, and both in base64, as in a header field for Basic authentication.
    pub(super) fn of(tokens: &[&str]) -> Self {
        let needles: Vec<_> = tokens.iter().flat_map(|token| needles(token)).collect();
        let mut begins = vec![false; 256];
        for first in needles.iter().filter_map(|needle| needle.text.first()) {
            if let Some(begins) = begins.get_mut(usize::from(*first)) {
                *begins = true;
            }
        }
        Self { needles, begins, held: Zeroizing::new(Vec::new()) }
    }

    /// Takes what comes, and gives what can be shown.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        self.pass(More::MayCome)
    }

    /// Gives the rest.
    pub(super) fn end(&mut self) -> Vec<u8> {
        self.pass(More::None)
    }

    fn pass(&mut self, more: More) -> Vec<u8> {
        let mut shown = Vec::with_capacity(self.held.len());
        let mut rest = self.held.as_slice();
        while !rest.is_empty() {
            let harmless = rest.iter().position(|byte| self.begins(*byte)).unwrap_or(rest.len());
            let (before, from) = rest.split_at_checked(harmless).unwrap_or((rest, &[]));
            shown.extend_from_slice(before);
            rest = match self.look(from, more) {
                Found::Undecided => {
                    rest = from;
                    break;
                }
                Found::Nothing => {
                    shown.extend(from.first());
                    from.get(1..).unwrap_or_default()
                }
                Found::Secret(length) => {
                    shown.extend_from_slice(SHOWN);
                    from.get(length..).unwrap_or_default()
                }
            };
        }
        self.held = Zeroizing::new(rest.to_vec());
        shown
    }

    fn begins(&self, byte: u8) -> bool {
        self.begins.get(usize::from(byte)).copied().unwrap_or(false)
    }

    /// The longest secret at the beginning of a text.
    fn look(&self, text: &[u8], more: More) -> Found {
        let mut longest = Found::Nothing;
        for needle in &self.needles {
            match (needle.fits(text), longest) {
                // INVARIANT: while a longer one may still come, nothing is decided. So the split makes no difference.
                (Found::Undecided, _) if more == More::MayCome => return Found::Undecided,
                (Found::Secret(length), Found::Secret(before)) if length <= before => {}
                (Found::Secret(length), _) => longest = Found::Secret(length),
                _ => {}
            }
        }
        longest
    }
}

impl Needle {
    /// Whether a text begins with it.
    fn fits(&self, text: &[u8]) -> Found {
        let mut seen = 0;
        let mut breaks = 0;
        for (at, byte) in text.iter().enumerate() {
            match self.text.get(seen) {
                None => return Found::Secret(at),
                Some(wanted) if wanted == byte => (seen, breaks) = (seen + 1, 0),
                // One line break: `\n` or `\r\n`.
                Some(_) if self.may_break(seen) && breaks < 2 && matches!(byte, b'\r' | b'\n') => breaks += 1,
                Some(_) => return Found::Nothing,
            }
        }
        if seen == self.text.len() { Found::Secret(text.len()) } else { Found::Undecided }
    }

    fn may_break(&self, seen: usize) -> bool {
        self.form == Form::Encoded && seen >= BEFORE_BREAK
    }
}

/// All that is not shown of a token.
fn needles(token: &str) -> Vec<Needle> {
    let last = token.rsplit('_').next().unwrap_or(token);
    let secret = last.get(..SECRET_CHARACTERS).unwrap_or(last);
    let plain = [token, last, secret].map(|text| Needle::new(text.as_bytes().to_vec(), Form::Plain));
    let encoded = [token, secret].into_iter().flat_map(|text| {
        ALIGNMENTS.map(|before| Needle::new(in_base64(text.as_bytes(), before), Form::Encoded))
    });
    let all = plain.into_iter().chain(encoded);
    all.filter(|needle| needle.text.len() >= NEEDLE_BYTES_MIN).collect()
}

impl Needle {
    fn new(text: Vec<u8>, form: Form) -> Self {
        Self { text: Zeroizing::new(text), form }
    }
}

/// What stands in every base64 text that has these bytes in it, behind so many others.
fn in_base64(bytes: &[u8], before: usize) -> Vec<u8> {
    let padded = Zeroizing::new([&vec![0; before], bytes].concat());
    let encoded = Zeroizing::new(STANDARD_NO_PAD.encode(&padded));
    // Characters at both ends have bits of their neighbours.
    let whole = padded.len() * 8 / 6;
    let mixed = if before == 0 { 0 } else { before + 1 };
    encoded.bytes().take(whole).skip(mixed).collect()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use proptest::prelude::*;

    use super::*;

    const TOKEN: &str = "jtn_job_0123456789abcdefghijkl_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl";
    const LAST: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl";
    const SECRET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef";

    fn masked(parts: &[&[u8]]) -> Vec<u8> {
        let mut mask = Mask::of(&[TOKEN]);
        let mut shown: Vec<u8> = parts.iter().flat_map(|part| mask.feed(part)).collect();
        shown.extend(mask.end());
        shown
    }

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(&masked(&[bytes])).into_owned()
    }

    #[test]
    fn a_token_is_masked_wherever_it_stands() {
        for (said, shown) in [
            (TOKEN.to_owned(), "***"),
            (format!("a {TOKEN} b\n"), "a *** b\n"),
            (format!("{TOKEN}{TOKEN}"), "******"),
            (format!("jtn_job_{TOKEN}"), "jtn_job_***"),
            (LAST.to_owned(), "***"),
            (SECRET.to_owned(), "***"),
            (format!("{SECRET}!"), "***!"),
            (format!("jtn_job_0123456789abcdefghijkl_{SECRET}-"), "jtn_job_0123456789abcdefghijkl_***-"),
            ("jtn_job_0123456789abcdefghijkl_ABC".to_owned(), "jtn_job_0123456789abcdefghijkl_ABC"),
            (String::new(), ""),
        ] {
            assert_eq!(text(said.as_bytes()), shown, "{said}");
        }
    }

    #[test]
    fn a_token_is_masked_in_base64_behind_any_user_name() {
        for user in ["", "x", "ab", "abc", "somebody@example.org"] {
            for encoded in
                [STANDARD.encode(format!("{user}:{TOKEN}")), URL_SAFE.encode(format!("{user}:{TOKEN}+"))]
            {
                let shown = text(format!("Authorization: Basic {encoded}\n").as_bytes());
                assert!(shown.contains("***"), "{shown}");
                // Some bits of its neighbours at either end.
                let left = shown.len() - "Authorization: Basic ***\n".len();
                assert!(left <= (user.len() + 1).div_ceil(3) * 4 + 8, "{shown}");
            }
        }
    }

    #[test]
    fn lines_of_an_encoder_do_not_hide_it() {
        for user in 0..80 {
            let encoded = STANDARD.encode(format!("{}:{TOKEN}", "u".repeat(user)));
            for (columns, end) in [(64, "\n"), (76, "\n"), (76, "\r\n")] {
                let lines: Vec<_> = encoded.as_bytes().chunks(columns).collect();
                let shown = text(&lines.join(end.as_bytes()));
                let joined = shown.replace(['\r', '\n'], "");
                // Of the secret at most what was mixed with something else.
                let secret = encoded.as_bytes()[encoded.len() - 48..encoded.len() - 8].windows(12);
                assert!(!secret.into_iter().any(|part| holds(joined.as_bytes(), part)), "{shown}");
            }
        }
    }

    #[test]
    fn nothing_waits_that_cannot_become_a_secret() {
        let mut mask = Mask::of(&[TOKEN]);
        assert_eq!(mask.feed(b"what is your name? "), b"what is your name? ");
        assert_eq!(mask.feed(b"jtn_"), b"");
        assert_eq!(mask.feed(b"pat_"), b"jtn_pat_");
        assert_eq!(mask.feed(&TOKEN.as_bytes()[..60]), b"");
        assert_eq!(mask.feed(&TOKEN.as_bytes()[60..]), b"***");
        assert_eq!(mask.end(), b"");
    }

    #[test]
    fn what_is_no_token_tears_no_holes() {
        let mut mask = Mask::of(&["", "a", "a_b"]);
        assert_eq!(mask.feed(b"a_b a"), b"a_b a");
    }

    #[test]
    fn every_secret_is_masked() {
        let other = TOKEN.replace("ABC", "CBA");
        let mut mask = Mask::of(&[TOKEN, &other]);
        assert_eq!(mask.feed(format!("{other} {TOKEN}").as_bytes()), b"*** ***");
    }

    /// Pieces of which some are secret, some begin like it, and some are anything.
    fn piece() -> impl Strategy<Value = Vec<u8>> {
        let part = |whole: &'static str| {
            (0..=whole.len(), 0..=whole.len())
                .prop_map(move |(from, to)| whole.as_bytes()[from.min(to)..from.max(to)].to_vec())
        };
        let encoded = (0_usize..4, 0_usize..60).prop_map(|(user, wrap)| {
            let encoded = STANDARD.encode(format!("{}:{TOKEN}", "u".repeat(user)));
            encoded.as_bytes().chunks(wrap + 20).collect::<Vec<_>>().join(&b'\n')
        });
        prop_oneof![
            Just(TOKEN.as_bytes().to_vec()),
            Just(SECRET.as_bytes().to_vec()),
            part(TOKEN),
            part(SECRET),
            encoded,
            prop::collection::vec(any::<u8>(), 0..40),
            "[A-Za-z0-9_\n]{0,40}".prop_map(String::into_bytes),
        ]
    }

    fn said() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(piece(), 0..8).prop_map(|pieces| pieces.concat())
    }

    fn holds(text: &[u8], wanted: &[u8]) -> bool {
        text.windows(wanted.len()).any(|window| window == wanted)
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_as_none(said in said(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(said.len() + 1)).chain([0, said.len()]).collect();
            cuts.sort_unstable();
            let parts: Vec<_> = cuts.windows(2).map(|pair| &said[pair[0]..pair[1]]).collect();
            let bytes: Vec<_> = said.chunks(1).collect();
            prop_assert_eq!(masked(&parts), masked(&[&said]));
            prop_assert_eq!(masked(&bytes), masked(&[&said]));
        }

        #[test]
        fn no_secret_is_ever_shown(said in said()) {
            let shown = masked(&[&said]);
            for secret in [TOKEN, SECRET] {
                prop_assert!(!holds(&shown, secret.as_bytes()));
                for before in ALIGNMENTS {
                    prop_assert!(!holds(&shown, &in_base64(secret.as_bytes(), before)));
                }
            }
        }

        #[test]
        fn what_holds_no_secret_is_unchanged(said in prop::collection::vec(any::<u8>(), 0..200), part in 0..TOKEN.len(), at in any::<prop::sample::Index>()) {
            // Too little of a token to be one, in the middle of anything.
            let part = &TOKEN.as_bytes()[part..(part + 31).min(TOKEN.len())];
            let (before, after) = said.split_at(at.index(said.len() + 1));
            let said = [before, b"!", part, b"!", after].concat();
            prop_assert_eq!(masked(&[&said]), said);
        }

        #[test]
        fn no_more_is_held_back_than_may_be_secret(said in said()) {
            let mut mask = Mask::of(&[TOKEN]);
            mask.feed(&said);
            prop_assert!(mask.held.len() <= 3 * TOKEN.len() * 4 / 3);
        }
    }
}
