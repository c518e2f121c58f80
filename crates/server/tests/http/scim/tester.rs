//! A compliance suite of somebody else's.

use serde_json::{Value, json};

use crate::support::Authority;
use crate::support::python::python;

/// What the suite skips, and why that is right: a server may leave out searches in several kinds of resources.
const SKIPPED: [&str; 2] = ["search_with_attributes", "search_with_attributes"];

async fn scim2_tester_finds_nothing_to_complain_about(authority: Authority) {
    let admin = authority.admin().await;
    let given =
        json!({"token": authority.pat(&admin, &["Jeton.Admin.User", "Jeton.Admin.Group"]).await.secret});
    let base = authority.url("");
    let told = tokio::task::spawn_blocking(move || python("scim.py", &base, &given)).await.unwrap();
    let Some(told) = told else { return };
    let told = told.as_array().unwrap();
    let of = |status: &str| told.iter().filter(|check| check["status"] == status).collect::<Vec<_>>();
    let skipped: Vec<&Value> = of("SKIPPED").iter().map(|check| &check["title"]).collect();
    assert_eq!(skipped, SKIPPED, "{told:#?}");
    let others: Vec<_> =
        told.iter().filter(|check| check["status"] != "SUCCESS" && check["status"] != "SKIPPED").collect();
    assert!(others.is_empty(), "{others:#?}");
    assert!(of("SUCCESS").len() >= 50, "{} checks", of("SUCCESS").len());
}

#[tokio::test(flavor = "multi_thread")]
async fn scim2_tester_finds_nothing_to_complain_about_on_sqlite() {
    scim2_tester_finds_nothing_to_complain_about(Authority::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scim2_tester_finds_nothing_to_complain_about_on_postgres() {
    let Some(authority) = Authority::postgres().await else { return };
    scim2_tester_finds_nothing_to_complain_about(authority).await;
}
