//! `jeton scan`: finds tokens where none should be. Offline: no server is asked, and no secret is shown.
//!
//! Prefix and checksum of a token text tell it from whatever looks alike, so a finding is a token. Whether it is
//! still honoured is for its server to say: `jeton token describe ID`.

mod git;
mod report;
mod search;
mod tree;

use std::io;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use jeton_token::{Prefix, TokenId};

use self::git::Repository;
use self::report::{Origin, Reason, Report, counted};
use self::search::{Binaries, Extent, Search};
use crate::access::App;
use crate::error::{Error, Result};
use crate::escape::safe;

const STANDARD_INPUT: &str = "-";
const MIB: u64 = 1024 * 1024;

/// `jeton scan`
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct ScanArgs {
    /// Files and folders, `-` for standard input
    #[arg(value_name = "PATH", required_unless_present = "staged")]
    paths: Vec<PathBuf>,

    /// All that the history of the repository at each PATH holds, too: every branch, tag, stash and reflog
    #[arg(long)]
    git: bool,

    /// What is about to be committed here, for a hook
    #[arg(long, conflicts_with_all = ["paths", "git"])]
    staged: bool,

    /// What the tokens of the deployment begin with
    #[arg(long, default_value = "jtn", value_name = "PREFIX")]
    prefix: Prefix,

    /// Pass over this token, such as one of a public example; may be repeated
    #[arg(long, value_name = "ID")]
    allow: Vec<TokenId>,

    /// Pass over what is larger
    #[arg(long, default_value_t = 100, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    max_mib: u64,

    /// Look through what is no text, too
    #[arg(long)]
    binary: bool,
}

const AFTER_HELP: &str = "\
Exit codes: 0 when there is no token, 11 when there is one, 1 when something could not be read, 2 usage.

A token is known by its prefix and its checksum, so nothing else is found. Its secret is never shown. No symbolic \
link is followed. What is not looked through is said on standard error.

As a hook, in .git/hooks/pre-commit:
    #!/bin/sh
    exec jeton scan --staged";

/// Looks for tokens.
pub(crate) fn scan(app: &App, args: &ScanArgs) -> Result<()> {
    let mut scan = Scan::new(app, args);
    if args.staged {
        Repository::here().staged(&mut scan)?;
    }
    for path in &args.paths {
        if path.as_os_str() == STANDARD_INPUT {
            scan.standard_input();
        } else {
            tree::walk(&mut scan, path);
        }
    }
    for path in args.paths.iter().filter(|path| args.git && path.as_os_str() != STANDARD_INPUT) {
        Repository::at(path).history(&mut scan)?;
    }
    scan.conclude()
}

/// A scan as far as it has come.
struct Scan<'a> {
    app: &'a App,
    search: Search,
    allowed: &'a [TokenId],
    report: Report,
}

impl<'a> Scan<'a> {
    fn new(app: &'a App, args: &'a ScanArgs) -> Self {
        let binaries = if args.binary { Binaries::Searched } else { Binaries::Skipped };
        let search = Search::new(&args.prefix, binaries, args.max_mib.saturating_mul(MIB));
        Self { app, search, allowed: &args.allow, report: Report::default() }
    }

    /// Looks through a text.
    fn text(&mut self, origin: &Origin, input: &mut dyn io::Read) -> io::Result<Extent> {
        let Self { search, allowed, report, .. } = self;
        let extent = search.read(input, &mut |hit| {
            if !allowed.contains(&hit.id) {
                report.add(origin, hit);
            }
        })?;
        match extent {
            Extent::Whole(bytes) => report.count(bytes),
            Extent::Cut => report.count(search.bytes_max()),
            Extent::Binary => {}
        }
        Ok(extent)
    }

    fn standard_input(&mut self) {
        let origin = Origin { path: Some(STANDARD_INPUT.to_owned()), ..Origin::default() };
        let path = Path::new(STANDARD_INPUT);
        match self.text(&origin, &mut io::stdin().lock()) {
            Ok(Extent::Whole(_)) => {}
            Ok(Extent::Binary) => self.skip(Reason::Binary, path),
            Ok(Extent::Cut) => self.skip(Reason::TooLarge, path),
            Err(error) => self.unreadable(path, &error),
        }
    }

    fn skip(&mut self, reason: Reason, path: &Path) {
        self.report.skip(reason, tree::shown(path));
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        self.app.output.warn(&format!("`{}`: {error}", safe(&path.to_string_lossy())));
        self.skip(Reason::Unreadable, path);
    }

    /// Says what there is. Tokens go before what could not be read: they are sure.
    fn conclude(self) -> Result<()> {
        let Self { app, report, .. } = self;
        report.skipped().iter().for_each(|line| app.output.note(line));
        app.output.note(&report.summary());
        if !(app.output.is_for_people() && report.findings.is_empty()) {
            app.output.show(&report)?;
        }
        match (report.findings.len(), report.unreadable()) {
            (0, 0) => Ok(()),
            (0, count) => Err(anyhow!("{} could not be read", counted(count, "thing")).into()),
            _ => Err(Error::Found(
                "there are tokens: whoever could read them there can use them\n\
                 revoke each with `jeton token revoke ID`, then take it out; in a history it stays"
                    .to_owned(),
            )),
        }
    }
}
