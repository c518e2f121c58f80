//! Debian's nginx with the files of `deploy/nginx`, and an API behind it that shows what it was sent.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::issuer::is_quick;

/// The files that a deployment includes.
const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/nginx");

/// How nginx gets at Jeton.
#[derive(Clone, Copy)]
pub(crate) enum Admission<'a> {
    /// Jeton trusts its address.
    ByAddress,
    /// It has the API's credential.
    ByCredential(&'a str),
}

/// A running nginx in front of a running API.
pub(crate) struct Nginx {
    child: Child,
    folder: TempDir,
    pub(crate) address: SocketAddr,
    pub(crate) upstream: Upstream,
}

impl Nginx {
    /// In front of a fresh upstream, with Jeton's verdicts about this API; `None` only where the run leaves out other
    /// programs.
    pub(crate) async fn start(jeton: SocketAddr, api: &str, admission: Admission<'_>) -> Option<Self> {
        Self::before(Upstream::start().await, jeton, api, admission)
    }

    /// The same in front of an upstream that runs already.
    pub(crate) fn before(
        upstream: Upstream,
        jeton: SocketAddr,
        api: &str,
        admission: Admission<'_>,
    ) -> Option<Self> {
        if is_quick() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let own = folder.path().join("jeton");
        fs::create_dir(&own).unwrap();
        for file in fs::read_dir(DEPLOY).unwrap().flatten() {
            fs::copy(file.path(), own.join(file.file_name())).unwrap();
        }
        if let Admission::ByCredential(text) = admission {
            let line = format!("proxy_set_header X-Jeton-Gateway-Authorization \"Bearer {text}\";\n");
            fs::write(own.join("credential.conf"), line).unwrap();
        }
        let text = config(folder.path(), address, jeton, api, upstream.address);
        fs::write(folder.path().join("nginx.conf"), text).unwrap();
        let checked = command(folder.path()).arg("-t").output().unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
        let said = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert!(!said.contains("[warn]"), "{said}");
        // It takes over a socket that listens already, as when it replaces itself: so the port is its own, and whoever
        // connects before it is ready waits.
        let mut command = command(folder.path());
        let child = command.env("NGINX", "0;").stdin(Stdio::from(OwnedFd::from(listener))).spawn().unwrap();
        Some(Self { child, folder, address, upstream })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// All that comes back for these bytes until the connection is closed.
    pub(crate) async fn send(&self, bytes: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        super::raw::read_to_end(&mut stream).await
    }

    /// What nginx wrote down of its faults.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its workers end with it only if it ends them.
        let stopped = command(self.folder.path()).args(["-s", "stop"]).status();
        if !stopped.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

fn command(folder: &Path) -> Command {
    // Debian keeps it where the usual path of a user without rights may not lead.
    let program = ["/usr/sbin/nginx", "/usr/bin/nginx"].into_iter().find(|path| Path::new(path).exists());
    let mut command = Command::new(program.unwrap_or("nginx"));
    let (at, config) = (folder.display().to_string(), folder.join("nginx.conf"));
    command.args(["-p", &at, "-e", "stderr", "-c"]).arg(config).stdin(Stdio::null());
    command
}

/// A deployment as `docs/nginx.md` has it, and beside it a server that takes every name of a header field: nginx asks
/// that one, being the default, what names are.
fn config(folder: &Path, own: SocketAddr, jeton: SocketAddr, api: &str, upstream: SocketAddr) -> String {
    let folder = folder.display();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary = temporary.map(|of| format!("{of}_temp_path {folder}/{of};\n")).concat();
    format!(
        "daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    {temporary}
    upstream jeton {{ server {jeton}; keepalive 16; }}
    server {{
        listen {own} default_server;
        server_name neighbour.example;
        underscores_in_headers on;
        ignore_invalid_headers off;
        return 404;
    }}
    server {{
        listen {own};
        server_name 127.0.0.1 api.example;
        set $jeton_api {api};
        include jeton/jeton-server.conf;
        location / {{
            include jeton/jeton-protected.conf;
            proxy_pass http://{upstream};
        }}
        location = /anybody {{
            include jeton/jeton-public.conf;
            proxy_pass http://{upstream};
        }}
    }}
}}
"
    )
}

/// A small HTTP server: it answers with the head and the body that it was sent. `X-Answer` in the request is the
/// status that it answers with.
pub(crate) struct Upstream {
    address: SocketAddr,
    reached: Arc<AtomicUsize>,
}

impl Upstream {
    /// Somebody else's, which counts by itself.
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self { address, reached: Arc::default() }
    }

    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let reached = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&reached);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(echo(stream));
            }
        });
        Self { address, reached }
    }

    /// How many requests came through: nginx makes a connection for each.
    pub(crate) fn reached(&self) -> usize {
        self.reached.load(Ordering::SeqCst)
    }
}

async fn echo(mut stream: TcpStream) {
    let mut bytes = vec![];
    let text = loop {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let length = field(&text, "content-length").and_then(|length| length.parse::<usize>().ok());
        if text.split_once("\r\n\r\n").is_some_and(|(_, body)| body.len() >= length.unwrap_or(0)) {
            break text;
        }
    };
    let status = field(&text, "x-answer").unwrap_or("200").to_owned();
    let body = if text.starts_with("HEAD ") { "" } else { &text };
    let head =
        format!("HTTP/1.1 {status} Answered\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", text.len());
    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
}

/// The first field of this name in a request's text.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = text.lines().filter_map(|line| line.split_once(": "));
    fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
