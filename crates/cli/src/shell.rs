//! Completion scripts and manual pages, made from the tree of commands.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use clap_complete::Shell;

use crate::args::Cli;
use crate::error::Result;
use crate::output::print_bytes;

/// `jeton completion`
#[derive(Args, Debug)]
pub(crate) struct CompletionArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// `jeton man`
#[derive(Args, Debug)]
pub(crate) struct ManArgs {
    /// Write a page for each command into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints the completion script.
pub(crate) fn completion(args: &CompletionArgs) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::tree(), "jeton", &mut script);
    print_bytes(&script)
}

/// Prints the main page, or writes all pages into a folder.
pub(crate) fn man(args: &ManArgs) -> Result<()> {
    match &args.out {
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::tree()).render(&mut page).context("the page cannot be made")?;
            print_bytes(&page)
        }
        Some(folder) => {
            let write =
                || fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Cli::tree(), folder));
            write().with_context(|| format!("pages cannot be written to `{}`", folder.display()))?;
            Ok(())
        }
    }
}
