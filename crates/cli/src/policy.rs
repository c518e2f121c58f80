//! `jeton policy`: limits that a place sets for the tokens used there.

use clap::{Args, Subcommand, ValueEnum};
use jeton_api::{AffectedOwner, Excess, PlacePolicy, Policy, PolicyEffect, Rule};
use reqwest::Method;

use crate::access::App;
use crate::args::Confirmation;
use crate::client::Client;
use crate::duration::Minutes;
use crate::error::Result;
use crate::escape::safe;
use crate::names::{parse_principal, principal_text};
use crate::output::Show;
use crate::table::{Detail, details, list, one};
use crate::view::owner;

/// Limits that a place sets for the tokens used there
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyVerb {
    /// List the places that say something
    List,
    /// Show what a place says, what holds there, and who decided it
    Show(PlaceArgs),
    /// Change what a place says; shows first what that does to tokens that exist
    Set(Box<SetArgs>),
    /// Remove what a place says; what the places around it say goes on
    Delete(DeleteArgs),
}

/// A place
#[derive(Args, Debug)]
pub(crate) struct PlaceArgs {
    /// `*` everywhere, `ORGANIZATION/*` or `ORGANIZATION/PROJECT`
    place: String,
}

/// `jeton policy delete`
#[derive(Args, Debug)]
pub(crate) struct DeleteArgs {
    /// `*` everywhere, `ORGANIZATION/*` or `ORGANIZATION/PROJECT`
    place: String,

    #[command(flatten)]
    confirmation: Confirmation,
}

/// Whether something may be
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Allowed {
    Allowed,
    Refused,
}

impl From<Allowed> for Rule {
    fn from(allowed: Allowed) -> Self {
        match allowed {
            Allowed::Allowed => Self::Allowed,
            Allowed::Refused => Self::Refused,
        }
    }
}

/// What happens to a wish for too long a life
#[derive(Clone, Copy, Debug, ValueEnum)]
enum TooLong {
    Clamp,
    Refuse,
}

impl From<TooLong> for Excess {
    fn from(excess: TooLong) -> Self {
        match excess {
            TooLong::Clamp => Self::Clamp,
            TooLong::Refuse => Self::Refuse,
        }
    }
}

/// Something that a policy says
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Field {
    LifetimeMax,
    LifetimeDefault,
    NeverExpires,
    Everything,
    Excess,
    Creators,
    Networks,
    ApprovalScopes,
    SignInWithinDays,
    UsedWithinDays,
    RenewableForDays,
    JobProjects,
}

/// `jeton policy set`
#[derive(Args, Debug)]
pub(crate) struct SetArgs {
    /// `*` everywhere, `ORGANIZATION/*` or `ORGANIZATION/PROJECT`
    place: String,

    #[command(flatten)]
    says: Says,

    /// Only show what it would do to tokens that exist
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    confirmation: Confirmation,
}

/// What it says from now on
#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
struct Says {
    /// The longest life of a secret: `90m`, `12h`, `30d`, `2w`
    #[arg(long, value_name = "DURATION")]
    lifetime_max: Option<Minutes>,

    /// The life of a secret when nobody says
    #[arg(long, value_name = "DURATION")]
    lifetime_default: Option<Minutes>,

    /// Whether a token may have no end
    #[arg(long, value_enum, value_name = "WHETHER")]
    never_expires: Option<Allowed>,

    /// Whether the scope `*` counts
    #[arg(long, value_enum, value_name = "WHETHER")]
    everything: Option<Allowed>,

    /// What happens when somebody asks for a longer life
    #[arg(long, value_enum, value_name = "WHAT")]
    excess: Option<TooLong>,

    /// Whose tokens count, such as `group:Build team`; may be repeated, and nobody else's do
    #[arg(long = "creator", value_name = "KIND:NAME")]
    creators: Option<Vec<String>>,

    /// Where calls with a token come from, in CIDR notation; may be repeated
    #[arg(long = "network", value_name = "NETWORK")]
    networks: Option<Vec<String>>,

    /// A scope that a token has only once somebody has approved it; may be repeated
    #[arg(long = "approval-scope", value_name = "SCOPE")]
    approval_scopes: Option<Vec<String>>,

    /// Tokens of a person who has not signed in for so many days are suspended
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..))]
    sign_in_within_days: Option<i64>,

    /// Tokens that nobody has used for so many days are suspended
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..))]
    used_within_days: Option<i64>,

    /// For so many days after a person has made or rotated a token it may rotate itself
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..))]
    renewable_for_days: Option<i64>,

    /// A project whose jobs may act here besides its own, such as `acme/ci` or `acme/*`; may be repeated
    #[arg(long = "job-project", value_name = "PROJECT")]
    job_projects: Option<Vec<String>>,

    /// Say nothing about this any more; may be repeated
    #[arg(long, value_enum, value_name = "FIELD")]
    unset: Vec<Field>,
}

