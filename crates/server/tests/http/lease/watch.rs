//! `POST /api/v1/verify/watch`, and `keep` of `POST /api/v1/verify`, as they are on the wire.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::answer::Answer;
use crate::support::rights::{Firm, user};
use crate::support::{Authority, Pat, Person};

pub(super) const WATCH: &str = "/api/v1/verify/watch";

pub(super) struct Stage {
    pub(super) authority: Authority,
    pub(super) firm: Firm,
    pub(super) alice: Person,
    pub(super) pat: Pat,
}

pub(super) async fn stage(authority: Authority) -> Stage {
    let (firm, alice) = (authority.firm().await, authority.person("alice").await);
    authority.bind("ApiUser", user(&alice.name), &firm.all()).await;
    let pat = authority.pat(&alice.session, &["*"]).await;
    Stage { authority, firm, alice, pat }
}

impl Stage {
    pub(super) async fn watch(&self, body: Value) -> Value {
        self.authority.post(&self.firm.api, WATCH, body).await.expect(200).body
    }

    /// Goes on from an answer.
    pub(super) async fn go_on(&self, from: &Value) -> Value {
        self.watch(json!({"verifier": from["verifier"], "applied": from["position"]})).await
    }

    pub(super) async fn verify(&self, more: Value) -> Value {
        let mut body = json!({"token": self.pat.secret, "keep": true});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.authority.post(&self.firm.api, "/api/v1/verify", body).await.expect(200).body
    }
}

#[tokio::test]
async fn a_watch_begins_with_everything_and_goes_on_with_what_changes() {
    let stage = stage(Authority::sqlite().await).await;
    let first = stage.watch(json!({})).await;
    assert_eq!(
        (&first["everything"], &first["changed"], &first["lease_ms"]),
        (&json!(true), &json!([]), &json!(2000))
    );
    let kept = stage.verify(json!({})).await["keep"].clone();
    let names = kept["names"].as_array().unwrap();
    assert_eq!(names.len(), 2, "the token and its owner: {kept}");
    // Nothing changes meanwhile, so this one is held a little.
    let second = stage.go_on(&first).await;
    assert_eq!((&second["everything"], &second["changed"]), (&json!(false), &json!([])));
    assert_eq!((&second["verifier"], &second["position"]), (&first["verifier"], &first["position"]));
    let path = format!("/api/v1/tokens/{}", stage.pat.id);
    let rename = stage.authority.patch(&stage.alice.session, &path, json!({"name": "renamed"}));
    let watched = async {
        let told = stage.go_on(&second).await;
        stage.go_on(&told).await;
        told
    };
    let (renamed, told) = tokio::join!(rename, watched);
    renamed.expect(200);
    assert_eq!(told["everything"], false);
    assert!(told["changed"].as_array().unwrap().contains(&names[0]), "{told} has no {kept}");
    // Whoever does not say what it applied, or somebody else's name, begins anew.
    for odd in
        [json!({"verifier": told["verifier"], "applied": 0}), json!({"verifier": "x"}), json!({"applied": 7})]
    {
        let anew = stage.watch(odd).await;
        assert_eq!(anew["everything"], true);
        assert_ne!(anew["verifier"], told["verifier"]);
    }
    let other = stage.authority.firm().await;
    let body = json!({"verifier": told["verifier"], "applied": told["position"]});
    let anew = stage.authority.post(&other.api, WATCH, body).await.expect(200).body;
    assert_eq!(anew["everything"], true);
}

#[tokio::test]
async fn only_apis_watch_and_only_where_somebody_knows_of_every_change() {
    let stage_one = stage(Authority::sqlite().await).await;
    let Stage { authority, alice, pat, firm } = &stage_one;
    for secret in [&alice.session, &pat.secret] {
        authority.post(secret, WATCH, json!({})).await.refused(403, "not_honoured_here");
    }
    let request = authority.request(Method::POST, WATCH).json(&json!({}));
    Answer::to(request).await.refused(401, "invalid_token");
    for (odd, code) in [
        (json!({"x": 1}), "unknown_field"),
        (json!({"verifier": 1}), "invalid_field"),
        (json!({"uses": [{"token_id": "x", "receipt": "", "count": 1}]}), "invalid_field"),
    ] {
        authority.post(&firm.api, WATCH, odd).await.refused(422, code);
    }
    authority.store.close().await;
    authority.post(&firm.api, WATCH, json!({})).await.refused(503, "unavailable");

    let Some(authority) = Authority::postgres().await else { return };
    let stage = stage(authority).await;
    stage.authority.post(&stage.firm.api, WATCH, json!({})).await.refused(409, "no_lease");
    let told = stage.verify(json!({})).await;
    assert_eq!((&told["allowed"], &told["keep"]), (&json!(true), &Value::Null));
}

