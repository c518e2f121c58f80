//! `jeton service-account trust` and `jeton pipeline trust`: whose identities stand for a service account, or start jobs of
//! a pipeline.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use jeton_api::{ClaimRule, PutTrust, Replay, Trust};
use reqwest::Method;

use crate::access::App;
use crate::args::Confirmation;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::escape::safe;
use crate::names::{self, PIPELINE, parts};
use crate::output::Show;
use crate::pipeline;
use crate::table::{details, list, moment, one};

/// Whose identities are trusted
#[derive(Debug, Subcommand)]
pub(crate) enum TrustVerb<H: Args> {
    /// List the trusts
    List(H),
    /// Show a trust
    Show(NameArgs<H>),
    /// Make a trust, or replace it
    Set(SetArgs<H>),
    /// Delete a trust; the tokens and jobs that came from it end at once
    Delete(DeleteArgs<H>),
}

/// Who has trusts.
pub(crate) trait Holder: Args {
    /// The address of its trusts.
    fn path(&self) -> Result<Vec<&str>>;
}

/// A service account
#[derive(Args, Debug)]
pub(crate) struct AccountArgs {
    /// The service account
    #[arg(value_name = "SERVICE-ACCOUNT")]
    account: String,
}

impl Holder for AccountArgs {
    fn path(&self) -> Result<Vec<&str>> {
        Ok(vec!["service-accounts", &self.account, "trusts"])
    }
}

/// A pipeline
#[derive(Args, Debug)]
pub(crate) struct PipelineArgs {
    /// The pipeline
    #[arg(value_name = "ORGANIZATION/PROJECT/PIPELINE", value_parser = names::pipeline)]
    pipeline: String,
}

impl Holder for PipelineArgs {
    fn path(&self) -> Result<Vec<&str>> {
        let pipeline = pipeline::path(parts(&self.pipeline, PIPELINE)?);
        Ok(pipeline.into_iter().chain(["trusts"]).collect())
    }
}

/// A trust by name
#[derive(Args, Debug)]
pub(crate) struct NameArgs<H: Args> {
    #[command(flatten)]
    holder: H,

    /// The trust's name
    name: String,
}

/// How often one identity token may be exchanged
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Often {
    Once,
    UntilExpiry,
}

impl From<Often> for Replay {
    fn from(often: Often) -> Self {
        match often {
            Often::Once => Self::Once,
            Often::UntilExpiry => Self::UntilExpiry,
        }
    }
}

/// `… trust set`
#[derive(Args, Debug)]
pub(crate) struct SetArgs<H: Args> {
    #[command(flatten)]
    trust: NameArgs<H>,

    /// Who signs the identity tokens: exactly their `iss`
    #[arg(long, value_name = "URL")]
    issuer: String,

    /// What a token must say, such as `sub=repo:acme/web:*`; may be repeated, and all of it must hold
    #[arg(long = "claim", required = true, value_name = "CLAIM=PATTERN")]
    claims: Vec<String>,

    /// For whom the tokens must be made [default: the server's public address]
    #[arg(long)]
    audience: Option<String>,

    /// Where the issuer's keys are, if it has no discovery
    #[arg(long, value_name = "URL", conflicts_with = "jwks_file")]
    jwks_url: Option<String>,

    /// A file with the issuer's keys, if nobody can ask for them
    #[arg(long, value_name = "FILE")]
    jwks_file: Option<PathBuf>,

    /// How often one identity token may be exchanged; `until-expiry` is for token files
    #[arg(long, value_enum, value_name = "HOW", default_value = "once")]
    replay: Often,

    /// How long a token that comes out lives at most [default: 60]
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(i64).range(1..))]
    lifetime_minutes_max: Option<i64>,
}

/// `… trust delete`
#[derive(Args, Debug)]
pub(crate) struct DeleteArgs<H: Args> {
    #[command(flatten)]
    trust: NameArgs<H>,

    #[command(flatten)]
    confirmation: Confirmation,
}

impl<H: Holder> NameArgs<H> {
    fn path(&self) -> Result<Vec<&str>> {
        let mut path = self.holder.path()?;
        path.push(&self.name);
        Ok(path)
    }
}

