//! `jeton scan`: finds tokens where none should be. Offline: no server is asked, and no secret is shown.
//!
//! Prefix and checksum of a token text tell it from whatever looks alike, so a finding is a token. Whether it is
//! still honoured is for its server to say: `jeton token describe ID`.

mod compressed;
mod examples;
mod git;
mod history;
mod objects;
mod place;
mod report;
mod search;
mod staged;
mod tree;

use std::collections::{HashSet, VecDeque};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use jeton_token::{Prefix, TokenId};

use self::report::{Origin, Reason, Report};
use self::search::{End, Extent, Search};
use crate::access::App;
use crate::error::{Error, Result};
use crate::escape::{safe, safe_lines};

const STANDARD_INPUT: &str = "-";
const MIB: u64 = 1024 * 1024;

/// `jeton scan`
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct ScanArgs {
    /// Files and folders, `-` for standard input
    #[arg(value_name = "PATH", required_unless_present = "staged")]
    paths: Vec<PathBuf>,

    /// The history of the repository at each PATH, too, and of its submodules: every branch, tag, stash and reflog
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

    /// Search a file only up to this size
    #[arg(long, default_value_t = 100, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    max_mib: u64,

    /// What this asked for is always done: every file is searched, whatever it holds
    #[arg(long, hide = true)]
    binary: bool,
}

const AFTER_HELP: &str = "\
Exit codes: 0 when everything was searched and there is no token, 11 when there is a token, 12 when there is none in \
what was searched, but something was not searched; 2 usage.

A token is known by its prefix and its checksum, so nothing else is found. Its secret is never shown. What is not \
searched is named on standard error.

As a hook, in .git/hooks/pre-commit:
    #!/bin/sh
    exec jeton scan --staged";

const FOUND: &str = "there are tokens: everyone who can read them there can use them\n\
                     revoke each with `jeton token revoke ID`, then take it out; in a history it stays";

/// Looks for tokens. An error on the way ends no scan: what was found is shown, and what was not searched is named.
pub(crate) fn scan(app: &App, args: &ScanArgs) -> Result<()> {
    let mut scan = Scan::new(app, args);
    if args.staged {
        staged::look(&mut scan);
    }
    for path in &args.paths {
        if path.as_os_str() == STANDARD_INPUT {
            scan.standard_input();
        } else {
            tree::walk(&mut scan, path);
        }
    }
    if args.git {
        let paths = args.paths.iter().filter(|path| path.as_os_str() != STANDARD_INPUT);
        history::look(&mut scan, paths);
    } else {
        scan.without_history();
    }
    scan.conclude()
}

/// A scan as far as it has come.
struct Scan<'a> {
    app: &'a App,
    search: Search,
    allowed: &'a [TokenId],
    report: Report,
    /// The folders whose files were looked through, each in its canonical form.
    walked: Vec<PathBuf>,
    /// Folders with a repository that were met there.
    repositories: VecDeque<PathBuf>,
    /// The folders in which git was asked already, each in its canonical form.
    asked: HashSet<PathBuf>,
    /// The repositories whose history was looked through, each by the folder in which git keeps it.
    histories: HashSet<PathBuf>,
}

impl<'a> Scan<'a> {
    fn new(app: &'a App, args: &'a ScanArgs) -> Self {
        Self {
            app,
            search: Search::new(&args.prefix, args.max_mib.saturating_mul(MIB)),
            allowed: &args.allow,
            report: Report::default(),
            walked: vec![],
            repositories: VecDeque::new(),
            asked: HashSet::new(),
            histories: HashSet::new(),
        }
    }

    /// Looks through a text that is counted.
    fn text(&mut self, origin: &Origin, input: &mut dyn io::Read) -> io::Result<Extent> {
        let extent = self.look(origin, input)?;
        self.report.count(extent.bytes);
        Ok(extent)
    }

    /// Looks through a name or a few words.
    fn words(&mut self, origin: &Origin, mut text: &[u8]) {
        // Reading from memory does not fail.
        let _ = self.look(origin, &mut text);
    }

    fn look(&mut self, origin: &Origin, input: &mut dyn io::Read) -> io::Result<Extent> {
        let Self { search, allowed, report, .. } = self;
        search.read(input, &mut |hit| {
            let place = || origin.path.clone().unwrap_or_else(|| "(message)".to_owned());
            if hit.is_example {
                report.skip(Reason::Example, place());
            } else if allowed.contains(&hit.id) {
                report.skip(Reason::Allowed, place());
            } else {
                report.add(origin, hit);
            }
        })
    }

    fn standard_input(&mut self) {
        let origin = Origin { path: Some(STANDARD_INPUT.to_owned()), ..Origin::default() };
        let path = Path::new(STANDARD_INPUT);
        match self.text(&origin, &mut io::stdin().lock()) {
            Ok(extent) => self.gap(extent.end, path),
            Err(error) => self.unreadable(path, &error),
        }
    }

    /// Names what a search left out.
    fn gap(&mut self, end: End, path: &Path) {
        match end {
            End::Whole => {}
            End::Cut => self.skip(Reason::TooLarge, path),
            End::Compressed => self.skip(Reason::Compressed, path),
        }
    }

    fn skip(&mut self, reason: Reason, path: &Path) {
        let shown = self.shown(path);
        self.report.skip(reason, shown);
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        self.failed(Reason::Unreadable, path, &error.to_string());
    }

    /// Says why something was not searched, and goes on.
    fn failed(&mut self, reason: Reason, path: &Path, why: &str) {
        let why = self.search.masked(why.as_bytes());
        self.app.output.warn(&format!("`{}`: {}", safe(&self.shown(path)), safe_lines(&why)));
        self.skip(reason, path);
    }

    /// A path as it may be shown: without the secret of a token that it is named after.
    fn shown(&self, path: &Path) -> String {
        self.search.masked(tree::short(path).as_os_str().as_bytes())
    }

    fn without_history(&mut self) {
        for folder in std::mem::take(&mut self.repositories) {
            // What lies in there belongs to a repository that is named already.
            if !folder.components().any(|part| part.as_os_str() == ".git") {
                self.skip(Reason::History, &folder);
            }
        }
    }

    /// Says what there is. Tokens go before what was not searched: they are sure.
    fn conclude(self) -> Result<()> {
        let Self { app, report, .. } = self;
        report.skipped().iter().for_each(|line| app.output.note(line));
        app.output.note(&report.summary());
        if !(app.output.is_for_people() && report.findings.is_empty()) {
            app.output.show(&report)?;
        }
        match (report.findings.is_empty(), report.is_complete()) {
            (true, true) => Ok(()),
            (true, false) => Err(Error::Unsearched(
                "no token was found, but not everything was searched: see the lines above".to_owned(),
            )),
            (false, true) => Err(Error::Found(FOUND.to_owned())),
            (false, false) => {
                Err(Error::Found(format!("{FOUND}\nnot everything was searched: see the lines above")))
            }
        }
    }
}
