//! `--store keyring`: the keyring of the operating system, which on Linux is whatever answers for the Secret Service
//! on the session bus.

use anyhow::{Context, Result, anyhow};
use keyring::v1::{Entry, Error};
use zeroize::Zeroizing;

const NONE: &str = "no keyring answers: on Linux start one that offers the Secret Service, such as GNOME Keyring, \
                    KeePassXC or KWallet";

/// What the keyring has under this entry; nothing if it has none, but would take one.
pub(super) async fn value(service: String, user: String) -> Result<Option<Zeroizing<String>>> {
    let ask = move || match entry(&service, &user)?.get_password().map(Zeroizing::new) {
        Ok(value) => Ok(Some(value)),
        Err(Error::NoEntry) => Ok(None),
        // Bytes that are no text are a value all the same.
        Err(Error::BadEncoding(_)) => Ok(Some(Zeroizing::new("?".to_owned()))),
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
    Entry::new(service, user).context("the keyring does not take such an entry")
}

/// The keyring may ask its user for a password; nothing else waits for that.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.context("the keyring cannot be asked")?
}
