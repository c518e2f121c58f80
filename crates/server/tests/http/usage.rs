//! What tokens are used for: when last, from where, and how often for what.

use serde_json::{Value, json};

use crate::support::clock::ms;
use crate::support::{Authority, Pat};

on_both! {
    alone:
        uses_survive_a_restart_and_are_counted_by_scope_place_and_day,
        a_use_that_is_not_written_yet_is_shown_all_the_same,
        only_an_honoured_call_makes_a_token_look_used,
        what_a_call_to_jeton_rests_on_is_counted,
        an_api_that_enforces_places_uses_a_token_that_is_good_at_one,
        a_store_that_is_gone_keeps_no_server_from_ending;
}

/// What `taskurai` asks about a token, from this address.
async fn asked(authority: &Authority, pat: &Pat, scope: &str, resource: Option<&str>, from: &str) -> Value {
    let mut body = json!({"token": pat.secret, "scope": scope, "client_ip": from});
    if let Some(resource) = resource {
        body["resource"] = json!(resource);
    }
    authority.post(&authority.api().await, "/api/v1/verify", body).await.expect(200).body
}

async fn uses_survive_a_restart_and_are_counted_by_scope_place_and_day(authority: Authority) {
    authority.projects().await;
    let (admin, now) = (authority.admin().await, authority.stop_the_clock().await);
    let pat = authority.pat(&admin, &["Taskurai.Task.Read"]).await;
    for resource in [None, Some("default/apollo"), Some("default/apollo"), Some("default/*")] {
        let told = asked(&authority, &pat, "Taskurai.Task.Read", resource, "192.0.2.7").await;
        assert_eq!(told["allowed"], true, "{told}");
    }
    let told = asked(&authority, &pat, "Taskurai.Task.Create", None, "192.0.2.8").await;
    assert_eq!(told["missing_scope"], "Taskurai.Task.Create");
    // An API may ask about whatever it likes; only what it declares is written down.
    asked(&authority, &pat, "Taskurai.No.Such", None, "192.0.2.8").await;

    let authority = authority.restarted(|_| ()).await;
    let mut sql = authority.sql().await;
    let counts = sql
        .rows(&format!(
            "SELECT scope, CAST(length(place) AS TEXT), CAST(allowed AS TEXT), CAST(refused AS TEXT)
             FROM token_use_count
             WHERE token_id = '{}' ORDER BY scope, length(place)",
            pat.id
        ))
        .await;
    let place = 22;
    let expected = [
        ("Taskurai.Task.Create", 0, 0, 1),
        ("Taskurai.Task.Read", 0, 1, 0),
        ("Taskurai.Task.Read", place, 1, 0),
        ("Taskurai.Task.Read", 2 * place + 1, 2, 0),
    ];
    assert_eq!(
        counts,
        expected.map(|(scope, place, allowed, refused)| {
            vec![scope.to_owned(), place.to_string(), allowed.to_string(), refused.to_string()]
        })
    );
    let admin = authority.admin().await;
    let record = authority.record(&admin, &pat.id).await;
    assert_eq!(record["last_used_from"], "192.0.2.7");
    assert_eq!(ms(&record["last_used_at"]), now);
}

async fn a_use_that_is_not_written_yet_is_shown_all_the_same(authority: Authority) {
    authority.api().await;
    let admin = authority.admin().await;
    let pat = authority.pat(&admin, &["Taskurai.*"]).await;
    let record = authority.record(&admin, &pat.id).await;
    assert_eq!((&record["last_used_at"], &record["last_used_from"]), (&Value::Null, &Value::Null));
    authority.verify(&pat.secret, Some("Taskurai.Task.Read")).await;
    let record = authority.record(&admin, &pat.id).await;
    assert!(record["last_used_at"].is_string() && record["last_used_from"].is_null(), "{record}");
    let itself = authority.get(&pat.secret, "/api/v1/tokens/self").await.expect(200).body;
    assert_eq!(itself["last_used_from"], "127.0.0.1", "a call to Jeton itself is a use, too");
    let listed = authority.get(&admin, "/api/v1/tokens?kind=personal").await.expect(200).body;
    assert_eq!(listed["items"][0]["last_used_from"], "127.0.0.1");
}

async fn only_an_honoured_call_makes_a_token_look_used(authority: Authority) {
    authority.api().await;
    let admin = authority.admin().await;
    let pat = authority.pat(&admin, &["Taskurai.Task.Read"]).await;
    let never = async |why: &str| {
        let record = authority.record(&admin, &pat.id).await;
        assert_eq!(record["last_used_at"], Value::Null, "{why}");
    };
    authority.verify(&pat.secret, Some("Taskurai.Task.Create")).await;
    never("it lacked the scope").await;
    let mut wrong = pat.secret.clone();
    wrong.replace_range(35..36, if wrong.as_bytes()[35] == b'x' { "y" } else { "x" });
    authority.verify(&wrong, None).await;
    never("the secret was another one").await;
    let body = json!({"token": pat.secret, "scope": "Taskurai.Task.Read"});
    authority.post(&admin, "/api/v1/explain", body).await.expect(200);
    never("somebody asked why").await;
    let other = authority.register("other", "Other").await;
    authority.introspect_as(&other, &pat.secret, &[]).await.expect(200);
    never("another API asked, which it has nothing to do with").await;
    authority.revoke(&admin, &pat.id).await.expect(204);
    authority.verify(&pat.secret, None).await;
    never("it was dead").await;
}

async fn what_a_call_to_jeton_rests_on_is_counted(authority: Authority) {
    authority.projects().await;
    let admin = authority.admin().await;
    let pat = authority.pat(&admin, &["*"]).await;
    authority.get(&pat.secret, "/api/v1/tokens").await.expect(200);
    authority.get(&pat.secret, "/api/v1/users").await.expect(200);
    let authority = authority.restarted(|_| ()).await;
    let text =
        "SELECT scope, CAST(allowed AS TEXT) FROM token_use_count WHERE token_id = '{}' ORDER BY scope";
    let counts = authority.sql().await.rows(&text.replace("{}", &pat.id)).await;
    assert_eq!(counts, [["", "2"], ["Jeton.Admin.Token", "1"], ["Jeton.Admin.User", "1"]]);
}

async fn an_api_that_enforces_places_uses_a_token_that_is_good_at_one(authority: Authority) {
    authority.projects().await;
    let admin = authority.admin().await;
    let mut api = crate::support::sample::api("places", "Places");
    api["enforces_places"] = json!(true);
    authority.put(&admin, "/api/v1/apis/places", api).await.expect(201);
    let credential = authority.credential("places").await;
    let body = json!({"scopes": ["Places.*"], "projects": ["default/apollo"]});
    let pat = authority.token(&admin, body).await.pat();
    let told = authority.introspect_as(&credential, &pat.secret, &[]).await.expect(200).body;
    assert_eq!(told["active"], true, "{told}");
    assert!(authority.record(&admin, &pat.id).await["last_used_at"].is_string());
}

async fn a_store_that_is_gone_keeps_no_server_from_ending(authority: Authority) {
    authority.api().await;
    let admin = authority.admin().await;
    let pat = authority.pat(&admin, &["Taskurai.*"]).await;
    authority.verify(&pat.secret, None).await;
    authority.store.close().await;
    // What is left cannot be written any more; the server ends all the same.
    authority.stop().await;
}
