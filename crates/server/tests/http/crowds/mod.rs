//! Crowds: clients that ask for much, take nothing away, or fill the room with silence; and honest ones beside them.
//!
//! Each client has an address of its own on this machine. What is asserted is that the honest are answered, and not how
//! fast.

mod bodies;
mod fixed;
mod heads;
mod places;
mod unread;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use jeton_server::ConnectionLimits;
use reqwest::Method;
use serde_json::json;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::support::answer::Answer;
use crate::support::{Authority, fresh};

/// The address of a client.
fn client(last: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, last).into()
}

/// A connection from there.
async fn connect(authority: &Authority, last: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((client(last), 0).into()).unwrap();
    timeout(Duration::from_secs(10), socket.connect(authority.address)).await.unwrap().unwrap()
}

/// A server of one's own with smaller limits.
async fn limited(change: impl FnOnce(&mut ConnectionLimits)) -> Authority {
    let mut limits = ConnectionLimits::default();
    change(&mut limits);
    Authority::limited(limits, |_| {}).await
}

/// A user and an API, who call from an address of their own and connect for each call anew.
struct Honest<'a> {
    authority: &'a Authority,
    client: reqwest::Client,
    session: String,
    api: String,
}

impl<'a> Honest<'a> {
    async fn new(authority: &'a Authority) -> Self {
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).local_address(client(3));
        let client = client.pool_max_idle_per_host(0).timeout(Duration::from_secs(8)).build().unwrap();
        let (session, api) = (authority.admin().await, authority.api().await);
        Self { authority, client, session, api }
    }

    /// Makes a token, has it verified, revokes it, and has it refused.
    async fn is_served(&self) {
        let request = |path: &str| self.client.post(self.authority.url(path));
        let body = json!({"name": fresh("beside"), "scopes": ["Taskurai.*"]});
        let made = request("/api/v1/tokens").bearer_auth(&self.session).json(&body);
        let made = Answer::to(made).await.expect(201);
        let introspect = async || {
            let asked = request("/oauth2/introspect").bearer_auth(&self.api);
            Answer::to(asked.form(&[("token", made.secret())])).await.expect(200).body["active"].clone()
        };
        assert_eq!(introspect().await, true);
        let url = self.authority.url(&format!("/api/v1/tokens/{}", made.id()));
        Answer::to(self.client.request(Method::DELETE, url).bearer_auth(&self.session)).await.expect(204);
        assert_eq!(introspect().await, false);
    }
}
