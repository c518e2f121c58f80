//! Texts that look like something else.

use serde_json::json;

use crate::support::{Authority, fresh, sample};

on_both! {
    shared:
        attack_13_a_star_stands_for_whole_segments_only,
        attack_15_a_scope_has_no_separator_inside,
        attack_16_only_ascii_and_only_one_spelling,
        attack_22_sql_in_a_filter_finds_nothing;
}

async fn attack_13_a_star_stands_for_whole_segments_only(authority: Authority) {
    let alice = authority.person("alice").await;
    for pattern in [
        "Taskurai.Task*",
        "*.Read",
        "**",
        ".*",
        "A..B",
        "A.",
        "",
        ".",
        "Taskurai.*.Read",
        "Taskurai.**",
        "*.*",
        "Taskurai.T*k",
        "Taskurai.*.*",
        ".Taskurai.Task",
        "Taskurai",
        "A.B.C.D.E.F.G.H.I",
        "A.B.C.D.E.F.G.H.*",
        "?",
        "Taskurai.Task.?",
    ] {
        let body = json!({"scopes": [pattern]});
        authority.token(&alice.session, body).await.invalid("/scopes/0", "invalid_field");
    }
    let pat = authority.pat(&alice.session, &["Taskurai.Task.*"]).await;
    for (scope, allowed) in [
        ("Taskurai.Task.Read", true),
        ("Taskurai.Task.Logs.Read", true),
        ("Taskurai.Task", false),
        ("Taskurai.TaskX.Read", false),
        ("Taskurai.Log.Query.Read", false),
    ] {
        assert_eq!(authority.verify(&pat.secret, Some(scope)).await["allowed"], allowed, "{scope}");
    }
}

async fn attack_15_a_scope_has_no_separator_inside(authority: Authority) {
    let (alice, api) = (authority.person("alice").await, authority.api().await);
    for scope in [
        "Task.Read Admin.All",
        "Task.Read\tAdmin.All",
        "Task.Read\0",
        "Task.Read,Admin.All",
        "Task.Read\"",
        "Task.Read\n",
        "Task.Read%20Admin.All",
        " Task.Read",
        "Task.Read ",
        "Task/Read",
        "Task:Read",
        "Task.Re;ad",
        "Task.Read\\u0020",
        "Task.Read\r\nX: y",
    ] {
        let body = json!({"scopes": [scope]});
        authority.token(&alice.session, body).await.invalid("/scopes/0", "invalid_field");
        let body = json!({"token": "x", "scope": scope});
        authority.post(&api, "/api/v1/verify", body).await.invalid("/scope", "invalid_field");
        let (name, namespace) = (fresh("shop"), fresh("Shop"));
        let mut declared = sample::api(&name, &namespace);
        declared["scopes"][0]["name"] = json!(format!("{namespace}.{scope}"));
        let refused =
            authority.put(&authority.admin().await, &format!("/api/v1/apis/{name}"), declared).await;
        refused.invalid("/scopes/0/name", "invalid_field");
    }
    let body = json!({"scopes": [format!("Taskurai.{}", "x".repeat(120))]});
    authority.token(&alice.session, body).await.invalid("/scopes/0", "invalid_field");
}

async fn attack_16_only_ascii_and_only_one_spelling(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    for scope in [
        "Taskurai.T\u{430}sk.Read",
        "\u{ff34}askurai.Task.Read",
        "Taskurai.Ta\u{200d}sk.Read",
        "Taskurai.\u{202e}Task.Read",
        "Taskurai.Ta\u{301}sk.Read",
        "Taskurai.T\u{e4}sk.Read",
    ] {
        authority
            .token(&alice.session, json!({"scopes": [scope]}))
            .await
            .invalid("/scopes/0", "invalid_field");
    }
    for scope in ["taskurai.task.read", "TASKURAI.TASK.READ", "Taskurai.task.Read"] {
        authority
            .token(&alice.session, json!({"scopes": [scope]}))
            .await
            .invalid("/scopes/0", "unknown_scope");
    }
    for name in ["\u{430}dmin", "adm\u{131}n", "admin\u{200d}", "\u{ff41}dmin", "admin\u{301}"] {
        let encoded = name.bytes().fold(String::new(), |text, byte| format!("{text}%{byte:02x}"));
        let path = format!("/api/v1/users/{encoded}");
        authority.put(&admin, &path, json!({})).await.invalid("name", "invalid_field");
        authority.sign_in(name, "correct horse battery").await.refused(401, "invalid_password");
    }
    assert_eq!(authority.get(&admin, "/api/v1/users/ADMIN").await.expect(200).body["name"], "admin");
}

async fn attack_22_sql_in_a_filter_finds_nothing(authority: Authority) {
    let alice = authority.person("alice").await;
    authority.pat(&alice.session, &["*"]).await;
    for (query, statuses) in [
        ("name=%25", [200].as_slice()),
        ("name=_", &[200]),
        ("name=%27%20OR%201=1%20--", &[200]),
        ("name=%22;DROP%20TABLE%20token;--", &[200]),
        ("owner=%27%20OR%201=1", &[403, 422]),
        ("owner=%25", &[403, 422]),
        ("kind=%27", &[422]),
        ("state=%27", &[422]),
        ("page_token=1%20OR%201=1", &[422]),
        ("page_token=-1", &[200, 422]),
        ("sort=id;--", &[422]),
        ("filter=1%20OR%201=1", &[422]),
        ("name=%ff", &[200, 400, 422]),
    ] {
        let answer = authority.get(&alice.session, &format!("/api/v1/tokens?{query}")).await;
        assert!(statuses.contains(&answer.status), "{query}: {}", answer.text);
        assert!(answer.status != 200 || answer.body["items"] == json!([]), "{query}: {}", answer.text);
    }
    authority.get(&alice.session, "/api/v1/tokens/self").await.expect(200);
}
