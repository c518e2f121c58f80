//! The disk under the data directory gets full, and free again.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use jeton_torture::Stand;
use tempfile::TempDir;

use crate::support::{assert_clean, program};

/// A small disk of its own. Only root can mount one, so for others there is none.
struct Disk(TempDir);

impl Disk {
    fn of_megabytes(megabytes: u32) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let folder = TempDir::new().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"]).arg(folder.path());
        assert!(mount.status().unwrap().success(), "root cannot mount a tmpfs");
        Some(Self(folder))
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    /// Takes all that is free.
    fn fill(&self) {
        let mut ballast = File::options().create(true).append(true).open(self.ballast()).unwrap();
        for size in [64 * 1024, 4096, 1] {
            while ballast.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn free(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.0.path().join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

/// Creates until that is refused, filling up what the server gives back on its way.
async fn create_until_refused(stand: &Stand, disk: &Disk) {
    for _ in 0..2000 {
        disk.fill();
        match stand.caller.create(None).await {
            Ok(Some((id, secret))) => stand.journal.made(&id, secret),
            Ok(None) => return,
            Err(why) => panic!("a create on a full disk: {why}"),
        }
    }
    panic!("the disk is full and creates go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_that_is_free_again_is_written_to_without_a_restart() {
    let Some(disk) = Disk::of_megabytes(8) else { return };
    let mut stand = Stand::on_sqlite_in(program(), &disk.data()).await.unwrap();
    stand.make(5, None).await.unwrap();
    create_until_refused(&stand, &disk).await;
    disk.free();
    stand.heal("the disk was full").await;
    stand.ask_about_all_since(0).await;
    stand.restart().await.unwrap();
    assert_clean(&mut stand);
}