/// Runs the verb.
pub(crate) async fn run<H: Holder>(app: &App, client: &Client, verb: TrustVerb<H>) -> Result<()> {
    match verb {
        TrustVerb::List(holder) => {
            let trusts: Vec<Trust> = client.all(&holder.path()?, &()).await?;
            app.output.show(&trusts)
        }
        TrustVerb::Show(args) => app.output.show(&client.get::<Trust>(&args.path()?).await?),
        TrustVerb::Set(args) => {
            let path = args.trust.path()?;
            app.output.show(&client.send::<Trust>(Method::PUT, &path, &request(&args)?).await?)
        }
        TrustVerb::Delete(DeleteArgs { trust, confirmation }) => {
            let path = trust.path()?;
            let found: Trust = client.get(&path).await?;
            let shown = format!("`{}` of `{}`", safe(&found.name), safe(holder_of(&found).1));
            confirmation.obtain(&format!("delete the trust {shown} for good?"))?;
            client.delete(&path).await?;
            app.output.note(&format!("deleted {shown}"));
            Ok(())
        }
    }
}

fn request<H: Args>(args: &SetArgs<H>) -> Result<PutTrust> {
    let keys = |file: &PathBuf| {
        let text = fs::read_to_string(file).with_context(|| format!("`{}`", file.display()))?;
        serde_json::from_str(&text).with_context(|| format!("`{}` is no JSON", file.display()))
    };
    Ok(PutTrust {
        issuer: args.issuer.clone(),
        audience: args.audience.clone(),
        jwks_url: args.jwks_url.clone(),
        jwks: args.jwks_file.as_ref().map(keys).transpose()?,
        claims: args.claims.iter().map(|text| claim(text)).collect::<Result<_>>()?,
        replay: args.replay.into(),
        lifetime_minutes_max: args.lifetime_minutes_max,
    })
}

fn claim(text: &str) -> Result<ClaimRule> {
    let parts = text.split_once('=').filter(|(claim, _)| !claim.is_empty());
    let (claim, pattern) = parts.ok_or_else(|| {
        Error::usage(format!("`{}` is no CLAIM=PATTERN, such as `sub=repo:acme/web:*`", safe(text)))
    })?;
    Ok(ClaimRule { claim: claim.to_owned(), pattern: pattern.to_owned() })
}

/// What kind of holder a trust has, and its name.
fn holder_of(trust: &Trust) -> (&'static str, &str) {
    match (&trust.service_account, &trust.pipeline) {
        (Some(account), _) => ("service account", account),
        (None, pipeline) => ("pipeline", pipeline.as_deref().unwrap_or("-")),
    }
}

fn rule(rule: &ClaimRule) -> String {
    format!("{}={}", rule.claim, rule.pattern)
}

fn replay(replay: Replay) -> &'static str {
    match replay {
        Replay::Once => "once",
        Replay::UntilExpiry => "until it expires",
    }
}

impl Show for Trust {
    fn table(&self) -> String {
        let keys = match (&self.jwks_url, &self.jwks) {
            (Some(url), _) => url.clone(),
            (None, Some(_)) => "given".to_owned(),
            (None, None) => "asked of the issuer".to_owned(),
        };
        let (kind, holder) = holder_of(self);
        details([
            ("name", one(&self.name)),
            (kind, one(holder)),
            ("issuer", one(&self.issuer)),
            ("audience", one(&self.audience)),
            ("keys", one(keys)),
            ("claims", self.claims.iter().map(rule).collect()),
            ("exchanged", one(replay(self.replay))),
            ("lives at most", one(format!("{} minutes", self.lifetime_minutes_max))),
            ("id", one(&self.id)),
            ("created", one(moment(self.created_at))),
            ("last used", self.last_used_at.map(moment).into_iter().collect()),
        ])
    }

    fn values(&self) -> Vec<String> {
        one(&self.name)
    }
}

impl Show for Vec<Trust> {
    fn table(&self) -> String {
        let row = |it: &Trust| {
            let claims: Vec<_> = it.claims.iter().map(rule).collect();
            [
                it.name.as_str().into(),
                it.issuer.as_str().into(),
                claims.as_slice().into(),
                it.last_used_at.map_or_else(|| "-".to_owned(), moment).into(),
            ]
        };
        list(["NAME", "ISSUER", "CLAIMS", "LAST USED"], self.iter().map(row))
    }

    fn values(&self) -> Vec<String> {
        self.iter().map(|it| it.name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_a_name_and_a_pattern() {
        let it = claim("sub=repo:acme/web:ref=main").unwrap();
        assert_eq!((it.claim.as_str(), it.pattern.as_str()), ("sub", "repo:acme/web:ref=main"));
        for text in ["", "sub", "=x"] {
            assert!(matches!(claim(text), Err(Error::Usage(_))), "{text}");
        }
    }
}
