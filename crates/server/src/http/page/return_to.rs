//! Where to go after signing in: pages of this server, and only those that are listed here (threat 27).

use super::super::Doors;
use super::{Answer, to_page};

/// The pages that somebody may be on the way to.
const PAGES: [&str; 3] = ["/sign-in", "/device", "/oauth2/authorize"];
const BYTES_MAX: usize = 2048;

/// A page of this server, with its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReturnTo(String);

impl ReturnTo {
    /// What does not name a listed page leads to the sign-in page, which then says who is signed in.
    pub(super) fn parse(text: Option<&str>) -> Self {
        let listed = text.filter(|text| text.len() <= BYTES_MAX && is_listed(text));
        Self(listed.unwrap_or("/sign-in").to_owned())
    }

    /// A page of ours with these parameters.
    pub(super) fn page(path: &'static str, parameters: &[(&str, &str)]) -> Self {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let query = query.extend_pairs(parameters).finish();
        Self::parse(Some(&if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it leads anywhere but to the sign-in page.
    pub(super) fn leads_on(&self) -> bool {
        self.0 != "/sign-in"
    }

    pub(super) fn go(&self, doors: &Doors) -> Answer {
        to_page(doors, &self.0)
    }
}

fn is_listed(text: &str) -> bool {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%&=+:/@!$'()*,;[]".contains(&byte);
    PAGES.contains(&path) && query.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_pages_are_kept_with_their_query() {
        for text in ["/sign-in", "/device", "/device?user_code=BCDF-GHJK", "/oauth2/authorize?a=b%20c&d=e"] {
            assert_eq!(ReturnTo::parse(Some(text)).as_str(), text);
        }
        let parameters = [("redirect_uri", "http://[::1]:1/x"), ("state", "a b&c?#\"")];
        let built = ReturnTo::page("/oauth2/authorize", &parameters);
        assert_eq!(
            built.as_str(),
            "/oauth2/authorize?redirect_uri=http%3A%2F%2F%5B%3A%3A1%5D%3A1%2Fx&state=a+b%26c%3F%23%22"
        );
    }

    #[test]
    fn everything_else_leads_to_the_sign_in_page() {
        let long = format!("/device?{}", "x".repeat(BYTES_MAX));
        for text in [
            "",
            "/",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/%09/evil.example",
            "/\t/evil.example",
            "https:evil.example",
            "https://evil.example/device",
            "javascript:alert(1)",
            "device",
            "/device/",
            "/device/../x",
            "/Device",
            "/device#x",
            "/device?a b",
            "/device?a\r\nSet-Cookie: x=y",
            "/device?\\",
            "/device?ä",
            "/device?a#b",
            "//device",
            "/oauth2/token",
            "/api/v1/tokens",
            " /device",
            long.as_str(),
        ] {
            assert_eq!(ReturnTo::parse(Some(text)).as_str(), "/sign-in", "{text}");
        }
        assert_eq!(ReturnTo::parse(None).as_str(), "/sign-in");
    }
}