/// The address of a policy.
pub(crate) fn path(place: &str) -> [&str; 2] {
    ["policies", place]
}

/// Runs the verb.
pub(crate) async fn run(app: &App, verb: PolicyVerb) -> Result<()> {
    let client = app.client()?;
    match verb {
        PolicyVerb::List => app.output.show(&client.all::<PlacePolicy>(&["policies"], &()).await?),
        PolicyVerb::Show(args) => app.output.show(&client.get::<PlacePolicy>(&path(&args.place)).await?),
        PolicyVerb::Set(args) => set(app, &client, *args).await,
        PolicyVerb::Delete(DeleteArgs { place, confirmation }) => {
            let found: PlacePolicy = client.get(&path(&place)).await?;
            let shown = safe(&found.place);
            confirmation.obtain(&format!("remove what `{shown}` says?"))?;
            client.delete(&path(&found.place)).await?;
            app.output.note(&format!("`{shown}` says nothing any more"));
            Ok(())
        }
    }
}

async fn set(app: &App, client: &Client, args: SetArgs) -> Result<()> {
    let before: PlacePolicy = client.get(&path(&args.place)).await?;
    let policy = args.says.change(before.stored)?;
    let effect = client.policy_effect(&args.place, &policy).await?;
    if args.dry_run {
        return app.output.show(&effect);
    }
    if effect.tokens > 0 {
        if !args.confirmation.is_given() {
            app.output.note(&effect.table());
        }
        args.confirmation.obtain(&format!("that touches {} live tokens; set it?", effect.tokens))?;
    }
    app.output.show(&client.send::<PolicyEffect>(Method::PUT, &path(&args.place), &policy).await?)
}

impl Says {
    /// The policy with what was given put in place of what was said.
    fn change(self, mut policy: Policy) -> Result<Policy> {
        for field in &self.unset {
            unset(&mut policy, *field);
        }
        let creators = self.creators.map(|texts| texts.iter().map(|text| parse_principal(text)).collect());
        let minutes = |it: Option<Minutes>| it.map(|Minutes(minutes)| minutes);
        Ok(Policy {
            lifetime_minutes_max: minutes(self.lifetime_max).or(policy.lifetime_minutes_max),
            lifetime_minutes_default: minutes(self.lifetime_default).or(policy.lifetime_minutes_default),
            never_expires: self.never_expires.map(Rule::from).or(policy.never_expires),
            everything: self.everything.map(Rule::from).or(policy.everything),
            excess: self.excess.map(Excess::from).or(policy.excess),
            creators: creators.transpose()?.or(policy.creators),
            networks: self.networks.or(policy.networks),
            approval_scopes: self.approval_scopes.or(policy.approval_scopes),
            sign_in_within_days: self.sign_in_within_days.or(policy.sign_in_within_days),
            used_within_days: self.used_within_days.or(policy.used_within_days),
            renewable_for_days: self.renewable_for_days.or(policy.renewable_for_days),
            job_projects: self.job_projects.or(policy.job_projects),
        })
    }
}

fn unset(policy: &mut Policy, field: Field) {
    match field {
        Field::LifetimeMax => policy.lifetime_minutes_max = None,
        Field::LifetimeDefault => policy.lifetime_minutes_default = None,
        Field::NeverExpires => policy.never_expires = None,
        Field::Everything => policy.everything = None,
        Field::Excess => policy.excess = None,
        Field::Creators => policy.creators = None,
        Field::Networks => policy.networks = None,
        Field::ApprovalScopes => policy.approval_scopes = None,
        Field::SignInWithinDays => policy.sign_in_within_days = None,
        Field::UsedWithinDays => policy.used_within_days = None,
        Field::RenewableForDays => policy.renewable_for_days = None,
        Field::JobProjects => policy.job_projects = None,
    }
}

