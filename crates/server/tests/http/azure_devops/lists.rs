//! Projects, pipelines and definitions.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Refused, Stage, listed, stage};
use crate::support::Authority;
use crate::support::rights::user;

on_both! {
    alone: lists_have_all_that_there_is;
    shared:
        pipelines_are_listed_in_order_and_in_parts,
        a_pipeline_is_shown_by_its_number,
        definitions_are_the_same_pipelines,
        projects_are_listed_and_shown_by_name_and_by_guid,
        a_scope_that_implies_another_suffices,
        a_call_without_the_scope_names_it,
        what_may_not_be_seen_looks_like_what_does_not_exist,
        a_right_at_one_project_reaches_no_other,
        what_is_not_here_says_so_in_json;
}

const BOTH: [&str; 2] = ["vso.build", "vso.project"];

/// All parts of a list, followed by its continuation tokens; answers the names.
async fn parts(stage: &Stage, token: &str, path: &str) -> Vec<Vec<String>> {
    let (mut parts, mut more) = (vec![], String::new());
    loop {
        let answer = stage.get(token, &format!("{path}{more}")).await.expect(200);
        parts.push(listed(&answer, "name").iter().map(|name| name.as_str().unwrap().to_owned()).collect());
        match answer.header("x-ms-continuationtoken") {
            "" => return parts,
            next => more = format!("&continuationToken={next}"),
        }
    }
}

async fn pipelines_are_listed_in_order_and_in_parts(authority: Authority) {
    let stage = stage(authority, &BOTH).await;
    let token = stage.token(&BOTH).await;
    let path = |query: &str| stage.in_project(&format!("/_apis/pipelines?{query}"));
    assert_eq!(parts(&stage, &token, &path("")).await, [["ci", "Nightly", "release"]]);
    assert_eq!(parts(&stage, &token, &path("$top=2")).await, [vec!["ci", "Nightly"], vec!["release"]]);
    let one_by_one = parts(&stage, &token, &path("orderBy=name desc&$top=1")).await;
    assert_eq!(one_by_one, [["release"], ["Nightly"], ["ci"]]);
    let by_number = parts(&stage, &token, &path("orderBy=id asc&$top=2&api-version=7.1")).await;
    assert_eq!(by_number, [vec!["release", "ci"], vec!["Nightly"]]);
    for wrong in ["orderBy=color", "orderBy=name up", "$top=-1", "$top=x", "continuationToken=x"] {
        stage.get(&token, &path(wrong)).await.no(400, "VssPropertyValidationException");
    }
    let answer = stage.get(&token, &path("")).await.expect(200);
    let item = &answer.body["value"][0];
    let number = item["id"].as_i64().unwrap();
    assert_eq!((&item["revision"], &item["folder"]), (&json!(1), &json!("\\")));
    let url = item["url"].as_str().unwrap();
    assert!(url.ends_with(&format!("/_apis/pipelines/{number}")) && !url.contains(' '), "{url}");
    assert_eq!(item["_links"]["self"]["href"], url);
    assert_eq!(answer.header("cache-control"), "no-store");
}

async fn a_pipeline_is_shown_by_its_number(authority: Authority) {
    let stage = stage(authority, &BOTH).await;
    let token = stage.token(&BOTH).await;
    let list = stage.get(&token, &stage.in_project("/_apis/pipelines")).await.expect(200);
    for item in list.body["value"].as_array().unwrap() {
        let path = stage.in_project(&format!("/_apis/pipelines/{}", item["id"]));
        let shown = stage.get(&token, &path).await.expect(200).body;
        assert_eq!(shown["name"], item["name"]);
        let kind = if item["name"] == "ci" { "yaml" } else { "designerJson" };
        assert_eq!(shown["configuration"]["type"], kind);
    }
    let other = super::stage(stage.authority, &BOTH).await;
    for number in ["0", "999999", "x", "-1", &list.body["value"][0]["id"].to_string()] {
        let path = other.in_project(&format!("/_apis/pipelines/{number}"));
        let token = other.token(&BOTH).await;
        other.get(&token, &path).await.no(404, "VssPropertyValidationException");
    }
}

