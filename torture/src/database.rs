//! A database of one's own at a PostgreSQL server, made and removed by PostgreSQL's own client.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::process::{self, Command};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, bail};
use url::Url;

static MADE: AtomicUsize = AtomicUsize::new(0);

/// A database. Dropping it removes it.
#[derive(Debug)]
pub struct Database {
    admin: Url,
    name: String,
}

impl Database {
    /// Makes one where an administrator's URL leads.
    pub fn make(admin: &str) -> Result<Self> {
        let admin = Url::parse(admin).context("the administrator's URL of PostgreSQL")?;
        let number = MADE.fetch_add(1, Ordering::SeqCst);
        let name = format!("jeton_faults_{}_{number}", process::id());
        run(&admin, &format!("CREATE DATABASE {name}"))?;
        Ok(Self { admin, name })
    }

    /// Where the database's server listens.
    pub fn address(&self) -> Result<SocketAddr> {
        let host = self.admin.host_str().context("no host")?;
        let mut found = (host, self.admin.port().unwrap_or(5432)).to_socket_addrs()?;
        found.next().context("no address")
    }

    /// Its URL for whoever comes through this address.
    pub fn url_through(&self, address: SocketAddr) -> Result<String> {
        let mut url = self.admin.clone();
        url.set_path(&self.name);
        url.set_host(Some(&address.ip().to_string()))?;
        if url.set_port(Some(address.port())).is_err() {
            bail!("`{url}` takes no port");
        }
        Ok(url.into())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = run(&self.admin, &format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

fn run(admin: &Url, statement: &str) -> Result<()> {
    let mut psql = Command::new("psql");
    psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement, admin.as_str()]);
    let output = psql.output().context("cannot start `psql`")?;
    if !output.status.success() {
        bail!("`{statement}`: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
