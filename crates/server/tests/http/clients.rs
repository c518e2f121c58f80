//! Real OAuth 2.0 client libraries.

use serde_json::json;

use crate::support::Authority;
use crate::support::python::python;

#[tokio::test(flavor = "multi_thread")]
async fn real_oauth_client_libraries_introspect_and_revoke() {
    let authority = Authority::sqlite().await;
    let credential = authority.api().await;
    let alice = authority.person("alice").await;
    let live = authority.pat(&alice.session, &["Taskurai.Task.*"]).await;
    let doomed = authority.pat(&alice.session, &["Taskurai.*"]).await;
    let given = json!({"credential": credential, "live": live.secret, "doomed": doomed.secret});
    let base = authority.url("");
    let Some(told) =
        tokio::task::spawn_blocking(move || python("introspect.py", &base, &given)).await.unwrap()
    else {
        return;
    };

    for answer in [&told["live"], &told["authlib"]] {
        assert_eq!(answer["active"], true, "{told}");
        assert_eq!(
            answer["scope"], "Taskurai.Task.Create Taskurai.Task.Logs.Read Taskurai.Task.Read",
            "{told}"
        );
        assert_eq!(answer["username"], alice.name, "{told}");
        assert_eq!(answer["jti"], live.id, "{told}");
    }
    assert_eq!(told["garbage"], json!({"active": false}), "{told}");
    assert_eq!(told["revoked"], true, "{told}");
    assert_eq!(told["dead"], json!({"active": false}), "{told}");
    authority.stop().await;
}
