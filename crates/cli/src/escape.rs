//! Texts that other people wrote, made safe for a terminal.
//!
//! A token's name may hold `ESC ] 0 ;` and set the window's title, or a right-to-left override that lets one
//! scope look like another. Such characters are shown as escapes and never sent to a terminal.

use std::borrow::Cow;

/// The text on one line, with every dangerous character escaped as in Rust: `\n`, `\u{1b}`.
pub(crate) fn safe(text: &str) -> Cow<'_, str> {
    if text.contains(is_dangerous) {
        Cow::Owned(text.chars().map(escape).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// A text of several lines, each made safe.
pub(crate) fn safe_lines(text: &str) -> String {
    text.split('\n').map(safe).collect::<Vec<_>>().join("\n")
}

/// A JSON document whose line breaks are its own layout; elsewhere only strings can hold such characters, and
/// there `\u....` means the same.
pub(crate) fn safe_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_dangerous(c) {
            let mut units = [0; 2];
            out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out
}

fn escape(c: char) -> String {
    if is_dangerous(c) { c.escape_default().to_string() } else { c.to_string() }
}

/// Control characters, and what changes the order of the text around it or cannot be seen.
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_become_visible() {
        assert_eq!(safe("\u{1b}]0;owned\u{7}"), "\\u{1b}]0;owned\\u{7}");
        assert_eq!(safe("a\r\nfake audit\u{9b}"), "a\\r\\nfake audit\\u{9b}");
        assert_eq!(safe("Task\u{202e}daeR"), "Task\\u{202e}daeR");
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        assert!(matches!(safe("Größe 🎉 =cmd|x <img>"), Cow::Borrowed("Größe 🎉 =cmd|x <img>")));
        assert_eq!(safe_lines("a\nb\u{7f}"), "a\nb\\u{7f}");
    }

    #[test]
    fn json_stays_the_same_document() {
        let text = "bell\u{7} csi\u{9b} del\u{7f} rlo\u{202e} tag\u{e0041}";
        let json = serde_json::to_string_pretty(&vec![text]).unwrap();
        let escaped = safe_json(&json);
        assert!(escaped.chars().all(|c| c == '\n' || !is_dangerous(c)), "{escaped}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&escaped).unwrap(), [text]);
    }
}
