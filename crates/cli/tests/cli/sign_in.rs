//! `jeton login` on its own: the order of the ways, what is told to whom, and what is said when none leads anywhere.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use crate::stub::{Asked, Stub, problem, token};
use crate::support::{Home, Ran};

const SELF: &str = "GET /api/v1/tokens/self";
const GRANT: &str = "POST /oauth2/token";
const DEVICE: &str = "POST /oauth2/device_authorization";
const METADATA: &str = "GET /.well-known/oauth-authorization-server";
const AUDIENCE: &str = "api://127.0.0.1";
/// `{"aud":"api://127.0.0.1"}`
const IDENTITY: &str = "e30.eyJhdWQiOiJhcGk6Ly8xMjcuMC4wLjEifQ.c2ln";

/// The fields of a form.
fn form(asked: &Asked) -> BTreeMap<String, String> {
    let url = Url::parse(&format!("http://a/?{}", asked.body)).unwrap();
    url.query_pairs().into_owned().collect()
}

fn record() -> String {
    token(json!({"kind": "session", "scopes": ["*"]})).to_string()
}

fn granted() -> (u16, String) {
    (
        200,
        json!({"access_token": "jtn_ses_granted", "token_type": "Bearer", "expires_in": 60, "scope": "*"})
            .to_string(),
    )
}

fn refused(error: &str) -> (u16, String) {
    (400, json!({"error": error, "error_description": format!("it is {error}")}).to_string())
}

/// A server with these answers of its token endpoint, one after the other, that asks for this audience.
fn server(audience: Option<&'static str>, grants: Vec<(u16, String)>) -> Stub {
    let at = AtomicUsize::new(0);
    Stub::answering(move |asked| match asked.line.as_str() {
        SELF if asked.headers.contains("authorization: bearer jtn_ses_granted") => Some((200, record())),
        SELF => Some((401, problem(401, "revoked_token", "the credential was revoked"))),
        METADATA => Some((200, json!({"jeton_exchange_audience": audience}).to_string())),
        DEVICE => Some((200, device().to_string())),
        GRANT => grants.get(at.fetch_add(1, Ordering::Relaxed)).cloned(),
        _ => None,
    })
}

fn device() -> Value {
    json!({"device_code": "the-device-code", "user_code": "BCDF-GHJK", "expires_in": 60, "interval": 0,
        "verification_uri": "https://tokens.example/device"})
}

fn grants(stub: &Stub) -> Vec<BTreeMap<String, String>> {
    stub.asked().iter().filter(|asked| asked.line == GRANT).map(form).collect()
}

fn login(home: &Home, stub: &Stub, more: &[&str], variables: &[(&str, &str)]) -> Ran {
    home.run_with(&[&["login", &stub.url], more].concat(), variables, "")
}

