//! What can be seen without a server: signatures, names that mean something else by now, the words of letters.

use std::io;

use jeton_token::{Timestamp, TokenKind};

use super::courier::NotDelivered;
use super::webhook::Caller;
use super::{EventFilter, SigningKey, WebhookAddress, WebhookSink, letter};
use crate::outside::Way;
use crate::outside::tests::names;
use crate::store::{Letter, NamedToken, Taken};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The example of the libraries of Standard Webhooks.
#[test]
fn a_signature_is_that_of_standard_webhooks() {
    let signature = SigningKey::parse(KEY).unwrap().sign(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        b"{\"test\": 2432232314}",
    );
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn a_filter_has_what_it_names_and_nothing_else() {
    let filter = EventFilter::parse(["token.*", "user.write"]).unwrap();
    for (word, has) in [
        ("token.revoke", true),
        ("token.expiring", true),
        ("user.write", true),
        ("user.password", false),
        ("tokens.x", false),
        ("session.create", false),
    ] {
        assert_eq!(filter.has(word), has, "{word}");
    }
    assert!(EventFilter::parse(["*"]).unwrap().has("anything.at.all"));
    assert!(!EventFilter::parse([]).unwrap().has("token.revoke"));
}

/// A webhook whose name was public when it was configured, and means this machine when it is called.
#[tokio::test]
async fn attack_29_a_rebinding_name_is_told_nothing() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    for answers in
        [&[&["127.0.0.1"][..]][..], &[&["1.1.1.1", "::1"]], &[&["::ffff:127.0.0.1"]], &[&["64:ff9b::7f00:1"]]]
    {
        let address = WebhookAddress::parse(&format!("https://hooks.example:{port}/"), Way::Public).unwrap();
        let (key, events) = (SigningKey::parse(KEY).unwrap(), EventFilter::parse(["*"]).unwrap());
        let caller =
            Caller::new(WebhookSink { name: "ops".to_owned(), address, key, events }, names(answers));
        let told = caller.tell("id", Timestamp(0), b"{}".to_vec()).await;
        assert!(
            matches!(&told, Err(NotDelivered::Later(why)) if why.contains("private networks")),
            "{told:?}"
        );
    }
    assert_eq!(listener.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock, "nobody knocked");
}

#[test]
fn a_letter_says_which_tokens_end_and_what_to_do() {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    let now = Timestamp(1_900_000_000_000);
    let token = |number, name: &str, days| NamedToken {
        number,
        kind: TokenKind::Personal,
        name: name.to_owned(),
        owner_kind: "user".to_owned(),
        owner_name: "alice".to_owned(),
        ends_at: Some(now.plus_ms(days * DAY_MS)),
    };
    let entry = |what| Taken { audit_id: "x".to_owned(), tries: 1, what };
    let letter = |entries| Letter { address: None, entries };
    let none = letter(vec![entry(None)]);
    assert_eq!(letter::text(&none, "https://tokens.example", now), None);
    let two =
        letter(vec![entry(Some(token(17, "web\n\u{202e}", 7))), entry(None), entry(Some(token(18, "b", 1)))]);
    let text = letter::text(&two, "https://tokens.example", now).unwrap();
    assert_eq!(text.subject, "2 tokens end soon");
    let says = "These tokens end soon at https://tokens.example:\n\n  \"web\\u{a}\\u{202e}\", personal token 17 of alice\n  \
                ends 2030-03-24 17:46 UTC, in 7 days\n  jeton token rotate 17\n\n  \"b\", personal token 18 of alice\n  \
                ends 2030-03-18 17:46 UTC, in 24 hours\n  jeton token rotate 18\n\nWith the command";
    assert!(text.body.starts_with(says), "{}", text.body);
}
