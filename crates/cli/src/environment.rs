//! What the environment says beyond the options that clap reads: the one room of this crate that looks at it.
#![expect(clippy::disallowed_methods, reason = "the one place where the CLI reads the environment itself")]

use std::ffi::OsString;

/// What a program needs to find its way about, and what holds no secret.
pub(crate) const BASE: [&str; 10] =
    ["HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER"];
const BASE_PREFIX: &str = "LC_";

/// [`BASE`] and the categories of the locale, as far as they are set.
pub(crate) fn base() -> Vec<(OsString, OsString)> {
    let is_base =
        |name: &OsString| name.to_str().is_some_and(|it| BASE.contains(&it) || it.starts_with(BASE_PREFIX));
    std::env::vars_os().filter(|(name, _)| is_base(name)).collect()
}

/// A variable that is set, as it is.
pub(crate) fn value(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The programs that show a page, as `BROWSER` lists them.
pub(crate) fn browsers() -> Option<String> {
    std::env::var("BROWSER").ok().filter(|browsers| !browsers.is_empty())
}

/// Whether a window can be opened here.
pub(crate) fn has_display() -> bool {
    cfg!(target_os = "macos") || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| is_set(name))
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// What we tell a command that we run with a token of its own: it acts with that one and looks for no other.
pub(crate) const INSIDE: &str = "JETON_INSIDE";

/// What runs us with a token of its own, if something does.
pub(crate) fn inside() -> Option<Inside> {
    Some(match text(INSIDE)?.as_str() {
        "job" => Inside::Job,
        "exec" => Inside::Exec,
        // What a later version may call itself is a fence as well.
        _ => Inside::Derive,
    })
}

/// What gives the command that it runs a token of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inside {
    /// `jeton job run`
    Job,
    /// `jeton exec`
    Exec,
    /// `jeton derive`
    Derive,
}

impl Inside {
    /// The value of [`INSIDE`].
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Job => "job",
            Self::Exec => "exec",
            Self::Derive => "derive",
        }
    }

    /// What people type to get there.
    pub(crate) fn command(self) -> &'static str {
        match self {
            Self::Job => "jeton job run",
            Self::Exec => "jeton exec",
            Self::Derive => "jeton derive",
        }
    }
}

/// A variable that is there and not empty.
pub(crate) fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