fn fields<const N: usize>(fields: [(&str, &str); N]) -> BTreeMap<String, String> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn without_browser_and_terminal_a_code_is_shown_and_waited_for() {
    let stub = server(None, vec![refused("authorization_pending"), granted()]);
    let home = Home::new();
    let ran = login(&home, &stub, &[], &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.shown());
    let expected = format!(
        "open this page in any browser:  https://tokens.example/device\nand enter this code there:      BCDF-GHJK\n\
         signed in to `{}` as `alice`; expires: never\n",
        stub.url
    );
    assert_eq!(ran.stderr, expected);
    let kind = ("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
    let poll = fields([kind, ("client_id", "jeton-cli"), ("device_code", "the-device-code")]);
    assert_eq!(grants(&stub), [poll.clone(), poll]);

    let status = home.run(&["status"]);
    insta::assert_snapshot!(status.shown().replace(&stub.url, "[URL]"), @r"
    exit code: 0
    ----- stdout -----
    server           [URL] (profile)
    signed in as     alice
    credential from  profile, by code from another device
    passed over      JETON_TOKEN: not set
                     saved session: there is none for this server
                     Azure CLI: the server takes no identity tokens of others
                     Azure PowerShell: the server takes no identity tokens of others
                     identity token file: the server takes no identity tokens of others
                     browser: there is no display, and `BROWSER` is not set
    credential       session mytoken 01Qw5NqJ0T5mQm0AJ0vV1k
    may do           *
    expires          never
    ----- stderr -----
    ");
}

#[test]
fn a_refusal_at_the_device_page_ends_the_wait() {
    for (error, said) in [
        ("access_denied", "the person at the browser said no"),
        ("expired_token", "nobody entered the code in time; try again"),
        ("invalid_grant", "it is invalid_grant"),
    ] {
        let home = Home::new();
        let ran = login(&home, &server(None, vec![refused(error)]), &["--device"], &[]);
        assert_eq!(ran.code, 4, "{}", ran.shown());
        assert!(ran.stderr.ends_with(&format!("error: not signed in: {said}\n")), "{}", ran.stderr);
        assert!(!home.path().join("config").exists());
    }
}

/// What the program that shows pages does: it keeps the address for the test, which plays the browser.
fn with_browser(home: &Home) -> String {
    let script = "#!/bin/sh\nprintf %s \"$1\" > \"$HOME/opened.part\"\nenv > \"$HOME/environment\"\n\
        mv \"$HOME/opened.part\" \"$HOME/opened\"\n";
    executable(home, "browser", script)
}

fn executable(home: &Home, name: &str, script: &str) -> String {
    let path = home.write(name, script);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The page that was opened.
fn opened(home: &Home) -> Url {
    let path = home.path().join("opened");
    let found = (0..1000).find_map(|_| {
        std::thread::sleep(Duration::from_millis(10));
        fs::read_to_string(&path).ok()
    });
    Url::parse(&found.expect("a page is opened within ten seconds")).unwrap()
}

fn query(url: &Url) -> BTreeMap<String, String> {
    url.query_pairs().into_owned().collect()
}

/// What a browser sees at that address.
fn visit(url: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_browser_brings_the_code_and_only_the_right_request_counts() {
    let stub = server(None, vec![granted()]);
    let home = Home::new();
    let browser = with_browser(&home);
    let variables = [("BROWSER", browser.as_str())];
    let (page, ran) = std::thread::scope(|scope| {
        let running = scope.spawn(|| login(&home, &stub, &[], &variables));
        let page = opened(&home);
        let asked = query(&page);
        let redirect = asked["redirect_uri"].clone();
        for wrong in ["", "?code=evil", "?code=evil&state=guess", "/x?code=evil"] {
            let answer = visit(&format!("{redirect}{wrong}"));
            assert!(answer.starts_with("HTTP/1.1 404 ") && !answer.contains("evil"), "{answer}");
        }
        let answer = visit(&format!("{redirect}?code=the-code&state={}", asked["state"]));
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.contains("default-src 'none'; frame-ancestors 'none'"), "{answer}");
        (page, running.join().unwrap())
    });
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let asked = query(&page);
    assert!(page.as_str().starts_with(&format!("{}/oauth2/authorize?", stub.url)), "{page}");
    assert_eq!((asked["response_type"].as_str(), asked["code_challenge_method"].as_str()), ("code", "S256"));
    assert!(asked["redirect_uri"].starts_with("http://127.0.0.1:"), "{page}");
    let [grant] = grants(&stub).try_into().unwrap();
    assert_eq!(grant["code_verifier"].len(), 43);
    assert!(!page.as_str().contains(&grant["code_verifier"]), "the verifier stays here");
    let expected = fields([
        ("grant_type", "authorization_code"),
        ("client_id", "jeton-cli"),
        ("code", "the-code"),
        ("code_verifier", &grant["code_verifier"]),
        ("redirect_uri", &asked["redirect_uri"]),
    ]);
    assert_eq!(grant, expected);
    let status = home.run(&["status"]);
    assert!(status.stdout.contains("profile, by browser"), "{}", status.stdout);
}

#[test]
fn a_person_who_says_no_is_the_end() {
    let stub = server(None, vec![]);
    let home = Home::new();
    let variables = [("BROWSER", &*with_browser(&home))];
    let ran = std::thread::scope(|scope| {
        let running = scope.spawn(|| login(&home, &stub, &[], &variables));
        let asked = query(&opened(&home));
        let said = "error=access_denied&error_description=no%1b%5B2J";
        visit(&format!("{}?{said}&state={}", asked["redirect_uri"], asked["state"]));
        running.join().unwrap()
    });
    assert_eq!(ran.code, 4, "{}", ran.shown());
    assert!(ran.stderr.ends_with("error: not signed in: no\\u{1b}[2J\n"), "{}", ran.stderr);
    assert!(grants(&stub).is_empty());
}

#[test]
fn attack_40_the_browser_gets_no_credential() {
    let stub = server(None, vec![granted()]);
    let home = Home::new();
    let variables = [("BROWSER", &*with_browser(&home)), ("JETON_TOKEN", "jtn_pat_dead")];
    let ran = std::thread::scope(|scope| {
        let running = scope.spawn(|| login(&home, &stub, &[], &variables));
        let asked = query(&opened(&home));
        visit(&format!("{}?code=the-code&state={}", asked["redirect_uri"], asked["state"]));
        running.join().unwrap()
    });
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let environment = fs::read_to_string(home.path().join("environment")).unwrap();
    assert!(environment.contains("HOME=") && !environment.contains("jtn_pat_dead"), "{environment}");
    assert!(ran.stderr.contains("warning: JETON_TOKEN is set and goes before"), "{}", ran.stderr);
    let profile = fs::read_to_string(home.path().join("config/jeton/profile.toml")).unwrap();
    assert!(profile.contains("reason = \"the credential was revoked\""), "{profile}");
}

#[test]
fn a_browser_that_cannot_be_started_or_fails_leads_to_the_code() {
    let fails = "/bin/false";
    for browser in ["/nowhere/browser", fails] {
        let stub = server(None, vec![granted()]);
        let home = Home::new();
        let ran = login(&home, &stub, &[], &[("BROWSER", browser)]);
        assert!(ran.code == 0 && ran.stderr.contains("BCDF-GHJK"), "{}", ran.shown());
        let status = home.run(&["status"]);
        assert!(status.stdout.contains("browser: "), "{}", status.stdout);
    }
}

#[test]
fn what_is_there_already_is_used() {
    let stub = server(None, vec![granted(), granted()]);
    let home = Home::new();
    let ran = login(&home, &stub, &[], &[("JETON_TOKEN", "jtn_ses_granted")]);
    let said = "you are `alice` already (JETON_TOKEN); expires: never\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (0, said));
    assert!(!home.path().join("config").exists());

    assert_eq!(login(&home, &stub, &[], &[]).code, 0);
    let ran = login(&home, &stub, &[], &[]);
    let said = "you are `alice` already (saved session); expires: never\n";
    assert_eq!((ran.code, ran.stderr.as_str(), grants(&stub).len()), (0, said, 1));
    assert_eq!(login(&home, &stub, &["--again"], &[]).code, 0);
    assert_eq!(grants(&stub).len(), 2);
}

/// A program that answers as the Azure CLI does, and leaves a trace.
fn with_azure(home: &Home) -> String {
    let script = format!(
        "#!/bin/sh\necho \"$* $JETON_TOKEN\" > \"$HOME/az-asked\"\n\
         printf '{{\"accessToken\": \"{IDENTITY}\", \"tokenType\": \"Bearer\"}}'\n"
    );
    executable(home, "bin/az", &script);
    format!("{}:/usr/bin:/bin", home.path().join("bin").display())
}

fn exchange() -> BTreeMap<String, String> {
    fields([
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("client_id", "jeton-cli"),
        ("subject_token", IDENTITY),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
    ])
}

#[test]
fn the_clouds_own_command_line_is_asked_for_the_servers_audience() {
    let stub = server(Some(AUDIENCE), vec![granted()]);
    let home = Home::new();
    let path = with_azure(&home);
    let ran = login(&home, &stub, &[], &[("PATH", &path), ("JETON_TOKEN", "jtn_pat_dead")]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert_eq!(grants(&stub), [exchange()]);
    let asked = fs::read_to_string(home.path().join("az-asked")).unwrap();
    assert_eq!(asked.trim_end(), "account get-access-token --resource api://127.0.0.1 --output json");
    let status = home.run(&["status"]);
    assert!(status.stdout.contains("profile, by Azure CLI"), "{}", status.stdout);
}

#[test]
fn powershell_is_asked_when_the_azure_cli_has_nothing() {
    let stub = server(Some(AUDIENCE), vec![granted()]);
    let home = Home::new();
    executable(&home, "bin/az", "#!/bin/sh\necho \"Please run 'az login'\" >&2\nexit 1\n");
    let script =
        format!("#!/bin/sh\n[ \"$JETON_EXCHANGE_AUDIENCE\" = {AUDIENCE} ] && printf %s {IDENTITY}\n");
    executable(&home, "bin/pwsh", &script);
    let path = format!("{}:/usr/bin:/bin", home.path().join("bin").display());
    let ran = login(&home, &stub, &[], &[("PATH", &path)]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert_eq!(grants(&stub), [exchange()]);
    let status = home.run(&["status"]).stdout;
    assert!(status.contains("profile, by Azure PowerShell"), "{status}");
    assert!(status.contains("Azure CLI: `az`: Please run 'az login'"), "{status}");
}

#[test]
fn attack_12_a_server_that_asks_for_somebody_elses_audience_gets_no_identity() {
    const FOREIGN: &str = "https://management.azure.com/";
    let stub = server(Some(FOREIGN), vec![granted(), granted(), granted()]);
    let home = Home::new();
    let path = with_azure(&home);
    let ran = login(&home, &stub, &[], &[("PATH", &path)]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert!(!home.path().join("az-asked").exists(), "az was not even asked");
    let status = home.run(&["status"]).stdout;
    assert!(status.contains("--exchange-audience https://management.azure.com/"), "{status}");

    let agreed = ["--again", "--exchange-audience", FOREIGN];
    assert_eq!(login(&home, &stub, &agreed, &[("PATH", &path)]).code, 0);
    assert!(home.path().join("az-asked").exists());
    fs::remove_file(home.path().join("az-asked")).unwrap();
    assert_eq!(login(&home, &stub, &["--again"], &[("PATH", &path)]).code, 0);
    assert!(home.path().join("az-asked").exists(), "what was agreed to once is remembered");
}

#[test]
fn a_workload_signs_in_with_the_token_that_its_platform_keeps() {
    let stub = server(Some(AUDIENCE), vec![granted()]);
    let home = Home::new();
    home.write("identity", &format!("{IDENTITY}\n"));
    let ran = login(&home, &stub, &[], &[("JETON_IDENTITY_TOKEN_FILE", "identity")]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert_eq!(grants(&stub), [exchange()]);
    assert!(home.run(&["status"]).stdout.contains("profile, by identity token file"));
}

#[test]
fn an_identity_that_is_for_somebody_else_or_refused_leads_on() {
    let home = Home::new();
    home.write("other", "e30.eyJhdWQiOiJvdGhlciJ9.c2ln");
    home.write("identity", IDENTITY);
    let stub = server(Some(AUDIENCE), vec![granted()]);
    let ran = login(&home, &stub, &["--identity-token-file", "other"], &[]);
    assert!(ran.code == 0 && ran.stderr.contains("BCDF-GHJK"), "{}", ran.shown());
    assert_eq!(grants(&stub).len(), 1, "only the device asked");
    let status = home.run(&["status"]).stdout;
    assert!(status.contains("the token in `other` is not for `api://127.0.0.1`"), "{status}");

    let stub = server(Some(AUDIENCE), vec![refused("invalid_grant"), granted()]);
    let ran = login(&home, &stub, &["--identity-token-file", "identity"], &[]);
    assert!(ran.code == 0 && ran.stderr.contains("BCDF-GHJK"), "{}", ran.shown());
    let status = home.run(&["status"]).stdout;
    assert!(
        status.contains("identity token file: the server refuses its token: it is invalid_grant"),
        "{status}"
    );
}

#[test]
fn nothing_is_sent_unencrypted_to_another_machine() {
    let home = Home::new();
    let ran = home.run(&["login", "http://tokens.example.invalid"]);
    assert_eq!(ran.code, 2, "{}", ran.shown());
    assert!(ran.stderr.contains("the connection is not encrypted"), "{}", ran.stderr);
}
