//! `/api/v1/service-accounts/{name}/trusts`

use serde_json::{Value, json};

use super::{account, path, put, trust};
use crate::store::audit;
use crate::support::issuer::AUDIENCE;
use crate::support::{Authority, fresh};

const ISSUER: &str = "https://issuer.example";

on_both! {
    alone:
        the_same_trust_again_writes_nothing;
    shared:
        a_trust_is_made_shown_listed_replaced_and_removed,
        what_is_not_said_has_a_careful_default,
        every_field_is_looked_at,
        an_account_has_a_limited_number_of_trusts,
        whoever_may_not_look_after_the_account_makes_no_trust,
        attack_03_whoever_does_not_cover_the_account_makes_no_trust,
        a_trust_of_nobody_does_not_exist;
}

async fn a_trust_is_made_shown_listed_replaced_and_removed(authority: Authority) {
    let (admin, account) = (authority.admin().await, account(&authority).await);
    let wanted = json!({
        "issuer": ISSUER, "audience": AUDIENCE, "jwks_url": "https://issuer.example/keys", "replay": "until_expiry",
        "lifetime_minutes_max": 15,
        "claims": [{"claim": "sub", "pattern": "repo:acme/site:*"}, {"claim": "/a/b", "pattern": "c"}],
    });
    let at = path(&account, "Main");
    let made = authority.put(&admin, &at, wanted.clone()).await.expect(201).body;
    let mut expected = wanted.clone();
    let more = json!({
        "id": made["id"], "name": "main", "service_account": account, "jwks": null, "created_at": made["created_at"],
        "last_used_at": null,
    });
    expected.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    assert_eq!(made, expected);
    assert_eq!(authority.get(&admin, &at).await.expect(200).body, made);
    let list = format!("/api/v1/service-accounts/{account}/trusts");
    let listed = authority.get(&admin, &list).await.expect(200).body;
    assert_eq!(listed, json!({"items": [made]}));

    let replaced = authority.put(&admin, &at, trust(ISSUER, "repo:acme/other")).await.expect(200).body;
    assert_eq!((&replaced["id"], &replaced["jwks_url"]), (&made["id"], &Value::Null));
    assert_eq!(replaced["claims"], json!([{"claim": "sub", "pattern": "repo:acme/other"}]));
    authority.delete(&admin, &at).await.expect(204);
    authority.delete(&admin, &at).await.refused(404, "not_found");
    authority.get(&admin, &at).await.refused(404, "not_found");
    assert_eq!(authority.get(&admin, &list).await.expect(200).body["items"], json!([]));
    let again = authority.put(&admin, &at, wanted).await.expect(201).body;
    assert_ne!(again["id"], made["id"], "a removed trust does not come back");
}

async fn what_is_not_said_has_a_careful_default(authority: Authority) {
    let account = account(&authority).await;
    let wanted = json!({"issuer": ISSUER, "claims": [{"claim": "sub", "pattern": "x"}]});
    let made = put(&authority, &account, wanted).await.expect(201).body;
    assert_eq!(made["audience"], authority.url(""), "this deployment and no other");
    assert_eq!((&made["replay"], &made["lifetime_minutes_max"]), (&json!("once"), &json!(60)));
}

async fn every_field_is_looked_at(authority: Authority) {
    let account = account(&authority).await;
    let with = |name: &str, value: Value| {
        let mut wanted = trust(ISSUER, "repo:acme/site");
        wanted[name] = value;
        wanted
    };
    let rules = |rules: &[(&str, &str)]| {
        let rules = rules.iter().map(|(claim, pattern)| json!({"claim": claim, "pattern": pattern}));
        with("claims", rules.collect())
    };
    for (wanted, pointer) in [
        (with("issuer", json!("")), "/issuer"),
        (with("issuer", json!("http://issuer.example")), "/issuer"),
        (with("issuer", json!("spiffe://acme.example")), "/issuer"),
        (with("issuer", json!("https://issuer.example?x=1")), "/issuer"),
        (with("issuer", json!("https://user:pw@issuer.example")), "/issuer"),
        (with("issuer", json!("ftp://issuer.example")), "/issuer"),
        (with("audience", json!("")), "/audience"),
        (with("audience", json!("a\nb")), "/audience"),
        (with("audience", json!("x".repeat(513))), "/audience"),
        (with("jwks_url", json!("http://issuer.example/keys")), "/jwks_url"),
        (with("jwks_url", json!("file:///etc/passwd")), "/jwks_url"),
        (with("jwks", json!({})), "/jwks"),
        (with("jwks", json!({"keys": []})), "/jwks"),
        (with("jwks", json!({"keys": [{"kty": "oct", "k": "AAAA"}]})), "/jwks"),
        (with("lifetime_minutes_max", json!(0)), "/lifetime_minutes_max"),
        (with("lifetime_minutes_max", json!(1441)), "/lifetime_minutes_max"),
        (rules(&[]), "/claims"),
        (rules(&[("ref", "refs/heads/main")]), "/claims"),
        (rules(&[("sub", "repo:*")]), "/claims"),
        (rules(&[("sub", "x"), ("sub", "y")]), "/claims"),
        (rules(&[("sub", "x"), ("aud", "y")]), "/claims"),
        (rules(&[("sub", "*")]), "/claims/0/pattern"),
        (rules(&[("sub", "x"), ("ref", "refs/heads/release*")]), "/claims/1/pattern"),
        (rules(&[("", "x")]), "/claims/0/claim"),
    ] {
        let refused = put(&authority, &account, wanted.clone()).await;
        assert_eq!(refused.status, 422, "{wanted}: {}", refused.text);
        refused.invalid(pointer, "invalid_field");
    }
    let both = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]});
    let mut wanted = with("jwks", both);
    put(&authority, &account, wanted.clone()).await.expect(201);
    wanted["jwks_url"] = json!("https://issuer.example/keys");
    put(&authority, &account, wanted).await.invalid("/jwks", "invalid_field");
    put(&authority, &account, with("replay", json!("never"))).await.refused(422, "invalid_field");
    put(&authority, &account, with("secret", json!("x"))).await.refused(422, "unknown_field");
    let admin = authority.admin().await;
    let at = path(&account, "no%20name");
    authority.put(&admin, &at, trust(ISSUER, "x")).await.invalid("trust", "invalid_field");
}