/// What a policy says, field by field.
fn fields(policy: &Policy) -> Vec<(&'static str, Vec<String>)> {
    let rule = |rule: Option<Rule>| {
        rule.map(|rule| match rule {
            Rule::Allowed => "allowed",
            Rule::Refused => "refused",
        })
    };
    let excess = policy.excess.map(|excess| match excess {
        Excess::Clamp => "clamp",
        Excess::Refuse => "refuse",
    });
    let number = |number: Option<i64>| number.map(|it| it.to_string()).into_iter().collect();
    let word = |word: Option<&str>| word.map(str::to_owned).into_iter().collect();
    let creators = policy.creators.iter().flatten().map(principal_text).collect();
    vec![
        ("lifetime_minutes_max", number(policy.lifetime_minutes_max)),
        ("lifetime_minutes_default", number(policy.lifetime_minutes_default)),
        ("never_expires", word(rule(policy.never_expires))),
        ("everything", word(rule(policy.everything))),
        ("excess", word(excess)),
        ("creators", or_none(policy.creators.as_ref(), creators)),
        ("networks", or_none(policy.networks.as_ref(), policy.networks.clone().unwrap_or_default())),
        ("approval_scopes", policy.approval_scopes.clone().unwrap_or_default()),
        ("sign_in_within_days", number(policy.sign_in_within_days)),
        ("used_within_days", number(policy.used_within_days)),
        ("renewable_for_days", number(policy.renewable_for_days)),
        (
            "job_projects",
            or_none(policy.job_projects.as_ref(), policy.job_projects.clone().unwrap_or_default()),
        ),
    ]
}

/// A list that is there and empty allows nothing, which is not the same as no list.
fn or_none<T>(given: Option<&Vec<T>>, shown: Vec<String>) -> Vec<String> {
    if given.is_some_and(Vec::is_empty) { one("none") } else { shown }
}

fn said(policy: &Policy) -> Vec<String> {
    let said = fields(policy).into_iter().filter(|(_, values)| !values.is_empty());
    said.map(|(name, values)| format!("{name} = {}", values.join(", "))).collect()
}

impl Show for PlacePolicy {
    fn table(&self) -> String {
        let by = |name: &str| match self.decided_by.get(name).map(Vec::as_slice) {
            None | Some([]) => String::new(),
            Some(places) => format!("  (by {})", places.join(", ")),
        };
        let holds = fields(&self.effective).into_iter().filter(|(_, values)| !values.is_empty());
        let holds = holds.map(|(name, values)| format!("{name} = {}{}", values.join(", "), by(name)));
        let nothing = |lines: Vec<String>| if lines.is_empty() { one("nothing") } else { lines };
        let rows: [Detail; 3] = [
            ("place", one(&self.place)),
            ("says", nothing(said(&self.stored))),
            ("holds there", nothing(holds.collect())),
        ];
        details(rows)
    }

    fn values(&self) -> Vec<String> {
        one(&self.place)
    }
}

impl Show for Vec<PlacePolicy> {
    fn table(&self) -> String {
        let row = |it: &PlacePolicy| [it.place.as_str().into(), said(&it.stored).as_slice().into()];
        list(["PLACE", "SAYS"], self.iter().map(row))
    }

    fn values(&self) -> Vec<String> {
        self.iter().map(|it| it.place.clone()).collect()
    }
}

impl Show for PolicyEffect {
    fn table(&self) -> String {
        let more = if self.truncated { " or more" } else { "" };
        let touched =
            |it: &AffectedOwner| format!("{} of {}: {}", it.tokens, owner(&it.owner), it.effects.join(", "));
        let rows: [Detail; 2] = [
            ("live tokens that it touches", one(format!("{}{more}", self.tokens))),
            ("whose", self.owners.iter().map(touched).collect()),
        ];
        format!("{}\n\n{}", self.policy.table(), details(rows))
    }

    fn values(&self) -> Vec<String> {
        one(self.tokens.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says() -> Says {
        Says {
            lifetime_max: None,
            lifetime_default: None,
            never_expires: None,
            everything: None,
            excess: None,
            creators: None,
            networks: None,
            approval_scopes: None,
            sign_in_within_days: None,
            used_within_days: None,
            renewable_for_days: None,
            job_projects: None,
            unset: vec![],
        }
    }

    #[test]
    fn what_is_not_given_stays_and_what_is_unset_goes() {
        let before = Policy {
            lifetime_minutes_max: Some(60),
            everything: Some(Rule::Refused),
            networks: Some(vec!["10.0.0.0/8".to_owned()]),
            ..Policy::default()
        };
        let changes =
            Says { lifetime_max: Some(Minutes(30)), unset: vec![Field::Networks, Field::Creators], ..says() };
        let after = changes.change(before).unwrap();
        let expected =
            Policy { lifetime_minutes_max: Some(30), everything: Some(Rule::Refused), ..Policy::default() };
        assert_eq!(after, expected);
    }

    #[test]
    fn an_empty_list_is_not_the_same_as_none() {
        let nobody = Policy { creators: Some(vec![]), ..Policy::default() };
        assert_eq!(said(&nobody), ["creators = none"]);
        assert!(said(&Policy::default()).is_empty());
    }
}
