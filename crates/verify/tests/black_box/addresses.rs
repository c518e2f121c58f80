//! Where a client may be told to ask, and with what.

use jeton_token::TokenKind;
use jeton_verify::{Client, ClientError, Secret, Url};

use crate::authority::Authority;
use crate::tokens::{client_of, credential, minted, personal};

#[test]
fn https_and_this_machine_are_asked() {
    for base in [
        "https://tokens.example.org",
        "https://tokens.example.org:8443/jeton/",
        "http://127.0.0.1:7070",
        "http://127.8.8.8",
        "http://[::1]:7070",
        "http://localhost:7070",
        "http://LOCALHOST:7070",
    ] {
        assert!(client_of(base).build().is_ok(), "{base}");
    }
}

#[test]
fn plain_http_to_another_machine_must_be_vouched_for() {
    for (base, host) in [
        ("http://tokens.example.org", "tokens.example.org"),
        ("http://localhost.example.org", "localhost.example.org"),
        ("http://10.0.0.1", "10.0.0.1"),
        ("http://0.0.0.0:7070", "0.0.0.0"),
        ("http://[2001:db8::1]", "[2001:db8::1]"),
    ] {
        assert_eq!(client_of(base).build().unwrap_err(), ClientError::PlainHttp(host.to_owned()));
        assert!(client_of(base).allow_plain_http().build().is_ok(), "{base}");
    }
}

#[test]
fn an_address_is_scheme_host_and_path() {
    for base in [
        "ftp://tokens.example.org",
        "data:text/plain,x",
        "https://alice@tokens.example.org",
        "https://alice:secret@tokens.example.org",
        "https://tokens.example.org?token=1",
        "https://tokens.example.org#top",
    ] {
        assert_eq!(client_of(base).build().unwrap_err(), ClientError::Address, "{base}");
    }
}

#[test]
fn only_an_api_credential_may_ask() {
    let base = Url::parse("https://tokens.example.org").unwrap();
    for text in [String::new(), personal().text, minted(TokenKind::Session, 4).text, credential().text + " "]
    {
        let error = Client::new(base.clone(), Secret::new(text)).unwrap_err();
        assert_eq!(error, ClientError::Credential);
    }
}

#[tokio::test]
async fn an_authority_may_be_mounted_below_a_path() {
    let authority = Authority::that_allows().await;
    for path in ["/jeton", "/jeton/"] {
        let client = client_of(&format!("{}{path}", authority.base)).build().unwrap();
        client.verify(jeton_verify::Ask::about(&personal().text)).await.unwrap();
        assert_eq!(authority.questions()[0].path, "/jeton/api/v1/verify");
    }
}
