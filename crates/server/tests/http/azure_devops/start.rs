//! The catalogue that every server has, also one whose data is older, or who has taken its name.

use crate::support::Authority;

on_both! {
    alone: older_data_gets_the_catalogue, what_somebody_registered_before_stays_theirs;
}

/// Takes the API out of the data, as if there had never been one.
const OUT: [&str; 5] = [
    "DELETE FROM api_route WHERE api_id IN (SELECT id FROM api WHERE namespace = 'vso')",
    "DELETE FROM api_implies WHERE api_id IN (SELECT id FROM api WHERE namespace = 'vso')",
    "DELETE FROM api_scope WHERE api_id IN (SELECT id FROM api WHERE namespace = 'vso')",
    "DELETE FROM principal WHERE id IN (SELECT id FROM api WHERE namespace = 'vso')",
    "DELETE FROM api WHERE namespace = 'vso'",
];

async fn older_data_gets_the_catalogue(authority: Authority) {
    let admin = authority.admin().await;
    let before = authority.get(&admin, "/api/v1/apis/azure-devops").await.expect(200).body;
    let mut sql = authority.sql().await;
    sql.ignore_references().await;
    for statement in OUT {
        sql.change(statement).await;
    }
    drop(sql);
    let authority = authority.restarted(|_| {}).await;
    let admin = authority.admin().await;
    let mut after = authority.get(&admin, "/api/v1/apis/azure-devops").await.expect(200).body;
    for member in ["id", "created_at"] {
        after[member] = before[member].clone();
    }
    assert_eq!(after, before);
    assert!(before["routes"].as_array().unwrap().len() > 30);
    authority.stop().await;
}

async fn what_somebody_registered_before_stays_theirs(authority: Authority) {
    for (change, name) in [
        ("UPDATE api SET built_in = 0, title = 'ours' WHERE namespace = 'vso'", "azure-devops"),
        ("UPDATE api SET built_in = 0, name = 'ours' WHERE namespace = 'vso'", "ours"),
    ] {
        let mut sql = authority.sql().await;
        sql.change(change).await;
        if name == "ours" {
            sql.change("UPDATE principal SET name = 'ours', live_name = 'ours' WHERE name = 'azure-devops'")
                .await;
        }
    }
    let authority = authority.restarted(|_| {}).await;
    let admin = authority.admin().await;
    let ours = authority.get(&admin, "/api/v1/apis/ours").await.expect(200).body;
    assert_eq!((&ours["namespace"], &ours["title"]), (&"vso".into(), &"ours".into()));
    authority.get(&admin, "/api/v1/apis/azure-devops").await.expect(404);
    authority.stop().await;
}