#[tokio::test]
async fn what_may_be_kept_is_what_is_allowed_and_not_over_soon() {
    let stage = stage(Authority::sqlite().await).await;
    let Stage { authority, firm, alice, pat } = &stage;
    let kept = stage.verify(json!({})).await["keep"].clone();
    assert_eq!((&kept["any_client"], &kept["for_ms"]), (&json!(true), &json!(60_000)));
    let without = json!({"token": pat.secret});
    assert_eq!(authority.ask(&firm.api, &pat.secret, json!({})).await["keep"], Value::Null, "{without}");
    let denied = stage.verify(json!({"resource": "nowhere/at-all"})).await;
    assert_eq!((&denied["allowed"], &denied["keep"]), (&json!(false), &Value::Null));

    // The end of the token counts, and where the call comes from if the token is limited to that.
    authority.stop_the_clock().await;
    let body = json!({"scopes": ["*"], "expires_in_minutes": 1, "networks": ["10.0.0.0/8"]});
    let short = authority.token(&alice.session, body).await.pat();
    authority.clock.advance_minutes(0);
    let ask = json!({"token": short.secret, "keep": true, "client_ip": "10.1.2.3"});
    let told = authority.post(&firm.api, "/api/v1/verify", ask).await.expect(200).body;
    assert_eq!(told["keep"]["any_client"], false);
    assert!(told["keep"]["for_ms"].as_i64().unwrap() <= 60_000);

    // Uses of an old secret are shown one by one, so they are asked about one by one.
    let path = format!("/api/v1/tokens/{}/rotate", pat.id);
    let new = authority.post(&alice.session, &path, json!({})).await.expect(200).secret();
    let old = stage.verify(json!({})).await;
    assert_eq!((&old["allowed"], &old["keep"]), (&json!(true), &Value::Null));
    let ask = json!({"token": new, "keep": true});
    let told = authority.post(&firm.api, "/api/v1/verify", ask).await.expect(200).body;
    assert!(told["keep"].is_object(), "{told}");
}

#[tokio::test]
async fn names_and_receipts_are_different_for_each_api_and_say_nothing() {
    let stage = stage(Authority::sqlite().await).await;
    let Stage { authority, alice, pat, .. } = &stage;
    let other = authority.firm().await;
    authority.bind("ApiUser", user(&alice.name), &other.all()).await;
    let kept = stage.verify(json!({})).await["keep"].clone();
    let ask = json!({"token": pat.secret, "keep": true});
    let at_the_other =
        authority.post(&other.api, "/api/v1/verify", ask).await.expect(200).body["keep"].clone();
    assert_ne!(kept["names"], at_the_other["names"]);
    assert_ne!(kept["receipt"], at_the_other["receipt"]);
    assert!(!kept.to_string().contains(&pat.id), "{kept}");
}

#[tokio::test]
async fn uses_that_a_verifier_tells_are_counted_if_it_was_shown_the_token() {
    let stage = stage(Authority::sqlite().await).await;
    let Stage { authority, firm, alice, pat } = &stage;
    let scope = firm.scope("Task.Read");
    let kept = stage.verify(json!({"scope": scope})).await["keep"].clone();
    let stranger = authority.pat(&alice.session, &["*"]).await;
    let tell = |id: &str, receipt: &Value, scope: &str| {
        let client = "192.0.2.9";
        json!({"token_id": id, "receipt": receipt, "scope": scope, "client_ip": client, "count": 41})
    };
    let uses = json!([
        tell(&pat.id, &kept["receipt"], &scope),
        tell(&stranger.id, &kept["receipt"], &scope),
        tell(&stranger.id, &json!("0".repeat(32)), &scope),
    ]);
    stage.watch(json!({ "uses": uses })).await;
    let record = authority.record(&alice.session, &pat.id).await;
    assert_eq!(record["last_used_from"], "192.0.2.9", "{record}");
    assert_eq!(authority.record(&alice.session, &stranger.id).await["last_used_at"], Value::Null);
    let mut sql = authority.sql().await;
    let count = format!(
        "SELECT CAST(COALESCE(SUM(allowed), 0) AS TEXT) FROM token_use_count WHERE token_id = '{}' AND scope = '{scope}'",
        pat.id
    );
    while sql.number(&count).await != 42 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
