//! From words of other people to names of ours.

use jeton_token::Scope;

/// The longest segment of a scope, in characters.
const SEGMENT_CHARS_MAX: usize = 64;

/// Words that say what is done rather than to what.
const VERBS: [&str; 16] = [
    "read", "readonly", "view", "list", "get", "write", "create", "update", "modify", "edit", "delete",
    "remove", "manage", "admin", "execute", "run",
];

/// Those of them that change nothing.
const READING: [&str; 5] = ["read", "readonly", "view", "list", "get"];

/// Those that mean more than one change.
const RULING: [&str; 2] = ["admin", "manage"];

/// Scopes of OpenID Connect about who somebody is; an API does not ask for them.
const OF_IDENTITY: [&str; 6] = ["openid", "profile", "email", "address", "phone", "offline_access"];

/// Letters beyond ASCII, as they are usually spelled with those of ASCII.
const SPELLINGS: [(&str, &str); 24] = [
    ("ä", "ae"),
    ("áàâãåāăą", "a"),
    ("æ", "ae"),
    ("çćčĉċ", "c"),
    ("ďđð", "d"),
    ("éèêëēĕėęě", "e"),
    ("ğĝġģ", "g"),
    ("íìîïīĭįı", "i"),
    ("ķ", "k"),
    ("łĺļľ", "l"),
    ("ñńņň", "n"),
    ("ö", "oe"),
    ("óòôõōŏő", "o"),
    ("ø", "oe"),
    ("œ", "oe"),
    ("ŕŗř", "r"),
    ("śŝşšș", "s"),
    ("ß", "ss"),
    ("ţťŧț", "t"),
    ("ü", "ue"),
    ("úùûūŭůűų", "u"),
    ("ýÿŷ", "y"),
    ("źżž", "z"),
    ("þ", "th"),
];

/// Whether the text has letters that a name cannot have.
pub(super) fn has_foreign_letters(text: &str) -> bool {
    text.chars().any(|c| c.is_alphabetic() && !c.is_ascii())
}

/// The text with the letters of ASCII, as far as there is a usual spelling.
pub(super) fn spelled(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len());
    for c in text.chars() {
        let small: String = c.to_lowercase().collect();
        match SPELLINGS.iter().find(|(letters, _)| letters.contains(&small)).filter(|_| !c.is_ascii()) {
            Some((_, ascii)) if c.is_uppercase() => spelled.push_str(&capital(ascii)),
            Some((_, ascii)) => spelled.push_str(ascii),
            None => spelled.push(c),
        }
    }
    spelled
}

