//! Real OpenID Connect providers at which people sign in, and servers that take their word.

use std::process::Command;

use jeton_server::{Options, Settings};
use serde_json::{Value, json};

use super::Authority;
use super::answer::Answer;
use super::browser::{Browser, attribute};
use super::issuer::{Program, tool};

/// A provider that says yes at once, for the person that it was told about: `clients/provider.py`, made with Authlib.
pub(crate) struct Quick {
    program: Program,
    pub(crate) url: String,
}

/// A provider with pages of its own: `clients/provider.mjs`, made with `oidc-provider`.
pub(crate) struct WithPages(Program);

/// Everybody whom the provider knows gets in.
pub(crate) const ANYBODY: &str = "allow = { anybody = true }";

impl Quick {
    /// The server, taking this provider's word under the name `acme` and by these rules; `None` only where the run
    /// leaves out other programs.
    pub(crate) async fn of(authority: Authority, rules: &str) -> Option<(Authority, Self)> {
        let mut command = Command::new(tool("JETON_TEST_PYTHON")?);
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/provider.py"));
        let (program, url) = start(command, &authority, json!({}));
        let authority = trusting(authority, &url, rules).await;
        Some((authority, Self { program, url }))
    }

    /// Who signs in from now on, truthfully.
    pub(crate) fn person(&mut self, claims: &Value) {
        self.order(&json!({"do": "person", "claims": claims}));
    }

    /// What it answers to an order.
    pub(crate) fn order(&mut self, order: &Value) -> Value {
        self.program.write(order);
        self.program.read()
    }

    /// A token of this person for an audience, as some other program gets it.
    pub(crate) fn token(&mut self, claims: &Value, header: &Value) -> String {
        let signed = self.order(&json!({"do": "sign", "claims": claims, "header": header}));
        signed["token"].as_str().unwrap().to_owned()
    }

    /// How often a path was asked.
    pub(crate) fn asked(&mut self, path: &str) -> u64 {
        self.order(&json!({"do": "count"}))[path].as_u64().unwrap_or(0)
    }
}

impl WithPages {
    /// The same for this provider; with a client secret or without one.
    pub(crate) async fn of(
        authority: Authority,
        rules: &str,
        secret: Option<&str>,
    ) -> Option<(Authority, Self)> {
        let mut command = Command::new("node");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/provider.mjs"));
        command.env("JETON_TEST_NODE", tool("JETON_TEST_NODE")?);
        let mut rules = rules.to_owned();
        let mut settings = json!({});
        if let Some(secret) = secret {
            let file = authority.data.join("../acme.secret");
            std::fs::write(&file, format!("{secret}\n")).unwrap();
            rules = format!("client_secret_file = \"{}\"\n{rules}", file.display());
            settings["client_secret"] = json!(secret);
        }
        let (program, url) = start(command, &authority, settings);
        let authority = trusting(authority, &url, &rules).await;
        Some((authority, Self(program)))
    }

    /// What it says about these people from now on.
    pub(crate) fn accounts(&mut self, accounts: &Value) {
        self.0.write(&json!({ "accounts": accounts }));
        self.0.read();
    }

    /// Goes through its pages as this person, from our sign-in page to wherever that leads.
    pub(crate) async fn sign_in(&self, browser: &mut Browser, login: &str, from: &str) -> Answer {
        let mut page = browser.follow(from).await.expect(200);
        for prompt in ["login", "consent"] {
            let action = attribute(&page.text, "<form", "action").unwrap();
            let form = [("prompt", prompt), ("login", login), ("password", "any")];
            let sent = browser.submit(&action, &form).await;
            page = browser.follow(sent.header("location")).await;
            if !page.text.contains("name=\"prompt\"") {
                break;
            }
        }
        page
    }
}

fn start(command: Command, authority: &Authority, mut settings: Value) -> (Program, String) {
    settings["redirect_uri"] = json!(authority.url("/sign-in/acme/callback"));
    let mut program = Program::start(command);
    program.write(&settings);
    let url = program.read()["issuer"].as_str().unwrap().to_owned();
    (program, url)
}

async fn trusting(authority: Authority, issuer: &str, rules: &str) -> Authority {
    let file = authority.data.join("../jeton.toml");
    let entry = format!(
        "[[sign_in]]\nname = \"acme\"\ntitle = \"Acme\"\nissuer = \"{issuer}\"\nclient_id = \"jeton\"\n{rules}\n"
    );
    std::fs::write(&file, entry).unwrap();
    let read = Settings::resolve(Options { config: Some(file), ..Options::default() }).unwrap();
    authority.restarted(|settings| settings.sign_in = read.sign_in).await
}
