//! `jeton org job-settings` and `jeton project job-settings`: what a place says about the jobs there.

use clap::{Args, ValueEnum};
use jeton_api::{JobSettings, PlaceJobSettings};
use reqwest::Method;

use crate::access::App;
use crate::client::Client;
use crate::error::Result;
use crate::output::Show;
use crate::table::{Detail, details, one};

/// Whether something holds
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

/// What it says from now on; without any of these it is only shown
#[derive(Args, Debug)]
pub(crate) struct Says {
    /// Jobs that belong to no release are limited to their project
    #[arg(long, value_enum, value_name = "WHETHER")]
    limit_non_release: Option<Switch>,

    /// Jobs of releases are limited to their project
    #[arg(long, value_enum, value_name = "WHETHER")]
    limit_release: Option<Switch>,

    /// Jobs that a fork has set off are limited to their project
    #[arg(long, value_enum, value_name = "WHETHER")]
    limit_forks: Option<Switch>,

    /// A job that is limited to its project has no right outside of it, whatever its account has
    #[arg(long, value_enum, value_name = "WHETHER")]
    project_wall: Option<Switch>,

    /// The longest that a job may run
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(i64).range(1..))]
    max_lifetime_minutes: Option<i64>,
}

/// Shows what a place says, or changes it.
pub(crate) async fn run(app: &App, client: &Client, place: &[&str], says: &Says) -> Result<()> {
    let address = [place, &["job-settings"]].concat();
    let said = says.patch();
    let settings: PlaceJobSettings = if said == JobSettings::default() {
        client.get(&address).await?
    } else {
        client.send(Method::PATCH, &address, &said).await?
    };
    app.output.show(&settings)
}

impl Says {
    fn patch(&self) -> JobSettings {
        let is_on = |switch: Option<Switch>| switch.map(|switch| switch == Switch::On);
        JobSettings {
            limit_non_release: is_on(self.limit_non_release),
            limit_release: is_on(self.limit_release),
            limit_forks: is_on(self.limit_forks),
            project_wall: is_on(self.project_wall),
            max_lifetime_minutes: self.max_lifetime_minutes,
        }
    }
}

/// What settings say, field by field.
fn fields(settings: &JobSettings) -> impl Iterator<Item = (&'static str, String)> {
    let word = |is_on: Option<bool>| is_on.map(|is_on| if is_on { "on" } else { "off" }.to_owned());
    let fields = [
        ("limit_non_release", word(settings.limit_non_release)),
        ("limit_release", word(settings.limit_release)),
        ("limit_forks", word(settings.limit_forks)),
        ("project_wall", word(settings.project_wall)),
        ("max_lifetime_minutes", settings.max_lifetime_minutes.map(|minutes| minutes.to_string())),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name, value?)))
}

impl Show for PlaceJobSettings {
    fn table(&self) -> String {
        let by = |name: &str| self.decided_by.get(name).map(|by| format!("  (by {by})")).unwrap_or_default();
        let says = fields(&self.stored).map(|(name, value)| format!("{name} = {value}"));
        let holds = fields(&self.effective).map(|(name, value)| format!("{name} = {value}{}", by(name)));
        let nothing = |lines: Vec<String>| if lines.is_empty() { one("nothing") } else { lines };
        let rows: [Detail; 3] = [
            ("place", one(&self.place)),
            ("says", nothing(says.collect())),
            ("holds there", nothing(holds.collect())),
        ];
        details(rows)
    }

    fn values(&self) -> Vec<String> {
        one(&self.place)
    }
}
