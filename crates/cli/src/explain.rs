//! `jeton token explain`: why a token may or may not do something.

use clap::Args;
use jeton_api::{ExplainRequest, Explanation, StepOutcome};
use reqwest::Method;

use crate::access::App;
use crate::error::{Result, remedy_line};
use crate::escape::safe;
use crate::output::Show;
use crate::prompt;
use crate::table::list;
use crate::token::resolve;

/// `jeton token explain`
#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// The token's id or number; `-` reads the token itself from standard input
    #[arg(value_name = "ID|-", allow_hyphen_values = true)]
    token: String,

    /// The scope that a call needs
    scope: String,

    /// Where the call acts: `ORGANIZATION/PROJECT` or `ORGANIZATION/*` [default: everywhere that the API serves]
    #[arg(long, value_name = "PLACE")]
    resource: Option<String>,

    /// Where the call comes from
    #[arg(long, value_name = "ADDRESS")]
    client_ip: Option<String>,
}

/// Asks the server, and shows every step of its decision.
pub(crate) async fn run(app: &App, args: ExplainArgs) -> Result<()> {
    let client = app.client()?;
    let ExplainArgs { token, scope, resource, client_ip } = args;
    let (token_id, token) = if token == "-" {
        (None, Some(prompt::secret_from_stdin()?))
    } else {
        (resolve(&client, &[token]).await?.into_iter().next(), None)
    };
    let request = ExplainRequest { token_id, token, scope, resource, client_ip };
    app.output.show(&client.send::<Explanation>(Method::POST, &["explain"], &request).await?)
}

fn outcome(outcome: StepOutcome) -> &'static str {
    match outcome {
        StepOutcome::Passed => "passed",
        StepOutcome::Failed => "FAILED",
        StepOutcome::NotReached => "-",
    }
}

impl Show for Explanation {
    fn table(&self) -> String {
        let verdict = match (&self.reason, self.allowed) {
            (_, true) => "allowed".to_owned(),
            (Some(reason), false) => format!("not allowed: {}", safe(reason)),
            (None, false) => "not allowed".to_owned(),
        };
        let steps = self.steps.iter();
        let steps =
            steps.map(|it| [it.rule.as_str().into(), outcome(it.outcome).into(), it.detail.as_str().into()]);
        let mut parts = vec![list(["RULE", "OUTCOME", "WHY"], steps), verdict];
        if !self.remedies.is_empty() {
            parts.push(self.remedies.iter().map(remedy_line).collect::<Vec<_>>().join("\n"));
        }
        parts.join("\n\n")
    }

    fn values(&self) -> Vec<String> {
        vec![if self.allowed { "allowed" } else { "refused" }.to_owned()]
    }
}
