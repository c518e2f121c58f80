//! `jeton serve` in a process of its own, which can be killed and started again.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The server; it ends with the test.
pub(crate) struct Served(Child);

impl Served {
    pub(crate) fn start(folder: &Path, address: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_jeton"))
            .args(["serve", "--data", "data", "--listen", address])
            .env_clear()
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("listening on http://")), "it does not start");
        // Somebody has to read on, or it would wait for that one day.
        std::thread::spawn(move || lines.for_each(drop));
        Self(child)
    }
}

impl Drop for Served {
    /// SIGKILL: nothing is said to anybody.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An address on which a server can be started more than once.
pub(crate) fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}