async fn definitions_are_the_same_pipelines(authority: Authority) {
    let stage = stage(authority, &BOTH).await;
    let token = stage.token(&BOTH).await;
    let path = |query: &str| stage.in_project(&format!("/_apis/build/definitions?{query}"));
    assert_eq!(parts(&stage, &token, &path("")).await, [["ci", "Nightly", "release"]]);
    assert_eq!(parts(&stage, &token, &path("name=*I*")).await, [["ci", "Nightly"]]);
    let backwards = parts(&stage, &token, &path("queryOrder=definitionNameDescending&$top=2")).await;
    assert_eq!(backwards, [vec!["release", "Nightly"], vec!["ci"]]);
    let answer = stage.get(&token, &path("")).await.expect(200);
    let first = answer.body["value"][0].clone();
    let by_number = stage.get(&token, &path(&format!("definitionIds={}", first["id"]))).await.expect(200);
    assert_eq!(by_number.body["value"], json!([first]));
    assert_eq!((&first["type"], &first["queueStatus"]), (&json!("build"), &json!("enabled")));
    assert_eq!((&first["path"], &first["project"]["name"]), (&json!("\\"), &json!(stage.project)));
    let shown =
        stage.get(&token, &stage.in_project(&format!("/_apis/build/Definitions/{}", first["id"]))).await;
    assert_eq!(shown.expect(200).body, first);
    for wrong in ["definitionIds=x", "queryOrder=color"] {
        stage.get(&token, &path(wrong)).await.no(400, "VssPropertyValidationException");
    }
}

async fn projects_are_listed_and_shown_by_name_and_by_guid(authority: Authority) {
    let stage = stage(authority, &BOTH).await;
    let token = stage.token(&BOTH).await;
    let admin = stage.authority.admin().await;
    for name in ["a", "z"] {
        let path = format!("/api/v1/organizations/{}/projects/{name}", stage.organization);
        stage.authority.put(&admin, &path, json!({"visibility": "public"})).await.expect(201);
    }
    let list = stage.get(&token, &stage.at("/_apis/projects")).await.expect(200);
    assert_eq!(listed(&list, "name"), ["a", stage.project.as_str(), "z"]);
    assert_eq!(parts(&stage, &token, &stage.at("/_apis/projects?$top=2")).await.concat().len(), 3);
    let [first, own, _] = list.body["value"].as_array().unwrap().as_slice() else { panic!("{}", list.text) };
    assert_eq!((&first["visibility"], &own["visibility"]), (&json!("public"), &json!("private")));
    assert_eq!(own["state"], "wellFormed");
    let guid = own["id"].as_str().unwrap();
    for named in [guid, &guid.to_ascii_uppercase(), &stage.project, &stage.project.to_ascii_uppercase()] {
        let shown = stage.get(&token, &stage.at(&format!("/_apis/projects/{named}"))).await.expect(200);
        assert_eq!(&shown.body, own);
        stage.get(&token, &stage.at(&format!("/{named}/_apis/pipelines"))).await.expect(200);
    }
    // A project that is called like the id of another is not taken for it.
    let path = format!("/api/v1/organizations/{}/projects/{guid}", stage.organization);
    stage.authority.put(&admin, &path, json!({})).await.expect(201);
    let shown = stage.get(&token, &stage.at(&format!("/_apis/projects/{guid}"))).await.expect(200);
    assert_eq!(shown.body["name"], stage.project);
}

async fn a_scope_that_implies_another_suffices(authority: Authority) {
    let stage = stage(authority, &["vso.build_execute", "vso.project_manage"]).await;
    for scopes in [["vso.build_execute", "vso.project_manage"], ["vso.build", "vso.project"], ["vso.*", "*"]]
    {
        let token = stage.token(&scopes).await;
        stage.get(&token, &stage.in_project("/_apis/pipelines")).await.expect(200);
        stage.get(&token, &stage.at("/_apis/projects")).await.expect(200);
    }
}

async fn a_call_without_the_scope_names_it(authority: Authority) {
    let stage = stage(authority, &["vso.build", "vso.project", "vso.code"]).await;
    let (builds, projects) = (stage.token(&["vso.build"]).await, stage.token(&["vso.project"]).await);
    for (token, path, scope) in [
        (&projects, stage.in_project("/_apis/pipelines"), "vso.build"),
        (&projects, stage.in_project("/_apis/build/Definitions"), "vso.build"),
        (&builds, stage.at("/_apis/projects"), "vso.project"),
        (&builds, stage.at(&format!("/_apis/projects/{}", stage.project)), "vso.project"),
    ] {
        let answer = stage.get(token, &path).await.no(403, "AccessCheckException");
        assert!(answer.words().contains(&format!("`{scope}`")), "{}", answer.text);
        assert!(answer.header("www-authenticate").contains(&format!("scope=\"{scope}\"")));
    }
}

