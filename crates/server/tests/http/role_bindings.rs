//! `/api/v1/role-bindings`

use serde_json::{Value, json};

use crate::organizations::assert_same;
use crate::support::answer::Answer;
use crate::support::rights::{subject, user};
use crate::support::{Authority, fresh};

on_both! {
    shared:
        a_binding_is_made_once_shown_and_removed,
        a_dry_run_of_a_binding_changes_nothing,
        what_a_binding_names_is_checked,
        some_roles_are_bound_everywhere_only,
        filters_select_and_combine,
        bindings_are_listed_newest_first_page_by_page,
        one_sees_ones_own_bindings_and_those_of_places_that_one_may_look_through,
        attack_06_a_binding_that_one_may_not_see_is_not_there,
        of_those_that_bind_the_same_one_does,
        many_bindings_at_once_are_all_made;
}

const PATH: &str = "/api/v1/role-bindings";

fn path(id: &str) -> String {
    format!("{PATH}/{id}")
}

async fn a_binding_is_made_once_shown_and_removed(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let project = authority.project(&firm, "Web", "private").await;
    let alice = authority.person("alice").await;
    let account = authority.account("ci", &firm.name).await;
    let group = authority.group("Builders", &[]).await;
    let place = firm.at(&project);
    for (kind, name, at) in [
        ("user", &alice.name, &place),
        ("group", &group, &firm.all()),
        ("service_account", &account, &"*".to_owned()),
    ] {
        let made = authority.bind_as(&admin, "AUDITOR", subject(kind, name), at).await.expect(201).body;
        let expected = json!({
            "id": made["id"], "role": "Auditor", "subject": subject(kind, name), "place": at,
            "created_at": made["created_at"],
        });
        assert_eq!(made, expected);
        let id = made["id"].as_str().unwrap();
        assert_eq!(authority.get(&admin, &path(id)).await.expect(200).body, made);
        let again = authority
            .bind_as(&admin, "Auditor", subject(kind, &name.to_uppercase()), &at.to_uppercase())
            .await;
        assert_eq!(again.expect(200).body, made, "case does not tell names apart");
        authority.delete(&admin, &path(id)).await.expect(204);
        authority.delete(&admin, &path(id)).await.refused(404, "not_found");
        authority.get(&admin, &path(id)).await.refused(404, "not_found");
        let other = authority.bind("Auditor", subject(kind, name), at).await;
        assert_ne!(other, id);
    }
}

async fn a_dry_run_of_a_binding_changes_nothing(authority: Authority) {
    let (admin, alice) = (authority.admin().await, authority.person("alice").await);
    let body = json!({"role": "Auditor", "subject": user(&alice.name), "place": "*"});
    let dry = format!("{PATH}?dry_run=true");
    let of_alice = format!("{PATH}?subject_type=user&subject={}", alice.name);
    authority.post(&admin, &dry, body.clone()).await.expect(204);
    assert_eq!(authority.get(&admin, &of_alice).await.expect(200).body["items"], json!([]));
    let made = authority.post(&admin, PATH, body.clone()).await.expect(201).body;
    authority.post(&admin, &dry, body.clone()).await.expect(204);
    let id = made["id"].as_str().unwrap();
    authority.delete(&admin, &format!("{}?dry_run=true", path(id))).await.expect(204);
    assert_eq!(authority.get(&admin, &path(id)).await.expect(200).body, made);
    authority.post(&alice.session, &dry, body).await.refused(403, "insufficient_scope");
}

async fn what_a_binding_names_is_checked(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let alice = authority.person("alice").await.name;
    let bind =
        async |role: &str, subject: Value, place: &str| authority.bind_as(&admin, role, subject, place).await;
    bind("NoSuchRole", user(&alice), "*").await.invalid("/role", "unknown_name");
    bind("a/b", user(&alice), "*").await.invalid("/role", "invalid_field");
    bind("Auditor", user("nobody-at-all"), "*").await.invalid("/subject/name", "unknown_name");
    bind("Auditor", user("two words"), "*").await.invalid("/subject/name", "invalid_field");
    bind("Auditor", subject("group", &alice), "*").await.invalid("/subject/name", "unknown_name");
    bind("Auditor", subject("service_account", &alice), "*").await.invalid("/subject/name", "unknown_name");
    for kind in ["api", "job", "User", "", "role"] {
        bind("Auditor", subject(kind, "jeton"), "*").await.invalid("/subject/type", "invalid_field");
    }
    for place in [
        "",
        "/",
        "**",
        "*/*",
        "*/x",
        "default",
        "default/",
        "/x",
        "default/no-such",
        "no-such/*",
        "a/b/c",
        "а/*",
    ] {
        bind("Auditor", user(&alice), place).await.invalid("/place", "unknown_name");
    }
    bind("Auditor", user(&alice), &format!("{}/*/*", firm.name)).await.invalid("/place", "unknown_name");
    let whole = json!({"role": "Auditor", "subject": user(&alice), "place": "*"});
    for field in ["role", "subject", "place"] {
        let mut body = whole.clone();
        body.as_object_mut().unwrap().remove(field);
        authority.post(&admin, PATH, body).await.refused(422, "invalid_field");
        let mut body = whole.clone();
        body[field] = Value::Null;
        authority.post(&admin, PATH, body).await.refused(422, "invalid_field");
    }
    let mut body = whole;
    body["expires_at"] = json!("2030-01-01T00:00:00Z");
    authority.post(&admin, PATH, body).await.invalid("/expires_at", "unknown_field");
    for id in ["x", "%00", &"0".repeat(22), &"z".repeat(22), &"é".repeat(22)] {
        authority.get(&admin, &path(id)).await.refused(404, "not_found");
        authority.delete(&admin, &path(id)).await.refused(404, "not_found");
    }
}

