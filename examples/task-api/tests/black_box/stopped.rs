//! The program behind a real authority, stopped while a token that it remembers is revoked.

use jeton_server::{Clock, Options, Rng, Server, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::program::{Running, answer, program};

/// A real authority that knows the task platform.
struct Authority {
    url: String,
    folder: TempDir,
    runtime: Runtime,
    http: reqwest::Client,
}

impl Authority {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = Some(folder.path().join("data"));
        let options = Options { data, listen: Some(([127, 0, 0, 1], 0).into()), ..Options::default() };
        let runtime = Runtime::new().unwrap();
        let settings = Settings::resolve(options).unwrap();
        let start = Server::start_in_test(&settings, Clock::system(), Rng::system());
        let server = runtime.block_on(start).unwrap();
        let url = format!("http://{}", server.address());
        runtime.spawn(server.serve(std::future::pending()));
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        Self { url, folder, runtime, http }
    }

    fn call(&self, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}{path}", self.url);
        let request = self.http.request(method.parse().unwrap(), url).bearer_auth(token);
        let request = if body.is_null() { request } else { request.json(body) };
        self.runtime.block_on(async {
            let answer = request.send().await.unwrap();
            (
                answer.status().as_u16(),
                serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default(),
            )
        })
    }

    fn admin(&self) -> String {
        let password =
            std::fs::read_to_string(self.folder.path().join("data/initial-admin-password")).unwrap();
        let body = json!({"user": "admin", "password": password.trim()});
        let request = self.http.post(format!("{}/api/v1/sessions", self.url)).json(&body);
        let issued: Value =
            self.runtime.block_on(async { request.send().await.unwrap().json().await.unwrap() });
        issued["secret"].as_str().unwrap().to_owned()
    }

    /// Registers the task platform, and answers its credential.
    fn register(&self, admin: &str) -> String {
        let mut catalogue: Value = toml::from_str(task_api::CATALOGUE).unwrap();
        catalogue.as_object_mut().unwrap().remove("name");
        assert_eq!(self.call("PUT", "/api/v1/apis/taskurai", admin, &catalogue).0, 201);
        let (_, issued) = self.call("POST", "/api/v1/apis/taskurai/credential", admin, &Value::Null);
        issued["secret"].as_str().unwrap().to_owned()
    }

    /// How many verdicts APIs were given.
    fn verdicts(&self) -> u64 {
        let text = self.runtime.block_on(async {
            self.http.get(format!("{}/metrics", self.url)).send().await.unwrap().text().await.unwrap()
        });
        let of_apis = text.lines().filter(|line| line.starts_with(r#"jeton_verdicts_total{asked_by="api""#));
        of_apis.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    }
}

#[test]
fn attack_31_a_program_that_was_stopped_during_the_revocation_refuses_at_once_when_it_goes_on() {
    let authority = Authority::start();
    let admin = authority.admin();
    let mut behind_it = program(&["--jeton", &authority.url]);
    behind_it.env("TASK_API_CREDENTIAL", authority.register(&admin));
    let running = Running::start(behind_it);
    let body = json!({"scopes": ["Taskurai.*"], "expires_in_minutes": 60});
    let (status, issued) = authority.call("POST", "/api/v1/tokens", &admin, &body);
    assert_eq!(status, 201, "{issued}");
    let token = issued["secret"].as_str().unwrap();
    let is_served = || answer(running.ask("/tasks", token)).starts_with("HTTP/1.1 200 ");
    assert!(is_served());
    // Until it is served without anybody's being asked.
    loop {
        let before = authority.verdicts();
        assert!(is_served());
        if authority.verdicts() == before {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    running.signal("-STOP");
    let path = format!("/api/v1/tokens/{}", issued["token"]["id"].as_str().unwrap());
    assert_eq!(authority.call("DELETE", &path, &admin, &Value::Null).0, 204);
    // It comes after the revocation was answered, and is the first thing that the program sees.
    let asked = running.ask("/tasks", token);
    running.signal("-CONT");
    let answered = answer(asked);
    assert!(answered.starts_with("HTTP/1.1 401 "), "{answered}");
}
