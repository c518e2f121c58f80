//! Crowds at one address, and an honest client at another: how much later is the honest one answered?

use std::fmt::{self, Display, Formatter};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::caller::{Caller, Door, Verdict};
use crate::stand::Stand;
use crate::stopwatch::Stopwatch;

/// What a crowd does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crowd {
    /// Nothing: the measure of the others.
    Nobody,
    /// Ten connections send 200 requests for the largest answer at once, again and again.
    InARow,
    /// Thousands ask and never read.
    Unread,
    /// Thousands say nothing, and come again when they are closed.
    Silent,
    /// Hundreds ask as fast as they are answered.
    Busy,
}

impl Crowd {
    /// All of them, the quiet first.
    pub const ALL: [Self; 5] = [Self::Nobody, Self::InARow, Self::Unread, Self::Silent, Self::Busy];

    fn connections(self) -> usize {
        match self {
            Self::Nobody => 0,
            Self::InARow => 10,
            Self::Unread => 4_170,
            Self::Silent => 6_000,
            Self::Busy => 500,
        }
    }
}

/// How the honest fared beside a crowd.
#[derive(Debug, Clone, Copy)]
pub struct Fared {
    /// Beside which.
    pub crowd: Crowd,
    /// How many questions about a token were answered.
    pub questions: usize,
    /// 99 of 100 within this.
    pub p99: Duration,
    /// The slowest revoke.
    pub slowest_revoke: Duration,
}

impl Display for Fared {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { crowd, questions, p99, slowest_revoke } = self;
        write!(f, "{crowd:?}: {questions} questions, p99 {p99:.1?}, slowest revoke {slowest_revoke:.1?}")
    }
}

impl Fared {
    /// Whether this is as good as it should be, beside how the honest fare alone.
    pub fn is_well(&self, quiet: &Self) -> bool {
        self.p99 <= quiet.p99 * RATIO_MAX && self.slowest_revoke <= REVOKED_WITHIN
    }
}

/// Measures beside each crowd, at a server of its own, and tells each result as it comes.
pub async fn fare(program: &Path, lasting: Duration, tell: impl Fn(&Fared)) -> Result<Vec<Fared>> {
    let stand = Stand::on_sqlite(program).await?;
    let address: SocketAddr = stand.server.url().trim_start_matches("http://").parse()?;
    let honest = stand.caller.from(at(3))?;
    let mut all = Vec::new();
    for crowd in Crowd::ALL {
        let mut running = JoinSet::new();
        for _ in 0..crowd.connections() {
            running.spawn(one_of(crowd, address));
        }
        sleep(GATHERING).await;
        let fared = measure(&honest, crowd, lasting).await?;
        tell(&fared);
        all.push(fared);
        running.shutdown().await;
    }
    Ok(all)
}

async fn measure(honest: &Caller, crowd: Crowd, lasting: Duration) -> Result<Fared> {
    let (mut took, mut slowest_revoke) = (Vec::new(), Duration::ZERO);
    let watch = Stopwatch::start();
    while watch.elapsed() < lasting {
        let made = honest.create(None).await.map_err(anyhow::Error::msg)?;
        let (id, secret) = made.context("no token is made")?;
        for _ in 0..QUESTIONS_EACH {
            let one = Stopwatch::start();
            let verdict = honest.ask(Door::Introspection, &secret).await;
            took.push(one.elapsed());
            ensure!(verdict == Verdict::Active, "beside {crowd:?}: {verdict:?}");
        }
        let one = Stopwatch::start();
        honest.revoke(&id).await.done().with_context(|| format!("beside {crowd:?}"))?;
        slowest_revoke = slowest_revoke.max(one.elapsed());
        let verdict = honest.ask(Door::Introspection, &secret).await;
        ensure!(verdict == Verdict::Inactive, "after its revoke, beside {crowd:?}: {verdict:?}");
    }
    took.sort_unstable();
    let p99 = took.get(took.len() * 99 / 100).copied().context("nothing was measured")?;
    Ok(Fared { crowd, questions: took.len(), p99, slowest_revoke })
}

/// One of a crowd, who comes again when it is closed.
async fn one_of(crowd: Crowd, address: SocketAddr) {
    loop {
        if let Ok(stream) = connect(address).await {
            let _ = act(crowd, stream).await;
        }
        sleep(AGAIN).await;
    }
}

async fn act(crowd: Crowd, mut stream: TcpStream) -> Result<()> {
    let mut part = vec![0; 64 * 1024];
    match crowd {
        Crowd::Nobody => {}
        Crowd::Silent => _ = stream.read(&mut part).await?,
        Crowd::Unread => {
            stream.write_all(GET.repeat(IN_A_ROW).as_bytes()).await?;
            // Until it is closed: without reading, that shows in writing only.
            while stream.write_all(GET.as_bytes()).await.is_ok() {
                sleep(Duration::from_millis(500)).await;
            }
        }
        Crowd::InARow => {
            let (mut reading, mut writing) = stream.into_split();
            let reader = async move { while matches!(reading.read(&mut part).await, Ok(1..)) {} };
            let writer =
                async move { while writing.write_all(GET.repeat(IN_A_ROW).as_bytes()).await.is_ok() {} };
            tokio::join!(reader, writer);
        }
        Crowd::Busy => loop {
            stream.write_all(b"GET /sign-in HTTP/1.1\r\nhost: jeton\r\n\r\n").await?;
            ensure!(stream.read(&mut part).await? > 0, "closed");
        },
    }
    Ok(())
}

async fn connect(address: SocketAddr) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((at(2), 0).into())?;
    Ok(socket.connect(address).await?)
}

/// Clients have addresses of their own on this machine.
fn at(last: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, last).into()
}

const GET: &str = "GET /openapi.json HTTP/1.1\r\nhost: jeton\r\n\r\n";
const IN_A_ROW: usize = 200;
const QUESTIONS_EACH: usize = 20;
/// How much later than alone the honest may be answered beside a crowd.
const RATIO_MAX: u32 = 4;
const REVOKED_WITHIN: Duration = Duration::from_secs(1);
/// How long a crowd gathers before anything is measured.
const GATHERING: Duration = Duration::from_secs(3);
const AGAIN: Duration = Duration::from_millis(10);