async fn the_same_trust_again_writes_nothing(authority: Authority) {
    let account = account(&authority).await;
    put(&authority, &account, trust(ISSUER, "repo:acme/site")).await.expect(201);
    let rows = async || audit::rows(&mut authority.sql().await).await;
    let before = rows().await;
    let last = before.iter().find(|row| row.action() == "trust.write").unwrap();
    assert!(last.is_sealed() && last.detail().contains("sub = repo:acme/site"), "{}", last.detail());
    put(&authority, &account, trust(ISSUER, "repo:acme/site")).await.expect(200);
    assert_eq!(rows().await.len(), before.len());
    put(&authority, &account, trust(ISSUER, "repo:acme/other")).await.expect(200);
    assert_eq!(rows().await.len(), before.len() + 1);
}

async fn an_account_has_a_limited_number_of_trusts(authority: Authority) {
    let (admin, account) = (authority.admin().await, account(&authority).await);
    for number in 0..32 {
        let at = path(&account, &format!("t{number}"));
        authority.put(&admin, &at, trust(ISSUER, "x")).await.expect(201);
    }
    authority.put(&admin, &path(&account, "more"), trust(ISSUER, "x")).await.refused(409, "limit_reached");
    authority.put(&admin, &path(&account, "t7"), trust(ISSUER, "y")).await.expect(200);
    authority.delete(&admin, &path(&account, "t8")).await.expect(204);
    authority.put(&admin, &path(&account, "more"), trust(ISSUER, "x")).await.expect(201);
}

async fn whoever_may_not_look_after_the_account_makes_no_trust(authority: Authority) {
    let (admin, account) = (authority.admin().await, account(&authority).await);
    let alice = authority.person("alice").await;
    put(&authority, &account, trust(ISSUER, "x")).await.expect(201);
    let (at, list) = (path(&account, "main"), format!("/api/v1/service-accounts/{account}/trusts"));
    for secret in [&alice.session, &authority.pat(&alice.session, &["*"]).await.secret] {
        let answers = [
            authority.get(secret, &at).await,
            authority.get(secret, &list).await,
            authority.put(secret, &at, trust(ISSUER, "y")).await,
            authority.put(secret, &path(&account, "new"), trust(ISSUER, "y")).await,
            authority.delete(secret, &at).await,
        ];
        for answer in answers {
            assert!(matches!(answer.status, 403 | 404), "{}", answer.text);
        }
    }
    let shown = authority.get(&admin, &at).await.expect(200).body;
    assert_eq!(shown["claims"], json!([{"claim": "sub", "pattern": "x"}]));
}

async fn attack_03_whoever_does_not_cover_the_account_makes_no_trust(authority: Authority) {
    let (admin, account) = (authority.admin().await, account(&authority).await);
    let (role, alice) = (fresh("Keeper"), authority.person("alice").await);
    authority
        .put(&admin, &format!("/api/v1/roles/{role}"), json!({"scopes": ["Jeton.Admin.ServiceAccount"]}))
        .await
        .expect(201);
    let subject = json!({"type": "user", "name": alice.name});
    let binding = json!({"role": role, "subject": subject, "place": "default/*"});
    authority.post(&admin, "/api/v1/role-bindings", binding).await.expect(201);
    // Everyone holds ApiUser at `default`, and so she covers the account, as long as it can do no more than that.
    authority.put(&alice.session, &path(&account, "fine"), trust(ISSUER, "x")).await.expect(201);
    let narrow = authority.pat(&alice.session, &["Jeton.Admin.ServiceAccount", "Taskurai.Task.Read"]).await;
    authority
        .put(&narrow.secret, &path(&account, "main"), trust(ISSUER, "x"))
        .await
        .refused(403, "scope_exceeds_grant");

    let strong = json!({"type": "service_account", "name": account});
    let binding = json!({"role": "TokenAdmin", "subject": strong, "place": "*"});
    authority.post(&admin, "/api/v1/role-bindings", binding).await.expect(201);
    let at = path(&account, "main");
    authority.put(&alice.session, &at, trust(ISSUER, "x")).await.refused(403, "scope_exceeds_grant");
    authority
        .put(&alice.session, &path(&account, "fine"), trust(ISSUER, "y"))
        .await
        .refused(403, "scope_exceeds_grant");
    // To take away she need not hold it.
    authority.delete(&alice.session, &path(&account, "fine")).await.expect(204);
}

async fn a_trust_of_nobody_does_not_exist(authority: Authority) {
    let admin = authority.admin().await;
    let list = "/api/v1/service-accounts/nobody/trusts";
    authority.get(&admin, list).await.refused(404, "not_found");
    authority.put(&admin, &path("nobody", "main"), trust(ISSUER, "x")).await.refused(404, "not_found");
    // A person is no service account.
    authority.put(&admin, &path("admin", "main"), trust(ISSUER, "x")).await.refused(404, "not_found");
    let account = account(&authority).await;
    authority.get(&admin, &path(&account, "nothing")).await.refused(404, "not_found");
    authority.delete(&admin, &path(&account, "nothing")).await.refused(404, "not_found");
}