async fn what_may_not_be_seen_looks_like_what_does_not_exist(authority: Authority) {
    let stage = stage(authority, &BOTH).await;
    let stranger = stage.authority.person("bob").await;
    for credential in [&stranger.session, &stage.authority.pat(&stranger.session, &["*"]).await.secret] {
        let told = stage.get(credential, &stage.in_project("/_apis/pipelines")).await;
        let told = told.no(404, "ProjectDoesNotExistWithNameException");
        let of_none = stage.get(credential, &stage.at("/none/_apis/pipelines")).await;
        let of_none = of_none.no(404, "ProjectDoesNotExistWithNameException");
        let plain = |words: &str, name: &str| words.replace(name, "?");
        assert_eq!(plain(told.words(), &stage.project), plain(of_none.words(), "none"));
        for path in [stage.at("/_apis/projects"), stage.at("/_apis/connectionData")] {
            let here = stage.get(credential, &path).await.expect(404);
            let nowhere = path.replace(&stage.organization, "nowhere");
            assert_eq!(here.text, stage.get(credential, &nowhere).await.expect(404).text);
        }
    }
}

async fn a_right_at_one_project_reaches_no_other(authority: Authority) {
    let stage = stage(authority, &["vso.code"]).await;
    let admin = stage.authority.admin().await;
    let path = format!("/api/v1/organizations/{}/projects/other", stage.organization);
    stage.authority.put(&admin, &path, json!({})).await.expect(201);
    let role = stage.authority.role("Reader", &BOTH).await;
    let at = format!("{}/{}", stage.organization, stage.project);
    stage.authority.bind(&role, user(&stage.person.name), &at).await;
    let token = stage.token(&["*"]).await;
    stage.get(&token, &stage.in_project("/_apis/pipelines")).await.expect(200);
    stage.get(&token, &stage.at("/other/_apis/pipelines")).await.no(403, "AccessCheckException");
    let list = stage.get(&token, &stage.at("/_apis/projects")).await.expect(200);
    assert_eq!(listed(&list, "name"), [stage.project.as_str()]);
    let limited = json!({"scopes": ["vso.*"], "projects": [format!("{}/other", stage.organization)]});
    let limited = stage.authority.token(&stage.person.session, limited).await.pat().secret;
    stage.get(&limited, &stage.at("/other/_apis/pipelines")).await.no(403, "AccessCheckException");
    stage
        .get(&limited, &stage.in_project("/_apis/pipelines"))
        .await
        .no(404, "ProjectDoesNotExistWithNameException");
}

async fn what_is_not_here_says_so_in_json(authority: Authority) {
    let stage = stage(authority, &["vso.*"]).await;
    let token = stage.token(&["vso.*"]).await;
    for (method, path, status) in [
        (Method::POST, stage.in_project("/_apis/pipelines"), 405),
        (Method::POST, stage.in_project("/_apis/pipelines/1/runs"), 404),
        (Method::GET, stage.in_project("/_apis/git/repositories"), 404),
        (Method::DELETE, stage.at("/_apis/projects/x"), 405),
        (Method::OPTIONS, "/compat/azure-devops/_apis".to_owned(), 404),
        (Method::OPTIONS, "/compat/azure-devops".to_owned(), 404),
    ] {
        stage.call(&token, method, &path, Value::Null).await.no(status, "VssPropertyValidationException");
    }
}

/// 10100 copies of a row under other names and ids: more than any part of a list has.
async fn copies(authority: &Authority, table: &str, columns: &str, of: &str) {
    let statement = format!(
        "INSERT INTO {table} (id, name, live_name, {columns})
         WITH RECURSIVE n (i) AS (SELECT 10000 UNION ALL SELECT i + 1 FROM n WHERE i < 20099)
         SELECT substr(id, 1, 17) || CAST(i AS TEXT), 'copy' || CAST(i AS TEXT), 'copy' || CAST(i AS TEXT), {columns}
         FROM n CROSS JOIN {table} WHERE name = '{of}'"
    );
    authority.sql().await.change(&statement).await;
}

async fn lists_have_all_that_there_is(authority: Authority) {
    let stage = stage(authority, &BOTH).await;
    let token = stage.token(&BOTH).await;
    copies(&stage.authority, "project", "organization_id, visibility, created_at", &stage.project).await;
    copies(&stage.authority, "pipeline", "project_id, kind, created_at", "ci").await;
    let whole = stage.get(&token, &stage.at("/_apis/projects")).await.expect(200);
    assert_eq!(whole.body["count"], 10_101, "{:.200}", whole.text);
    let in_three = parts(&stage, &token, &stage.at("/_apis/projects?$top=4000")).await;
    assert_eq!(in_three.iter().map(Vec::len).collect::<Vec<_>>(), [4000, 4000, 2101]);
    for path in ["/_apis/pipelines?", "/_apis/build/definitions?"] {
        let in_three = parts(&stage, &token, &stage.in_project(path)).await;
        assert_eq!(in_three.iter().map(Vec::len).collect::<Vec<_>>(), [5000, 5000, 103], "{path}");
    }
    stage.authority.stop().await;
}