async fn some_roles_are_bound_everywhere_only(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let project = authority.project(&firm, "web", "private").await;
    let alice = authority.person("alice").await.name;
    for place in [firm.all(), firm.at(&project), "default/*".to_owned()] {
        let answer = authority.bind_as(&admin, "TokenCreator", user(&alice), &place).await;
        answer.invalid("/place", "not_bindable_there");
        for role in
            ["Admin", "Auditor", "TokenAdmin", "OrganizationAdmin", "ProjectAdmin", "JobRunner", "ApiUser"]
        {
            authority.bind_as(&admin, role, user(&alice), &place).await.expect(201);
        }
    }
    authority.bind_as(&admin, "TokenCreator", user(&alice), "*").await.expect(201);
}

async fn ids(authority: &Authority, secret: &str, query: &str) -> Vec<String> {
    let (mut ids, mut token) = (Vec::new(), String::new());
    loop {
        let page = authority.get(secret, &format!("{PATH}?page_size=2{query}{token}")).await.expect(200).body;
        let items = page["items"].as_array().unwrap();
        ids.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        match page["next_page_token"].as_str() {
            Some(next) => token = format!("&page_token={next}"),
            None => return ids,
        }
    }
}

async fn filters_select_and_combine(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let project = authority.project(&firm, "web", "private").await;
    let (alice, group) = (authority.person("alice").await.name, authority.group("team", &[]).await);
    let one = authority.bind("Auditor", user(&alice), &firm.all()).await;
    let two = authority.bind("JobRunner", user(&alice), &firm.at(&project)).await;
    let three = authority.bind("Auditor", subject("group", &group), &firm.all()).await;
    let (all, at) = (firm.all().replace('/', "%2F"), firm.at(&project).replace('/', "%2F"));
    let of_alice = format!("&subject_type=user&subject={alice}");
    for (query, expected) in [
        (format!("&place={all}"), vec![&three, &one]),
        (format!("&place={at}"), vec![&two]),
        (format!("&place={all}&role=auditor"), vec![&three, &one]),
        (format!("&place={all}&role=JobRunner"), vec![]),
        (format!("&place={all}&subject_type=group"), vec![&three]),
        (format!("&place={all}&subject_type=user"), vec![&one]),
        (format!("&place={all}&subject_type=service_account"), vec![]),
        (of_alice.clone(), vec![&two, &one]),
        (format!("{of_alice}&role=Auditor"), vec![&one]),
        (format!("{of_alice}&place={at}"), vec![&two]),
        (format!("&subject_type=group&subject={group}"), vec![&three]),
        (format!("&subject_type=service_account&subject={alice}"), vec![]),
        ("&subject_type=user&subject=nobody-at-all".to_owned(), vec![]),
        ("&role=NoSuchRole".to_owned(), vec![]),
        ("&place=no-such%2F*".to_owned(), vec![]),
        ("&place=nonsense".to_owned(), vec![]),
    ] {
        assert_eq!(ids(&authority, &admin, &query).await.iter().collect::<Vec<_>>(), expected, "{query}");
    }
    for (query, code) in [
        ("subject=x", "invalid_field"),
        ("subject_type=api&subject=x", "invalid_field"),
        ("subject_type=api", "invalid_field"),
        ("subject_type=user&subject=two%20words", "invalid_field"),
        ("role=a%2Fb", "invalid_field"),
        ("page_token=x", "invalid_field"),
        ("page_size=0", "invalid_field"),
        ("page_size=1001", "invalid_field"),
        ("user=x", "unknown_field"),
    ] {
        authority.get(&admin, &format!("{PATH}?{query}")).await.refused(422, code);
    }
}

