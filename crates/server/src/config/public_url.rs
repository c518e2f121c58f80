//! The address under which a deployment is reached from outside.

use std::str::FromStr;

use url::Url;

/// An `http` or `https` address that others can build on: links, issuers and addresses of endpoints begin with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(Url);

/// Why a text cannot be one. The text is not repeated: it could hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicUrlError {
    /// No address at all, or one for other programs.
    #[error("the public URL is not an address of a web server: write https://HOST or http://HOST:PORT")]
    NotWeb,
    /// It holds a user name or a password.
    #[error("the public URL holds a user name or a password, which every client would see: leave them out")]
    Credential,
    /// It goes on behind the path.
    #[error("the public URL holds `?` or `#`, and nothing can follow those: end it with the host or a path")]
    Tail,
}

impl PublicUrl {
    /// The address, without a slash at its end.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }
}

impl FromStr for PublicUrl {
    type Err = PublicUrlError;

    fn from_str(text: &str) -> Result<Self, PublicUrlError> {
        let url = Url::parse(text).map_err(|_| PublicUrlError::NotWeb)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(PublicUrlError::NotWeb);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(PublicUrlError::Credential);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(PublicUrlError::Tail);
        }
        Ok(Self(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_a_web_server_is_taken_without_its_last_slash() {
        for (text, shown) in [
            ("https://tokens.example.org", "https://tokens.example.org"),
            ("https://tokens.example.org/", "https://tokens.example.org"),
            ("HTTP://Tokens.Example.org:8080/jeton/", "http://tokens.example.org:8080/jeton"),
            ("http://[::1]:7070", "http://[::1]:7070"),
        ] {
            assert_eq!(text.parse::<PublicUrl>().unwrap().as_str(), shown);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for (text, error) in [
            ("", PublicUrlError::NotWeb),
            ("foo", PublicUrlError::NotWeb),
            ("tokens.example.org", PublicUrlError::NotWeb),
            ("tokens.example.org:443", PublicUrlError::NotWeb),
            ("ftp://x", PublicUrlError::NotWeb),
            ("file:///etc", PublicUrlError::NotWeb),
            ("https://", PublicUrlError::NotWeb),
            ("https://a:b@x", PublicUrlError::Credential),
            ("https://a@x", PublicUrlError::Credential),
            ("https://x?a=b", PublicUrlError::Tail),
            ("https://x/#a", PublicUrlError::Tail),
        ] {
            assert_eq!(text.parse::<PublicUrl>(), Err(error), "{text}");
        }
    }
}
