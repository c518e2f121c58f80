//! Programs that come as Debian packages. Only root can install them, so anyone else is told the exact command.
//!
//! Debian's `postgresql` and `nginx-light` may start servers of their own on the usual ports. Those are left alone: the
//! tests start theirs on free ports, in folders of their own.

use std::process::Command;

use anyhow::{Result, bail};

use crate::{account, command, postgres};

struct Package {
    name: &'static str,
    is_there: fn() -> bool,
}

/// What `cargo xtask torture` needs of them.
const FOR_TORTURE: [&str; 2] = ["postgresql", "strace"];

/// What only the bench needs.
const FOR_BENCH: [Package; 1] = [Package { name: "wrk", is_there: wrk_is_there }];

const PACKAGES: [Package; 14] = [
    Package { name: "curl", is_there: curl_is_there },
    Package { name: "dbus-daemon", is_there: bus_is_there },
    Package { name: "default-jdk-headless", is_there: java_is_there },
    Package { name: "git", is_there: git_is_there },
    Package { name: "gnome-keyring", is_there: keyring_is_there },
    Package { name: "golang-go", is_there: go_is_there },
    Package { name: "jq", is_there: jq_is_there },
    Package { name: "libsecret-tools", is_there: secret_tool_is_there },
    Package { name: "nginx-light", is_there: nginx_is_there },
    Package { name: "nodejs", is_there: node_is_there },
    Package { name: "npm", is_there: npm_is_there },
    Package { name: "postgresql", is_there: postgres_is_there },
    Package { name: "python3-venv", is_there: venv_is_there },
    Package { name: "strace", is_there: strace_is_there },
];

/// Installs the packages whose programs are missing; asks nobody when there are none.
pub(crate) fn install_missing() -> Result<()> {
    let missing = missing(&PACKAGES);
    if missing.is_empty() {
        return Ok(());
    }
    if !can_install()? {
        bail!("{}, or run `cargo xtask test --quick`, which needs none of them", advice(&missing));
    }
    install(&missing)
}

/// The same for the faults of `cargo xtask torture`.
pub(crate) fn install_for_torture() -> Result<()> {
    let missing: Vec<_> = missing(&PACKAGES).into_iter().filter(|name| FOR_TORTURE.contains(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !can_install()? {
        bail!("{}", advice(&missing));
    }
    install(&missing)
}

/// The same for the bench.
pub(crate) fn install_for_bench() -> Result<()> {
    let missing = missing(&FOR_BENCH);
    if missing.is_empty() {
        return Ok(());
    }
    if !can_install()? {
        bail!("{}", advice(&missing));
    }
    install(&missing)
}

fn missing(packages: &[Package]) -> Vec<&'static str> {
    packages.iter().filter(|package| !(package.is_there)()).map(|package| package.name).collect()
}

fn can_install() -> Result<bool> {
    Ok(account::is_root()? && command::succeeds(Command::new("apt-get").arg("--version")))
}

fn advice(missing: &[&str]) -> String {
    let names = missing.join(" ");
    format!(
        "missing: {names}. Install them (on Debian: `sudo apt-get update && sudo apt-get install -y \
         --no-install-recommends {names}`)"
    )
}

fn install(missing: &[&str]) -> Result<()> {
    println!("installing {}", missing.join(" "));
    command::run(apt_get().arg("update"))?;
    command::run(apt_get().args(["install", "-y", "--no-install-recommends"]).args(missing))
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.arg("-q").env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn curl_is_there() -> bool {
    command::succeeds(Command::new("curl").arg("--version"))
}

fn jq_is_there() -> bool {
    command::succeeds(Command::new("jq").arg("--version"))
}

fn bus_is_there() -> bool {
    command::succeeds(Command::new("dbus-run-session").arg("--version"))
}

fn keyring_is_there() -> bool {
    command::succeeds(Command::new("gnome-keyring-daemon").arg("--version"))
}

/// It has no other way to say that it is there than its usage, with exit code 2.
fn secret_tool_is_there() -> bool {
    Command::new("secret-tool").output().is_ok()
}

fn git_is_there() -> bool {
    command::succeeds(Command::new("git").arg("--version"))
}

fn go_is_there() -> bool {
    command::succeeds(Command::new("go").arg("version"))
}

/// The compiler: without it a source file is not run.
fn java_is_there() -> bool {
    command::succeeds(Command::new("javac").arg("-version"))
}

/// Debian keeps it where the path of a user without rights may not lead.
fn nginx_is_there() -> bool {
    ["nginx", "/usr/sbin/nginx"].into_iter().any(|program| command::succeeds(Command::new(program).arg("-v")))
}

fn node_is_there() -> bool {
    command::succeeds(Command::new("node").arg("--version"))
}

fn npm_is_there() -> bool {
    command::succeeds(Command::new("npm").arg("--version"))
}

fn postgres_is_there() -> bool {
    postgres::binaries().is_ok()
}

fn strace_is_there() -> bool {
    command::succeeds(Command::new("strace").arg("--version"))
}

/// Asked for its version it prints it, and its usage, with exit code 1.
fn wrk_is_there() -> bool {
    Command::new("wrk").arg("--version").output().is_ok()
}

fn venv_is_there() -> bool {
    command::succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_is_a_command_to_paste() {
        let advice = advice(&["postgresql", "python3-venv"]);
        assert!(
            advice.contains("apt-get install -y --no-install-recommends postgresql python3-venv`"),
            "{advice}"
        );
    }
}
