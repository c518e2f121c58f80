//! Where proxies that are believed say that a call came from, in the forms in which they write it.
//!
//! ```text
//! X-Forwarded-For: 203.0.113.9, 198.51.100.7:4711, [2001:db8::7]:443
//! Forwarded: for=203.0.113.9;proto=https, for="[2001:db8::7]:443"            RFC 7239
//! ```
//! Each proxy adds to the right, so both are read from the right, and the first address that is not a trusted proxy's
//! is the client's. What stands further left may be the client's own invention and is not looked at: it can be
//! nonsense.
//!
//! INVARIANT: an entry that cannot be read (`unknown`, `_hidden`, garbage) names nobody. To skip it would be to believe
//! what stands to the left of it. For the same reason the two fields have to agree where both are there: a proxy adds
//! to one of them and may hand on what the client wrote into the other.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The rightmost address that is not trusted. `None`: the proxies do not say, or all of them are trusted, and to name
/// one of them would let a client behind it into the proxy's own network.
pub(super) fn client(headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let of = |name: &HeaderName, read: fn(&str) -> Option<IpAddr>| {
        headers.contains_key(name).then(|| rightmost(headers, name, read, trusted))
    };
    match (of(&X_FORWARDED_FOR, address), of(&header::FORWARDED, element)) {
        (Some(one), None) | (None, Some(one)) => one,
        (Some(one), Some(other)) if one == other => one,
        (Some(_), Some(_)) | (None, None) => None,
    }
}

/// Whether one of the networks has the address.
pub(super) fn is_within(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// An address as programs write one: with a port, with brackets, with a zone, or an IPv4 address in IPv6 clothes.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    let bare = match text.strip_prefix('[') {
        Some(rest) => {
            let (inside, behind) = rest.split_once(']')?;
            (behind.is_empty() || behind.strip_prefix(':').is_some_and(is_port)).then_some(inside)?
        }
        None => match text.split_once(':') {
            Some((before, port)) if is_port(port) => before,
            _ => text,
        },
    };
    let without_zone = bare.split_once('%').map_or(bare, |(before, _)| before);
    Some(without_zone.parse::<IpAddr>().ok()?.to_canonical())
}

/// A number, or a word in its place (RFC 7239, section 6.3).
fn is_port(text: &str) -> bool {
    let is_hidden = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic());
    text.parse::<u16>().is_ok() || text.strip_prefix('_').is_some_and(is_hidden)
}

fn rightmost(
    headers: &HeaderMap,
    name: &HeaderName,
    read: fn(&str) -> Option<IpAddr>,
    trusted: &[IpNet],
) -> Option<IpAddr> {
    for field in headers.get_all(name).iter().rev() {
        for entry in FromRight(Some(field.as_bytes())) {
            let hop = read(std::str::from_utf8(entry).ok()?.trim())?;
            if !is_within(trusted, hop) {
                return Some(hop);
            }
        }
    }
    None
}

/// The entries of a list from its end: commas in quotes separate nothing. An odd quote further left changes nothing
/// about what stands to the right of it.
struct FromRight<'a>(Option<&'a [u8]>);

impl<'a> Iterator for FromRight<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let list = self.0.take()?;
        let mut is_quoted = false;
        let comma = list.iter().rposition(|byte| {
            is_quoted ^= *byte == b'"';
            *byte == b',' && !is_quoted
        });
        let Some(comma) = comma else { return Some(list) };
        self.0 = list.get(..comma);
        list.get(comma + 1..)
    }
}

/// The `for` of one element of `Forwarded`.
fn element(text: &str) -> Option<IpAddr> {
    let pairs = text.split(';').filter_map(|pair| pair.trim().split_once('='));
    let mut named = pairs.filter(|(name, _)| name.eq_ignore_ascii_case("for")).map(|(_, node)| node);
    match (named.next(), named.next()) {
        (Some(node), None) => address(unquoted(node)?),
        _ => None,
    }
}

