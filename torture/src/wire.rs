//! A wire to PostgreSQL that can be cut: a proxy between the server and its database.
//!
//! What is read from either side is a chunk, and chunks are counted over all connections, so that the n-th read or write of
//! the server's driver is the one that fails.

use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

const CHUNK_BYTES: usize = 16 * 1024;

/// Which way a chunk goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the server to its database.
    ToDatabase,
    /// Back.
    FromDatabase,
}

impl Way {
    /// Both.
    pub const ALL: [Self; 2] = [Self::ToDatabase, Self::FromDatabase];
}

/// What happens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// The connection ends in its place.
    Cut,
    /// The connection ends in the middle of it.
    Truncate,
    /// It waits until the fault is gone, and what comes behind it on this connection too.
    Stall,
}

impl Harm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cut, Self::Truncate, Self::Stall];
}

/// The n-th chunk that is harmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WireFault {
    /// What happens.
    pub harm: Harm,
    /// Which way it goes.
    pub way: Way,
    /// Which chunk, counted from 1 from when the fault was armed.
    pub at: u32,
}

impl Display for WireFault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?} {}", self.harm, self.way, self.at)
    }
}

/// The proxy.
#[derive(Debug)]
pub struct Wire {
    address: SocketAddr,
    database: SocketAddr,
    plan: Arc<Plan>,
    accepting: Option<JoinHandle<()>>,
}

/// What all connections look at.
#[derive(Debug)]
struct Plan {
    now: Mutex<Now>,
    /// Advances when a stall is over.
    over: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Now {
    is_silent: bool,
    fault: Option<WireFault>,
    chunks: u32,
    struck: usize,
}

impl Wire {
    /// Listens on a free port, before this database.
    pub async fn before(database: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let plan = Arc::new(Plan { now: Mutex::default(), over: watch::Sender::new(0) });
        let accepting = Some(tokio::spawn(accept(listener, database, Arc::clone(&plan))));
        Ok(Self { address, database, plan, accepting })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on the n-th chunk is harmed.
    pub fn arm(&self, fault: WireFault) {
        *self.plan.now() = Now { fault: Some(fault), ..Now::default() };
    }

    /// How many chunks were harmed since then.
    pub fn struck(&self) -> usize {
        self.plan.now().struck
    }

    /// From now on nothing comes through, on any connection, and none ends: a database that is there and does not answer.
    pub fn silence(&self) {
        *self.plan.now() = Now { is_silent: true, ..Now::default() };
    }

    /// The fault is gone; what it held back goes on.
    pub fn clear(&self) {
        let mut now = self.plan.now();
        (now.is_silent, now.fault) = (false, None);
        drop(now);
        self.plan.over.send_modify(|number| *number += 1);
    }

    /// The database is down: all connections end, and new ones are refused.
    pub async fn down(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
            let _ = accepting.await;
        }
    }

    /// It is there again.
    pub async fn up(&mut self) -> Result<()> {
        let listener = TcpListener::bind(self.address).await.context("the port is lost")?;
        self.accepting = Some(tokio::spawn(accept(listener, self.database, Arc::clone(&self.plan))));
        Ok(())
    }
}

/// The connections are this task's: they end with it.
async fn accept(listener: TcpListener, database: SocketAddr, plan: Arc<Plan>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        connections.spawn(carry(client, database, Arc::clone(&plan)));
        while connections.try_join_next().is_some() {}
    }
}

/// One connection, until either way ends.
async fn carry(client: TcpStream, database: SocketAddr, plan: Arc<Plan>) {
    let Ok(database) = TcpStream::connect(database).await else { return };
    let _ = (client.set_nodelay(true), database.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_database, to_database) = database.into_split();
    tokio::select! {
        () = pump(from_client, to_database, Way::ToDatabase, &plan) => {}
        () = pump(from_database, to_client, Way::FromDatabase, &plan) => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, way: Way, plan: &Plan) {
    let mut buffer = vec![0; CHUNK_BYTES];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let chunk = buffer.get(..count).unwrap_or_default();
        match plan.harm(way) {
            Some(Harm::Cut) => return,
            Some(Harm::Truncate) => {
                let _ = to.write_all(chunk.get(..count / 2).unwrap_or_default()).await;
                return;
            }
            Some(Harm::Stall) => {
                let _ = plan.over.subscribe().changed().await;
            }
            None => {}
        }
        if to.write_all(chunk).await.is_err() {
            return;
        }
    }
}

impl Plan {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happens to the next chunk that goes this way.
    fn harm(&self, way: Way) -> Option<Harm> {
        let mut now = self.now();
        if now.is_silent {
            return Some(Harm::Stall);
        }
        let fault = now.fault.filter(|fault| fault.way == way)?;
        now.chunks += 1;
        if now.chunks != fault.at {
            return None;
        }
        now.struck += 1;
        Some(fault.harm)
    }
}
