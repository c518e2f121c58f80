//! Mail: one letter to each owner, about what still holds, to whoever can do something.

use serde_json::json;

use super::{advance_days, all_settled, at_noon, configured, noted, of_days, outbox, telling};
use crate::support::receiver::soon;
use crate::support::smtp::{Letter, MailServer};
use crate::support::{Authority, PASSWORD};

on_both! {
    alone:
        each_owner_gets_one_letter_about_all_tokens,
        what_was_rotated_or_revoked_meanwhile_is_in_no_letter,
        who_has_no_address_is_written_to_at_the_fallback,
        nobody_to_write_to_is_no_delivery_that_fails,
        a_busy_mail_server_gets_the_same_letter_later,
        attack_26_names_stay_names_in_a_letter,
        no_word_is_said_without_starttls;
}

/// A user with an address, and a session of theirs.
async fn user(authority: &Authority, name: &str, email: Option<&str>) -> String {
    let mut body = json!({"password": PASSWORD});
    if let Some(email) = email {
        body["email"] = json!(email);
    }
    authority.put(&authority.admin().await, &format!("/api/v1/users/{name}"), body).await.expect(201);
    authority.session(name, PASSWORD).await
}

async fn mailing(authority: Authority, server: &MailServer, more: &str) -> Authority {
    let authority = telling(authority, &server.entry(&format!("tls = \"none\"\n{more}"))).await;
    at_noon(&authority);
    authority
}

/// Lets the letters go that wait for others, and waits until they are gone.
async fn letters(authority: &Authority, server: &MailServer, number: usize) -> Vec<Letter> {
    authority.clock.advance_minutes(2);
    let letters = server.wait_for(number).await;
    all_settled(authority).await;
    assert_eq!(server.letters().len(), number);
    letters
}

fn number(token: &serde_json::Value) -> String {
    format!("jeton token rotate {}\n", token["number"])
}

async fn each_owner_gets_one_letter_about_all_tokens(authority: Authority) {
    let server = MailServer::start().await;
    let authority = mailing(authority, &server, "").await;
    let alice = user(&authority, "alice", Some("alice@people.example")).await;
    let bob = user(&authority, "bob", Some("bob@people.example")).await;
    let admin = authority.admin().await;
    let account = json!({"organization": "default"});
    authority.put(&admin, "/api/v1/service-accounts/worker", account).await.expect(201);
    let binding = json!({"role": "Admin", "subject": {"type": "user", "name": "alice"}, "place": "*"});
    authority.post(&admin, "/api/v1/role-bindings", binding).await.expect(201);
    let web = of_days(&authority, &alice, "web", 20).await;
    let cron = of_days(&authority, &alice, "cron", 21).await;
    let other = of_days(&authority, &bob, "other", 20).await;
    let body = json!({"kind": "service", "owner": "worker", "name": "deploy", "scopes": ["Jeton.Token.Read"],
        "expires_in_minutes": 20 * 24 * 60});
    let deploy = authority.token(&alice, body).await.expect(201).body["token"].clone();
    advance_days(&authority, 14);
    noted(&authority, 4).await;
    let letters = letters(&authority, &server, 2).await;
    let to =
        |name: &str| letters.iter().find(|letter| letter.to == [format!("<{name}@people.example>")]).unwrap();
    let hers = to("alice");
    assert_eq!(hers.field("Subject"), "3 tokens end soon");
    assert_eq!(hers.field("From"), "Jeton <jeton@tokens.example>");
    assert_eq!(hers.field("Auto-Submitted"), "auto-generated");
    assert!(hers.field("Date").ends_with("+0000"), "{}", hers.head());
    let body = hers.body();
    for token in [&web, &cron, &deploy] {
        assert!(body.replace("\r\n", "\n").contains(&number(token)), "{body}");
    }
    assert!(body.contains("\"deploy\", service token") && body.contains("of worker"), "{body}");
    assert!(body.contains(&authority.url("")) && body.contains("in 6 days"), "{body}");
    assert!(!body.contains("\"other\""));
    assert_eq!(to("bob").field("Subject"), "1 token ends soon");
    assert!(to("bob").body().replace("\r\n", "\n").contains(&number(&other)));
}

async fn what_was_rotated_or_revoked_meanwhile_is_in_no_letter(authority: Authority) {
    let server = MailServer::start().await;
    let authority = mailing(authority, &server, "").await;
    let alice = user(&authority, "alice", Some("alice@people.example")).await;
    let names = ["rotated", "revoked", "left"];
    let mut tokens = vec![];
    for name in names {
        tokens.push(of_days(&authority, &alice, name, 20).await);
    }
    let bob = user(&authority, "bob", Some("bob@people.example")).await;
    let bobs = of_days(&authority, &bob, "gone", 20).await;
    advance_days(&authority, 14);
    noted(&authority, 4).await;
    let admin = authority.admin_again().await;
    let path = |token: &serde_json::Value| format!("/api/v1/tokens/{}", token["id"].as_str().unwrap());
    authority.post(&admin, &format!("{}/rotate", path(&tokens[0])), json!({})).await.expect(200);
    authority.delete(&admin, &path(&tokens[1])).await.expect(204);
    authority.delete(&admin, &path(&bobs)).await.expect(204);
    let letters = letters(&authority, &server, 1).await;
    assert_eq!(letters[0].field("Subject"), "1 token ends soon");
    assert!(letters[0].body().contains("\"left\""));
}

