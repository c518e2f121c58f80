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

/// A variable that is there and not empty.
pub(crate) fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
