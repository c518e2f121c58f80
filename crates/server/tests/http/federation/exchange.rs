//! `POST /oauth2/token` with the grant of type token exchange.

use reqwest::Method;
use serde_json::{Value, json};

use super::{access_token, account, exchange, path, put, refused, trust, trusting};
use crate::store::audit;
use crate::support::answer::Answer;
use crate::support::clock::{assert_minutes, ms};
use crate::support::issuer::{AUDIENCE, Issuer, Provider};
use crate::support::{Authority, fresh};

on_both! {
    alone:
        an_exchange_is_written_down_without_the_token,
        a_token_from_a_trust_ends_in_time,
        an_identity_that_was_used_up_is_remembered_as_long_as_it_could_live;
    shared:
        attack_08_a_token_from_a_trust_gets_no_other_life,
        an_identity_yields_a_token_of_the_service_account,
        a_real_provider_is_an_issuer_like_any_other,
        less_can_be_asked_for_and_never_more,
        the_account_need_not_be_named_when_it_is_clear,
        an_identity_is_taken_once_or_until_it_expires,
        what_ends_the_account_or_the_trust_ends_its_tokens,
        a_request_that_is_no_exchange_is_refused,
        all_rules_of_a_trust_must_hold;
}

async fn an_identity_yields_a_token_of_the_service_account(authority: Authority) {
    let Some(issuer) = Issuer::shared() else { return };
    let (account, subject) = trusting(&authority, &issuer.url).await;
    let identity = issuer.token(&subject);
    let answer = exchange(&authority, &identity, &[("service_account", &account)]).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.body["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    assert_eq!((&answer.body["token_type"], &answer.body["scope"]), (&json!("Bearer"), &json!("*")));
    assert_eq!(answer.body["expires_in"], 3600);
    let token = access_token(answer);
    assert!(token.starts_with("jtn_svc_"), "{token}");

    let told = authority.introspect(&token, &[]).await;
    assert_eq!((&told["active"], &told["username"]), (&json!(true), &json!(account)));
    assert_eq!(
        told["scope"],
        "Taskurai.Log.Query.Read Taskurai.Task.Create Taskurai.Task.Logs.Read Taskurai.Task.Read"
    );
    let record = authority.get(&token, "/api/v1/tokens/self").await.expect(200).body;
    assert_eq!(record["owner"], json!({"type": "service_account", "name": account}));
    assert_eq!((&record["kind"], &record["parent_id"]), (&json!("service"), &Value::Null));
    assert_eq!(record["created_by"], Value::Null);
    assert_eq!(record["description"], format!("from trust `main` for {subject}"));
    let shown = authority.get(&authority.admin().await, &path(&account, "main")).await.expect(200).body;
    assert!(shown["last_used_at"].is_string(), "{shown}");
}

async fn attack_08_a_token_from_a_trust_gets_no_other_life(authority: Authority) {
    let Some(issuer) = Issuer::shared() else { return };
    let (admin, (account, subject)) = (authority.admin().await, trusting(&authority, &issuer.url).await);
    let whom = json!({"type": "service_account", "name": account});
    let body = json!({"role": "TokenCreator", "subject": whom, "place": "*"});
    authority.post(&admin, "/api/v1/role-bindings", body).await.expect(201);
    let token = access_token(exchange(&authority, &issuer.token(&subject), &[]).await);
    let record = authority.get(&token, "/api/v1/tokens/self").await.expect(200).body;
    let path = format!("/api/v1/tokens/{}", record["id"].as_str().unwrap());
    for caller in [&token, &admin] {
        let rotate = json!({"overlap_minutes": 0});
        authority.post(caller, &format!("{path}/rotate"), rotate).await.refused(409, "token_not_live");
    }
    let rotate = json!({"overlap_minutes": 0});
    authority.post(&token, "/api/v1/tokens/self/rotate", rotate).await.refused(409, "token_not_live");
    let later = json!({"expires_at": "2090-01-01T00:00:00Z"});
    authority.patch(&admin, &path, later).await.refused(409, "token_not_live");
    let less = json!({"scopes": ["Taskurai.Task.Read"]});
    authority.patch(&admin, &path, less).await.expect(200);
    authority.patch(&admin, &path, json!({"scopes": ["*"]})).await.refused(409, "token_not_live");
    let now = authority.get(&admin, &path).await.expect(200).body;
    assert_eq!((&now["expires_at"], &now["state"]), (&record["expires_at"], &json!("active")));
}

async fn a_real_provider_is_an_issuer_like_any_other(authority: Authority) {
    let clients: Vec<_> = ["RS256", "ES256", "EdDSA"]
        .iter()
        .map(|algorithm| json!({"client_id": algorithm, "client_secret": "secret", "signs": algorithm}))
        .collect();
    let settings = json!({"clients": clients, "claims": {"environment": "production"}});
    let Some(provider) = Provider::start(&settings) else { return };
    for client in ["RS256", "ES256", "EdDSA"] {
        let account = account(&authority).await;
        let mut wanted = trust(&provider.url, client);
        wanted["claims"]
            .as_array_mut()
            .unwrap()
            .push(json!({"claim": "environment", "pattern": "production"}));
        put(&authority, &account, wanted).await.expect(201);
        let form = [("grant_type", "client_credentials"), ("resource", AUDIENCE)];
        let client = reqwest::Client::builder()
            .no_proxy()
            .build()
            .unwrap()
            .post(format!("{}/token", provider.url))
            .basic_auth(client, Some("secret"))
            .form(&form);
        let identity = Answer::to(client).await.expect(200).body["access_token"].as_str().unwrap().to_owned();
        let token = access_token(exchange(&authority, &identity, &[]).await);
        assert_eq!(authority.introspect(&token, &[]).await["username"], account);
    }
}

async fn less_can_be_asked_for_and_never_more(authority: Authority) {
    let Some(issuer) = Issuer::shared() else { return };
    let (_, subject) = trusting(&authority, &issuer.url).await;
    let ask = async |scope: &str| {
        let identity = issuer.token(&subject);
        exchange(&authority, &identity, &[("scope", scope)]).await
    };
    let answer = ask("Taskurai.Task.Read  Taskurai.Log.*").await.expect(200);
    assert_eq!(answer.body["scope"], "Taskurai.Task.Read Taskurai.Log.*");
    let token = access_token(answer);
    let told = authority.introspect(&token, &[]).await;
    assert_eq!(told["scope"], "Taskurai.Log.Query.Read Taskurai.Task.Read");
    for beyond in ["*", "Jeton.Admin.Token", "Taskurai.Task.Read Jeton.Token.Create", "Unheard.Of.It"] {
        refused(ask(beyond).await, "invalid_scope");
    }
    for wrong in ["Taskurai.Task*", "Taskurai", "Taskurai..Read", "Taskurai.Task.Read\tTaskurai.Log.*", "ä"]
    {
        refused(ask(wrong).await, "invalid_scope");
    }
}

async fn the_account_need_not_be_named_when_it_is_clear(authority: Authority) {
    let Some(issuer) = Issuer::shared() else { return };
    let (first, subject) = trusting(&authority, &issuer.url).await;
    let token = access_token(exchange(&authority, &issuer.token(&subject), &[]).await);
    assert_eq!(authority.introspect(&token, &[]).await["username"], first);

    // A second trust of the same account changes nothing; one of another account does.
    let admin = authority.admin().await;
    authority.put(&admin, &path(&first, "again"), trust(&issuer.url, &subject)).await.expect(201);
    access_token(exchange(&authority, &issuer.token(&subject), &[]).await);
    let second = account(&authority).await;
    put(&authority, &second, trust(&issuer.url, &subject)).await.expect(201);
    let refusal = refused(exchange(&authority, &issuer.token(&subject), &[]).await, "invalid_request");
    assert!(refusal.text.contains("name one"), "{}", refusal.text);
    for name in [&first, &second] {
        let token =
            access_token(exchange(&authority, &issuer.token(&subject), &[("service_account", name)]).await);
        assert_eq!(authority.introspect(&token, &[]).await["username"], **name);
    }
    for nobody in ["nobody", "admin", "taskurai"] {
        let named = [("service_account", nobody)];
        refused(exchange(&authority, &issuer.token(&subject), &named).await, "invalid_grant");
    }
    refused(
        exchange(&authority, &issuer.token(&subject), &[("service_account", "no name!")]).await,
        "invalid_request",
    );
}

async fn an_identity_is_taken_once_or_until_it_expires(authority: Authority) {
    let Some(issuer) = Issuer::shared() else { return };
    let (account, subject) = trusting(&authority, &issuer.url).await;
    let identity = issuer.token(&subject);
    let token = access_token(exchange(&authority, &identity, &[]).await);
    let again = refused(exchange(&authority, &identity, &[]).await, "invalid_grant");
    assert!(again.text.contains("exchanged before"), "{}", again.text);
    assert!(authority.is_active(&token).await, "the first one is not harmed");
    access_token(exchange(&authority, &issuer.token(&subject), &[]).await);

    let mut file = trust(&issuer.url, &subject);
    file["replay"] = json!("until_expiry");
    put(&authority, &account, file).await.expect(200);
    let identity = issuer.token(&subject);
    let tokens = [exchange(&authority, &identity, &[]).await, exchange(&authority, &identity, &[]).await];
    let [first, second] = tokens.map(access_token);
    assert_ne!(first, second);
    assert!(authority.is_active(&first).await && authority.is_active(&second).await);
}

async fn what_ends_the_account_or_the_trust_ends_its_tokens(authority: Authority) {
    let Some(issuer) = Issuer::shared() else { return };
    let admin = authority.admin().await;
    let (account, subject) = trusting(&authority, &issuer.url).await;
    let of_account = format!("/api/v1/service-accounts/{account}");
    let get = async || access_token(exchange(&authority, &issuer.token(&subject), &[]).await);

    let token = get().await;
    authority.patch(&admin, &of_account, json!({"disabled": true})).await.expect(200);
    assert!(!authority.is_active(&token).await);
    let identity = issuer.token(&subject);
    let refusal = refused(exchange(&authority, &identity, &[]).await, "invalid_grant");
    assert!(refusal.text.contains("disabled"), "{}", refusal.text);
    authority.patch(&admin, &of_account, json!({"disabled": false})).await.expect(200);
    assert!(authority.is_active(&token).await, "disabling suspends");
    access_token(exchange(&authority, &identity, &[]).await);

    // A trust that means somebody else from now on ends what came from it; one that only gives less time does not.
    let mut shorter = trust(&issuer.url, &subject);
    shorter["lifetime_minutes_max"] = json!(5);
    put(&authority, &account, shorter.clone()).await.expect(200);
    assert!(authority.is_active(&token).await);
    shorter["claims"][0]["pattern"] = json!(format!("{subject}:*"));
    put(&authority, &account, shorter).await.expect(200);
    assert!(!authority.is_active(&token).await);
    refused(exchange(&authority, &issuer.token(&subject), &[]).await, "invalid_grant");

    put(&authority, &account, trust(&issuer.url, &subject)).await.expect(200);
    let token = get().await;
    authority.delete(&admin, &path(&account, "main")).await.expect(204);
    assert!(!authority.is_active(&token).await);
    authority.get(&token, "/api/v1/tokens/self").await.refused(401, "revoked_token");
    refused(exchange(&authority, &issuer.token(&subject), &[]).await, "invalid_grant");

    put(&authority, &account, trust(&issuer.url, &subject)).await.expect(201);
    let token = get().await;
    authority.delete(&admin, &of_account).await.expect(204);
    assert!(!authority.is_active(&token).await);
    let named = [("service_account", account.as_str())];
    refused(exchange(&authority, &issuer.token(&subject), &named).await, "invalid_grant");
    refused(exchange(&authority, &issuer.token(&subject), &[]).await, "invalid_grant");

    // An account of the same name is another one: the trust does not come back with the name.
    authority.put(&admin, &of_account, json!({})).await.expect(201);
    refused(exchange(&authority, &issuer.token(&subject), &named).await, "invalid_grant");
    assert!(!authority.is_active(&token).await);
}

async fn a_request_that_is_no_exchange_is_refused(authority: Authority) {
    let Some(issuer) = Issuer::shared() else { return };
    let (_, subject) = trusting(&authority, &issuer.url).await;
    let identity = issuer.token(&subject);
    let jwt = "urn:ietf:params:oauth:token-type:jwt";
    for (more, error) in [
        (("grant_type", ""), "invalid_request"),
        (("grant_type", "client_credentials"), "unsupported_grant_type"),
        (("grant_type", "password"), "unsupported_grant_type"),
        (("subject_token", ""), "invalid_request"),
        (("subject_token_type", ""), "invalid_request"),
        (("subject_token_type", "urn:ietf:params:oauth:token-type:saml2"), "invalid_request"),
        (("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"), "invalid_request"),
        (("requested_token_type", jwt), "invalid_request"),
        (("audience", "https://taskurai.example"), "invalid_request"),
        (("resource", "https://taskurai.example/api"), "invalid_request"),
        (("actor_token", "x"), "invalid_request"),
        (("actor_token_type", jwt), "invalid_request"),
    ] {
        refused(exchange(&authority, &identity, &[more]).await, error);
    }
    let doubled = format!("grant_type=x&subject_token={identity}&subject_token={identity}");
    let request = authority.request(Method::POST, "/oauth2/token");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(doubled);
    refused(Answer::to(request).await, "invalid_request");
    let json = authority.request(Method::POST, "/oauth2/token").json(&json!({"subject_token": identity}));
    refused(Answer::to(json).await, "invalid_request");
    let more =
        [("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"), ("client_id", "ignored")];
    access_token(exchange(&authority, &identity, &more).await);
    // An ID token is one only if it says when it was made.
    let mut claims = issuer.claims(&subject);
    claims.as_object_mut().unwrap().remove("iat");
    let identity = issuer.sign(&claims);
    let as_id_token = [("subject_token_type", "urn:ietf:params:oauth:token-type:id_token")];
    refused(exchange(&authority, &identity, &as_id_token).await, "invalid_grant");
    access_token(exchange(&authority, &identity, &[]).await);
    let identity = issuer.token(&subject);
    access_token(exchange(&authority, &identity, &as_id_token).await);
}

async fn all_rules_of_a_trust_must_hold(authority: Authority) {
    let Some(issuer) = Issuer::shared() else { return };
    let (account, namespace) = (account(&authority).await, fresh("jobs"));
    let wanted = json!({"issuer": issuer.url, "audience": AUDIENCE, "claims": [
        {"claim": "sub", "pattern": format!("system:serviceaccount:{namespace}:*")},
        {"claim": "/kubernetes.io/namespace", "pattern": namespace},
        {"claim": "attempt", "pattern": "1"},
        {"claim": "protected", "pattern": "true"},
    ]});
    put(&authority, &account, wanted).await.expect(201);
    let mut claims = issuer.claims(&format!("system:serviceaccount:{namespace}:worker"));
    claims["kubernetes.io"] = json!({"namespace": namespace, "pod": {"name": "p"}});
    claims["attempt"] = json!(1);
    claims["protected"] = json!(true);
    access_token(exchange(&authority, &issuer.sign(&claims), &[]).await);
    for (name, value) in [
        ("sub", json!("system:serviceaccount:other:worker")),
        ("sub", json!(format!("system:serviceaccount:{namespace}"))),
        ("kubernetes.io", json!({"namespace": "other"})),
        ("kubernetes.io", json!({"namespace": [namespace]})),
        ("kubernetes.io", json!(namespace)),
        ("kubernetes.io/namespace", json!(namespace)),
        ("attempt", json!(1.0)),
        ("attempt", json!(2)),
        ("attempt", json!(null)),
        ("protected", json!(false)),
    ] {
        let mut other = claims.clone();
        if name.contains('/') {
            other.as_object_mut().unwrap().remove("kubernetes.io");
        }
        other[name] = value;
        refused(exchange(&authority, &issuer.sign(&other), &[]).await, "invalid_grant");
    }
}

async fn an_exchange_is_written_down_without_the_token(authority: Authority) {
    let Some(issuer) = Issuer::shared() else { return };
    let (_, subject) = trusting(&authority, &issuer.url).await;
    let before = audit::rows(&mut authority.sql().await).await.len();
    let identity = issuer.token(&subject);
    let answer = exchange(&authority, &identity, &[]).await.expect(200);
    let token = access_token(answer);
    refused(exchange(&authority, &identity, &[]).await, "invalid_grant");
    let rows = audit::rows(&mut authority.sql().await).await;
    assert_eq!(rows.len(), before + 1, "one for the exchange, none for the refusal");
    let row = rows.iter().find(|row| row.action() == "token.exchange").unwrap();
    assert!(row.is_sealed());
    let id = authority.get(&token, "/api/v1/tokens/self").await.expect(200).body["id"].clone();
    assert_eq!(row.target(), id);
    assert!(
        row.detail().contains(&issuer.url) && row.detail().contains("; trust ")
            || row.detail().starts_with("trust "),
        "{}",
        row.detail()
    );
    let dump = authority.sql().await.dump().await.join("\n");
    assert!(dump.contains(&subject));
    for part in identity.split('.') {
        assert!(!dump.contains(part), "nothing of the identity token is kept");
    }
}

async fn a_token_from_a_trust_ends_in_time(authority: Authority) {
    let Some(issuer) = Issuer::shared() else { return };
    let (account, subject) = trusting(&authority, &issuer.url).await;
    let life = async |token: &str| {
        let record = authority.get(token, "/api/v1/tokens/self").await.expect(200).body;
        ms(&record["expires_at"]) - ms(&record["created_at"])
    };
    let once = access_token(exchange(&authority, &issuer.token(&subject), &[]).await);
    assert_minutes(life(&once).await, 60);

    // What is taken until it expires yields nothing that lives on.
    let mut file = trust(&issuer.url, &subject);
    file["replay"] = json!("until_expiry");
    put(&authority, &account, file.clone()).await.expect(200);
    let answer = exchange(&authority, &issuer.token(&subject), &[]).await;
    let seconds = answer.body["expires_in"].as_i64().unwrap();
    assert!((590..=600).contains(&seconds), "{seconds}");
    file["lifetime_minutes_max"] = json!(2);
    put(&authority, &account, file).await.expect(200);
    let short = access_token(exchange(&authority, &issuer.token(&subject), &[]).await);
    assert_minutes(life(&short).await, 2);

    authority.clock.advance_minutes(3);
    assert!(!authority.is_active(&short).await);
    assert!(authority.is_active(&once).await);
}

async fn an_identity_that_was_used_up_is_remembered_as_long_as_it_could_live(authority: Authority) {
    let Some(issuer) = Issuer::shared() else { return };
    let (_, subject) = trusting(&authority, &issuer.url).await;
    let remembered =
        async || authority.sql().await.number("SELECT CAST(COUNT(*) AS TEXT) FROM identity_seen").await;
    let first = issuer.token(&subject);
    access_token(exchange(&authority, &first, &[]).await);
    authority.clock.advance_minutes(10);
    refused(exchange(&authority, &first, &[]).await, "invalid_grant");
    assert_eq!(remembered().await, 1);
    authority.clock.advance_minutes(3);
    let mut claims = issuer.claims(&subject);
    claims["exp"] = json!(claims["exp"].as_i64().unwrap() + 13 * 60);
    access_token(exchange(&authority, &issuer.sign(&claims), &[]).await);
    assert_eq!(remembered().await, 1, "the first one could not be taken for alive any more");
    refused(exchange(&authority, &first, &[]).await, "invalid_grant");
}