/// What a value says. No address has a character that would have to be escaped.
fn unquoted(value: &str) -> Option<&str> {
    match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"'),
        None => Some(value),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const NAMES: [&str; 2] = ["x-forwarded-for", "forwarded"];

    fn found(fields: &[(&'static str, &[u8])]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_bytes(value).unwrap());
        }
        client(&headers, &["10.0.0.0/8".parse().unwrap()]).map(|address| address.to_string())
    }

    #[track_caller]
    fn check(name: &'static str, table: &[(&[u8], &str)]) {
        for (value, expected) in table {
            let found = found(&[(name, value)]);
            assert_eq!(found.as_deref().unwrap_or("-"), *expected, "{}", value.escape_ascii());
        }
    }

    #[test]
    fn an_entry_of_x_forwarded_for_is_read_as_proxies_write_it() {
        check(
            NAMES[0],
            &[
                (b"203.0.113.9", "203.0.113.9"),
                (b" 203.0.113.9\t", "203.0.113.9"),
                (b"203.0.113.9:5678", "203.0.113.9"),
                (b"2001:db8::7", "2001:db8::7"),
                (b"[2001:db8::7]", "2001:db8::7"),
                (b"[2001:db8::7]:443", "2001:db8::7"),
                (b"::ffff:203.0.113.9", "203.0.113.9"),
                (b"[::ffff:203.0.113.9]:80", "203.0.113.9"),
                (b"fe80::1%eth0", "fe80::1"),
                (b"198.51.100.1,203.0.113.9:1", "203.0.113.9"),
                (b"203.0.113.9:1 , 10.0.0.7:2", "203.0.113.9"),
                (b"203.0.113.9, [::ffff:10.0.0.7]:80, 10.1.1.1", "203.0.113.9"),
                (b"\xff\"nonsense, unknown,, 203.0.113.9", "203.0.113.9"),
                (b"203.0.113.9, unknown", "-"),
                (b"203.0.113.9, _hidden", "-"),
                (b"203.0.113.9,", "-"),
                (b"203.0.113.9, 10.0.0.7, \xff", "-"),
                (b"203.0.113.9:", "-"),
                (b"203.0.113.9:99999", "-"),
                (b"203.0.113.9:80:80", "-"),
                (b"[203.0.113.9]x", "-"),
                (b"[2001:db8::7]80", "-"),
                (b"203.0.113.9 203.0.113.9", "-"),
                (b"203.0.113.009", "-"),
                (b"10.0.0.7", "-"),
                (b"", "-"),
            ],
        );
    }

    #[test]
    fn an_element_of_forwarded_is_read_as_rfc_7239_writes_it() {
        check(
            NAMES[1],
            &[
                (b"for=203.0.113.9", "203.0.113.9"),
                (b"FOR=203.0.113.9;proto=https;by=10.0.0.1", "203.0.113.9"),
                (b"by=10.0.0.1; host=\"a,b\"; for=\"203.0.113.9:4711\"", "203.0.113.9"),
                (b"for=\"[2001:db8::7]:4711\"", "2001:db8::7"),
                (b"for=\"[2001:db8::7]\"", "2001:db8::7"),
                (b"for=\"203.0.113.9:_port\"", "203.0.113.9"),
                (b"for=198.51.100.1, for=203.0.113.9", "203.0.113.9"),
                (b"for=203.0.113.9, for=10.0.0.7;by=10.0.0.1", "203.0.113.9"),
                (b"for=\"198.51.100.1, for=203.0.113.9", "203.0.113.9"),
                (b"for=\"x, for=\"[2001:db8::7]:1\"", "2001:db8::7"),
                (b"for=203.0.113.9, for=unknown", "-"),
                (b"for=203.0.113.9, for=_hidden", "-"),
                (b"for=203.0.113.9, for=\"_hidden:80\"", "-"),
                (b"for=203.0.113.9, proto=https", "-"),
                (b"for=203.0.113.9;for=198.51.100.1", "-"),
                (b"for=203.0.113.9,", "-"),
                (b"for=\"203.0.113.9", "-"),
                (b"for= 203.0.113.9x", "-"),
                (b"203.0.113.9", "-"),
                (b"for=10.0.0.7", "-"),
            ],
        );
    }

    #[test]
    fn several_fields_are_one_list_and_the_two_kinds_have_to_agree() {
        let both = |one: &'static [u8], other: &'static [u8]| found(&[(NAMES[0], one), (NAMES[1], other)]);
        let client = Some("203.0.113.9".to_owned());
        assert_eq!(found(&[(NAMES[0], b"203.0.113.9"), (NAMES[0], b"10.0.0.7")]), client);
        assert_eq!(found(&[(NAMES[1], b"for=\""), (NAMES[1], b"for=203.0.113.9")]), client);
        assert_eq!(both(b"203.0.113.9, 10.0.0.7", b"for=\"203.0.113.9:1\""), client);
        assert_eq!(both(b"203.0.113.9", b"for=198.51.100.1"), None);
        assert_eq!(both(b"203.0.113.9", b"nonsense"), None);
        assert_eq!(found(&[]), None);
    }
}
