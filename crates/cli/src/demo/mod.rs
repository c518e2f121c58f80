//! `jeton demo`: the main job on real requests.
//!
//! An authority on an embedded database, a small task platform behind it, and a person who makes a token, uses it,
//! meets its limits and revokes it. Nothing is played: every line that is printed is a request that was made, with
//! the line to make it again.

mod hammer;
mod stage;
mod story;

use clap::Args;

use crate::error::Result;
use crate::output::{self, Output};
use crate::serve::interrupted;
use stage::Stage;
use story::Story;

/// `jeton demo`
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// End when the story is told, instead of staying up until Ctrl-C
    #[arg(long)]
    once: bool,
}

/// Tells the story. Any step that does not behave is an error.
pub(crate) async fn demo(output: Output, args: DemoArgs) -> Result<()> {
    let stage = Stage::build().await?;
    output::print(&stage.introduction())?;
    let told = tell(&stage).await;
    if told.is_ok() && !args.once {
        output::print(&stage.still_there())?;
        interrupted().await;
        output.note("good-bye; the demo's data is removed");
    }
    stage.strike().await;
    told
}

async fn tell(stage: &Stage) -> Result<()> {
    let mut story = Story::new(stage);
    story.create_token().await?;
    story.use_token().await?;
    story.meet_limits().await?;
    story.revoke_token().await?;
    hammer::revoke_under_load(stage).await?;
    story.end()
}