/// `dns_zones` and `dns-zones` as `DnsZones`; what is neither letter nor digit only separates.
pub(super) fn pascal(text: &str) -> String {
    let text = spelled(text);
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.map(capital).collect::<String>().chars().take(SEGMENT_CHARS_MAX).collect()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// `Netlify's API` as `netlifys-api`: a name as it stands in URLs and commands.
pub(super) fn slug(text: &str) -> String {
    let text = spelled(text).replace(['\'', '’'], "").to_ascii_lowercase();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut slug = String::new();
    for word in words {
        if slug.len() + 1 + word.len() > SEGMENT_CHARS_MAX {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(word);
    }
    slug
}

/// An OAuth scope as one of ours: `read:pets` as `Petstore.Pets.Read`. `None` where there is no sensible one.
pub(super) fn scope_of_oauth(namespace: &str, text: &str) -> Option<String> {
    if OF_IDENTITY.contains(&text) {
        return None;
    }
    let is_ours = text.parse::<Scope>().is_ok_and(|scope| scope.namespace() == namespace);
    if is_ours {
        return Some(text.to_owned());
    }
    let local =
        if let Some((_, address)) = text.split_once("://") { end_of(address)? } else { text.to_owned() };
    let parts = local.split([':', '.', '/']).map(pascal).filter(|part| !part.is_empty());
    let mut parts: Vec<_> = parts.collect();
    if parts.len() > 1 && parts.first().is_some_and(|first| first.eq_ignore_ascii_case(namespace)) {
        parts.remove(0);
    }
    if parts.len() > 1 && parts.first().is_some_and(|first| is_one_of(first, &VERBS)) {
        parts.rotate_left(1);
    }
    parts.insert(0, namespace.to_owned());
    let scope = parts.join(".");
    scope.parse::<Scope>().is_ok().then_some(scope)
}

/// The last part of an address, which says what it is; with the one before it where it is only a verb.
fn end_of(address: &str) -> Option<String> {
    let (_, path) = address.split_once('/')?;
    let mut parts = path.rsplit('/').filter(|part| !part.is_empty());
    let last = parts.next()?;
    let before = parts.next().filter(|_| is_one_of(last, &VERBS));
    Some(before.map_or_else(|| last.to_owned(), |before| format!("{before}/{last}")))
}

/// How much the last segment of a scope says that one may: only look, change something, or all.
pub(super) fn power(scope: &str) -> u8 {
    let last = scope.rsplit('.').next().unwrap_or_default();
    if is_one_of(last, &READING) {
        0
    } else if is_one_of(last, &RULING) {
        2
    } else {
        1
    }
}

fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// The scope that method and path suggest: what the path names, to this depth, and what the method does to it.
/// `GET /v1/sites/{id}/forms` is `Netlify.Sites.Forms.Read`.
pub(crate) fn scope_of_path(namespace: &str, method: &str, path: &str, depth: usize) -> String {
    let mut nouns: Vec<_> = path.split('/').filter(|part| is_noun(part)).map(pascal).collect();
    nouns.retain(|noun| !noun.is_empty());
    nouns.truncate(depth);
    if nouns.is_empty() {
        nouns.push("Root".to_owned());
    }
    let verb = verb(method, path);
    loop {
        let scope = format!("{namespace}.{}.{verb}", nouns.join("."));
        if nouns.len() == 1 || scope.parse::<Scope>().is_ok() {
            return scope;
        }
        nouns.pop();
    }
}

/// Neither a value, nor a version, nor a word that all paths begin with.
fn is_noun(part: &str) -> bool {
    let version = part.strip_prefix(['v', 'V']).unwrap_or_default();
    let is_version = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    !part.is_empty() && !part.contains(['{', '}']) && !is_version && !matches!(part, "api" | "rest")
}

fn verb(method: &str, path: &str) -> &'static str {
    match method {
        "POST" if path.trim_end_matches('/').ends_with('}') => "Write",
        "POST" => "Create",
        "PUT" | "PATCH" => "Update",
        "DELETE" => "Delete",
        "GET" | "HEAD" | "OPTIONS" | "QUERY" | "TRACE" => "Read",
        // Any other one may do anything.
        _ => "Write",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oauth_scopes_become_ours_where_they_can() {
        for (text, expected) in [
            ("read:pets", Some("P.Pets.Read")),
            ("pets:read", Some("P.Pets.Read")),
            ("P.Pets.Read", Some("P.Pets.Read")),
            ("p:pets:read", Some("P.Pets.Read")),
            ("admin:org_hook", Some("P.OrgHook.Admin")),
            ("repo", Some("P.Repo")),
            ("read", Some("P.Read")),
            ("https://www.example.com/auth/drive.readonly", Some("P.Drive.Readonly")),
            ("https://www.example.com/auth/drive/", Some("P.Drive")),
            ("https://x.example/users/read", Some("P.Users.Read")),
            ("https://x.example/payments/read", Some("P.Payments.Read")),
            ("https://x.example/read", Some("P.Read")),
            ("https://x.example", None),
            ("openid", None),
            ("offline_access", None),
            ("***", None),
            ("a.b.c.d.e.f.g.h.i", None),
        ] {
            assert_eq!(scope_of_oauth("P", text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn paths_suggest_scopes() {
        for (method, path, expected) in [
            ("GET", "/pets", "P.Pets.Read"),
            ("HEAD", "/pets/{id}", "P.Pets.Read"),
            ("POST", "/pets", "P.Pets.Create"),
            ("POST", "/pets/{id}", "P.Pets.Write"),
            ("PUT", "/api/v1/pets/{id}", "P.Pets.Update"),
            ("PATCH", "/v2.1/pets/{id}", "P.Pets.Update"),
            ("DELETE", "/dns_zones/{z}/dns-records/{r}", "P.DnsZones.DnsRecords.Delete"),
            ("GET", "/", "P.Root.Read"),
            ("GET", "/{a}/{b}", "P.Root.Read"),
            ("GET", "/{account}/sites", "P.Sites.Read"),
            ("GET", "/a/b/c/d/e/f/g/h", "P.A.B.C.D.E.F.Read"),
            ("GET", "/größe/é", "P.Groesse.E.Read"),
            ("GET", "/Ämter/动物", "P.Aemter.Read"),
            ("ANY", "/pets", "P.Pets.Write"),
        ] {
            assert_eq!(scope_of_path("P", method, path, 6), expected, "{method} {path}");
        }
        assert_eq!(scope_of_path("P", "GET", "/a/b/c", 2), "P.A.B.Read");
        let long = format!("/{}/{}", "x".repeat(80), "y".repeat(80));
        let scope = scope_of_path("P", "GET", &long, 6);
        assert!(scope.parse::<Scope>().is_ok(), "{scope}");
    }

    #[test]
    fn titles_become_names() {
        assert_eq!(slug("Netlify's API documentation"), "netlifys-api-documentation");
        assert_eq!(slug("  Größe / 7 "), "groesse-7");
        assert_eq!(slug("Żółć & ÖPNV"), "zolc-oepnv");
        assert_eq!(slug("…"), "");
        assert_eq!(pascal("swagger-petstore"), "SwaggerPetstore");
    }
}
