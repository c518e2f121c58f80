//! `--store keyring`: the keyring of the operating system, which on Linux is whatever answers for the Secret Service
//! on the session bus.

use anyhow::{Context, Result, anyhow};
use keyring::v1::{Entry, Error};
use zeroize::Zeroizing;

const NONE: &str = "no keyring answers; on Linux one has to run that offers the Secret Service, such as GNOME \
                    Keyring, KeePassXC or KWallet";

/// Asks the keyring for this entry, which need not be there: then it would take one.
pub(super) async fn probe(service: String, user: String) -> Result<()> {
    let ask = move || match entry(&service, &user)?.get_password().map(Zeroizing::new) {
        Ok(_) | Err(Error::NoEntry) => Ok(()),
        Err(error) => Err(error).context("the keyring does not open"),
    };
    aside(ask).await
}

/// Puts a value under this entry, in place of the one before.
pub(super) async fn put(service: String, user: String, value: Zeroizing<String>) -> Result<()> {
    let put = move || entry(&service, &user)?.set_password(&value).context("the keyring does not take it");
    aside(put).await
}

fn entry(service: &str, user: &str) -> Result<Entry> {
    if let Err(error) = Entry::store_status() {
        return Err(anyhow!("{error}").context(NONE));
    }
    Entry::new(service, user).context("the keyring takes no such entry")
}

/// The keyring may ask its user for a password; nothing else waits for that.
async fn aside<F: FnOnce() -> Result<()> + Send + 'static>(work: F) -> Result<()> {
    tokio::task::spawn_blocking(work).await.context("the keyring cannot be asked")?
}