async fn who_has_no_address_is_written_to_at_the_fallback(authority: Authority) {
    let server = MailServer::start().await;
    let authority = mailing(authority, &server, "fallback = \"ops@tokens.example\"").await;
    let alice = user(&authority, "alice", None).await;
    of_days(&authority, &alice, "web", 20).await;
    advance_days(&authority, 14);
    noted(&authority, 1).await;
    let letters = letters(&authority, &server, 1).await;
    assert_eq!(letters[0].to, ["<ops@tokens.example>"]);
    assert!(letters[0].body().contains("of alice"));
}

async fn nobody_to_write_to_is_no_delivery_that_fails(authority: Authority) {
    let server = MailServer::start().await;
    let authority = mailing(authority, &server, "").await;
    let alice = user(&authority, "alice", None).await;
    of_days(&authority, &alice, "web", 20).await;
    advance_days(&authority, 14);
    noted(&authority, 1).await;
    authority.clock.advance_minutes(2);
    soon(async || (outbox(&authority).await == (0, 0)).then_some(())).await;
    assert!(server.commands().is_empty());
}

async fn a_busy_mail_server_gets_the_same_letter_later(authority: Authority) {
    let server = MailServer::start().await;
    server.be_busy(true);
    let authority = mailing(authority, &server, "").await;
    let alice = user(&authority, "alice", Some("alice@people.example")).await;
    of_days(&authority, &alice, "web", 20).await;
    advance_days(&authority, 14);
    noted(&authority, 1).await;
    authority.clock.advance_minutes(2);
    soon(async || server.commands().iter().any(|line| line.starts_with("RCPT")).then_some(())).await;
    assert_eq!(server.letters().len(), 0);
    server.be_busy(false);
    let letters = letters(&authority, &server, 1).await;
    let id = authority.sql().await.rows("SELECT id FROM audit WHERE action = 'token.expiring'").await;
    assert_eq!(letters[0].field("Message-ID"), format!("<{}@tokens.example>", id[0][0]));
}

async fn attack_26_names_stay_names_in_a_letter(authority: Authority) {
    let server = MailServer::start().await;
    let authority = mailing(authority, &server, "").await;
    let alice = user(&authority, "alice", Some("alice@people.example")).await;
    let admin = authority.admin().await;
    // No address is anything but an address, whoever writes it down.
    for (name, email) in
        [("eve", "eve@people.example\r\nBcc: all@people.example"), ("mallory", "a@b.example, c@d.example")]
    {
        let body = json!({"password": PASSWORD, "email": email});
        if authority.put(&admin, &format!("/api/v1/users/{name}"), body).await.status == 201 {
            let session = authority.session(name, PASSWORD).await;
            of_days(&authority, &session, "web", 20).await;
        }
    }
    let name = "x\" \u{202e}drawer =?utf-8?q?hi?= \u{fc}";
    let body = json!({"name": name, "scopes": ["Jeton.Token.Read"], "expires_in_minutes": 20 * 24 * 60});
    let made = authority.token(&alice, body).await;
    let is_made = made.status == 201;
    of_days(&authority, &alice, "last", 20).await;
    advance_days(&authority, 14);
    noted(&authority, 1 + usize::from(is_made)).await;
    let letters = letters(&authority, &server, 1).await;
    assert_eq!(letters[0].to, ["<alice@people.example>"]);
    let body = letters[0].body();
    assert!(!body.contains('\u{202e}') && body.contains("\"last\""), "{body}");
    assert_eq!(is_made, body.contains("\"x\\u{22} \\u{202e}drawer =?utf-8?q?hi?= \u{fc}\""), "{body}");
}

async fn no_word_is_said_without_starttls(authority: Authority) {
    let server = MailServer::start().await;
    let login = "tls = \"starttls\"\nuser = \"jeton\"\npassword_file = \"KEY\"";
    assert!(configured(&server.entry(login)).is_ok());
    let authority = telling(authority, &server.entry(login)).await;
    at_noon(&authority);
    let alice = user(&authority, "alice", Some("alice@people.example")).await;
    of_days(&authority, &alice, "web", 20).await;
    advance_days(&authority, 14);
    noted(&authority, 1).await;
    authority.clock.advance_minutes(2);
    let metrics = async || reqwest::get(authority.url("/metrics")).await.unwrap().text().await.unwrap();
    let is_counted =
        |text: String| text.contains("jeton_deliveries_total{sink=\"mail\",outcome=\"put_off\"}");
    soon(async || is_counted(metrics().await).then_some(())).await;
    assert!(
        server.commands().iter().all(|line| line.starts_with("EHLO") || line == "QUIT"),
        "{:?}",
        server.commands()
    );
}