async fn bindings_are_listed_newest_first_page_by_page(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let mut expected = Vec::new();
    for _ in 0..5 {
        let group = authority.group("team", &[]).await;
        expected.insert(0, authority.bind("Auditor", subject("group", &group), &firm.all()).await);
    }
    let query = format!("&place={}", firm.all().replace('/', "%2F"));
    assert_eq!(ids(&authority, &admin, &query).await, expected);
    let first = authority.get(&admin, &format!("{PATH}?page_size=2{query}")).await.expect(200).body;
    authority.unbind(&expected[0]).await;
    authority.unbind(&expected[1]).await;
    let late = authority.group("late", &[]).await;
    authority.bind("Auditor", subject("group", &late), &firm.all()).await;
    let rest = format!("{query}&page_token={}", first["next_page_token"].as_str().unwrap());
    let rest = authority.get(&admin, &format!("{PATH}?page_size=1000{rest}")).await.expect(200).body;
    let rest: Vec<_> =
        rest["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!(rest, expected[2..]);
}

async fn one_sees_ones_own_bindings_and_those_of_places_that_one_may_look_through(authority: Authority) {
    let (firm, other) = (authority.firm().await, authority.firm().await);
    let project = authority.project(&firm, "web", "private").await;
    let (alice, bob) = (authority.person("alice").await, authority.person("bob").await);
    let keeper = authority.person("keeper").await;
    let own = authority.bind("JobRunner", user(&alice.name), &firm.all()).await;
    let bobs = authority.bind("JobRunner", user(&bob.name), &firm.at(&project)).await;
    let elsewhere = authority.bind("JobRunner", user(&bob.name), &other.all()).await;
    assert_eq!(ids(&authority, &alice.session, "").await, std::slice::from_ref(&own));
    let kept = authority.bind("OrganizationAdmin", user(&keeper.name), &firm.all()).await;
    assert_eq!(ids(&authority, &keeper.session, "").await, [kept.clone(), bobs.clone(), own.clone()]);
    for id in [&own, &bobs, &kept] {
        authority.get(&keeper.session, &path(id)).await.expect(200);
    }
    authority.get(&keeper.session, &path(&elsewhere)).await.refused(404, "not_found");
    let mut expected = vec![bobs.clone()];
    let guard = authority.person("guard").await;
    expected.insert(0, authority.bind("Auditor", user(&guard.name), &firm.at(&project)).await);
    assert_eq!(ids(&authority, &guard.session, "").await, expected);
    authority.delete(&guard.session, &path(&bobs)).await.refused(403, "insufficient_scope");
    authority.get(&alice.session, &path(&own)).await.expect(200);
    authority.delete(&alice.session, &path(&own)).await.refused(403, "insufficient_scope");
    authority.get(&alice.session, &path(&bobs)).await.refused(404, "not_found");
}

async fn attack_06_a_binding_that_one_may_not_see_is_not_there(authority: Authority) {
    let (firm, alice) = (authority.firm().await, authority.person("alice").await);
    let group = authority.group("team", &[&alice.name]).await;
    let there = authority.bind("Auditor", subject("group", "everyone"), &firm.all()).await;
    let hidden = authority.bind("JobRunner", subject("group", &group), "*").await;
    authority.unbind(&there).await;
    for id in [&hidden, &there] {
        let nowhere = "0".repeat(22);
        let call = async |method: reqwest::Method, id: &str| {
            authority.call(&alice.session, method, &path(id), Value::Null).await
        };
        for method in [reqwest::Method::GET, reqwest::Method::DELETE] {
            assert_same(&call(method.clone(), id).await, &call(method, &nowhere).await, id);
        }
    }
    // A filter tells nothing about names either.
    let bob = authority.person("bob").await.name;
    let list = async |query: &str| {
        let answer = authority.get(&alice.session, &format!("{PATH}?{query}")).await.expect(200);
        answer.body
    };
    let nothing = json!({"items": []});
    for query in [
        format!("subject_type=user&subject={bob}"),
        "subject_type=user&subject=nobody-at-all".to_owned(),
        format!("subject_type=group&subject={group}"),
        format!("place={}%2F*", firm.name),
        "place=no-such%2F*".to_owned(),
    ] {
        assert_eq!(list(&query).await, nothing, "{query}");
    }
}

async fn of_those_that_bind_the_same_one_does(authority: Authority) {
    let admin = authority.admin().await;
    let alice = authority.person("alice").await.name;
    let bind = || authority.bind_as(&admin, "Auditor", user(&alice), "*");
    let answers = futures_util::future::join_all((0..12).map(|_| bind())).await;
    let made: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 1);
    for answer in &answers {
        assert!([200, 201].contains(&answer.status), "{}", answer.text);
        assert_eq!(answer.body["id"], made[0].body["id"]);
    }
}

/// Each of them changes what all others were judged by.
async fn many_bindings_at_once_are_all_made(authority: Authority) {
    let (admin, firm) = (authority.admin().await, authority.firm().await);
    let mut groups = Vec::new();
    for _ in 0..16 {
        groups.push(authority.group(&fresh("team"), &[]).await);
    }
    let all = firm.all();
    let bind = |group: &String| authority.bind_as(&admin, "Auditor", subject("group", group), &all);
    let answers = futures_util::future::join_all(groups.iter().map(bind)).await;
    for answer in answers {
        answer.expect(201);
    }
    let unbind = async |id: String| authority.delete(&admin, &path(&id)).await;
    let query = format!("&place={}", firm.all().replace('/', "%2F"));
    let all = ids(&authority, &admin, &query).await;
    for answer in futures_util::future::join_all(all.into_iter().map(unbind)).await {
        answer.expect(204);
    }
}
