//! What a verify costs in process, part by part: each rule alone, over and over, on one core.

use std::hint::black_box;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use jeton_token::{
    Approval, Audience, Catalogue, CatalogueScope, Demand, Expiry, Facts, Id, IdKey, Link, NetworkLimit,
    OrganizationId, OwnerState, Pepper, PepperVersion, Place, PlaceLimit, Prefix, PrincipalId, PrincipalKind,
    Rights, Route, RouteTable, Scope, ScopePattern, ScopeSet, Timestamp, TokenDigest, TokenId, TokenKind,
    TokenSecret, TokenText, Verdict, Where, decide,
};

use crate::figures::Figures;
use crate::filling::PATH;
use crate::stopwatch::Stopwatch;

/// How often a part is done in a round.
const TIMES: u32 = 100_000;

/// What every verifier has to do with a text.
const FLOOR: [&str; 2] = ["parse the text, with its checksum", "digest the secret (HMAC) and compare"];

/// One part with what it costs, in nanoseconds.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) ns: Figures,
    /// Whether nobody who verifies a token can do without it.
    pub(crate) is_floor: bool,
}

/// Measures all parts; they take turns, as the rows do.
pub(crate) fn measure(rounds: usize) -> Result<Vec<Part>> {
    let set = Set::new()?;
    let work = set.parts();
    let mut parts: Vec<Part> = work
        .iter()
        .map(|(name, _)| Part { name, ns: Figures::default(), is_floor: FLOOR.contains(name) })
        .collect();
    for _ in 0..rounds {
        for (part, (_, work)) in parts.iter_mut().zip(&work) {
            part.ns.add(nanoseconds(work));
        }
    }
    Ok(parts)
}

/// What a part is called, and how to do it once.
type Work<'a> = (&'static str, Box<dyn Fn() + 'a>);

fn work<'a, T>(name: &'static str, once: impl Fn() -> T + 'a) -> Work<'a> {
    let discarded = move || {
        black_box(once());
    };
    (name, Box::new(discarded))
}

fn nanoseconds(work: &dyn Fn()) -> f64 {
    let watch = Stopwatch::start();
    for _ in 0..TIMES {
        work();
    }
    watch.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES)
}

/// Everything that a verify needs, ready.
struct Set {
    text: String,
    garbage: String,
    parsed: TokenText,
    id_key: IdKey,
    pepper: Pepper,
    digest: TokenDigest,
    facts: Facts,
    many: Facts,
    catalogue: Catalogue,
    organization: OrganizationId,
    scope: Scope,
    routes: RouteTable,
}

impl Set {
    fn new() -> Result<Self> {
        let id_key = IdKey::new(&[1; 32]);
        let id = id_key.mint(1_700_000_000_000, 42);
        let prefix: Prefix = Prefix::default();
        let parsed =
            TokenText::new(prefix, TokenKind::Personal, TokenId(id), &TokenSecret::from_uniform(&[3; 64]));
        let text = parsed.expose().to_owned();
        let pepper = Pepper::new(PepperVersion(1), &[2; 32]);
        let patterns: Vec<ScopePattern> =
            (0..256).map(|at| format!("Bench.Of{at}.*").parse()).collect::<Result<_, _>>()?;
        let few: Vec<ScopePattern> = vec!["Bench.Task.*".parse()?, "Bench.Log.Read".parse()?];
        Ok(Self {
            garbage: text.chars().rev().collect(),
            digest: pepper.digest(&parsed),
            facts: facts(id, few)?,
            many: facts(id, patterns)?,
            catalogue: catalogue()?,
            organization: OrganizationId(id),
            scope: "Bench.Of7.Read".parse()?,
            routes: routes()?,
            text,
            parsed,
            id_key,
            pepper,
        })
    }

    fn parts(&self) -> [Work<'_>; 7] {
        let Self { text, garbage, parsed, id_key, pepper, digest, facts, many, scope, routes, .. } = self;
        [
            work("refuse garbage, by shape or checksum", move || black_box(garbage).parse::<TokenText>()),
            work(FLOOR[0], move || black_box(text).parse::<TokenText>()),
            work("see that the id is ours (HMAC)", || id_key.is_genuine(black_box(parsed.id().0))),
            work(FLOOR[1], || pepper.digest(black_box(parsed)).matches(digest)),
            work("decide: 2 patterns, what is effective", || self.verdict(black_box(facts), None)),
            work("decide: 256 patterns, one scope", || self.verdict(black_box(many), Some(scope))),
            work("match a path against 200 routes", || routes.find("GET", black_box(PATH))),
        ]
    }

    fn verdict(&self, facts: &Facts, scope: Option<&Scope>) -> Verdict {
        let audience = Audience::Api { catalogue: &self.catalogue, organization: Some(self.organization) };
        decide(facts, &Demand { audience, scope, place: Where::Everywhere, client: None }, Timestamp(1))
    }
}

fn facts(id: Id, patterns: Vec<ScopePattern>) -> Result<Facts> {
    let everything: ScopePattern = "*".parse()?;
    let rights: Rights = [everything].into_iter().collect();
    let token = Link {
        id: TokenId(id),
        kind: TokenKind::Personal,
        patterns: ScopeSet::new(patterns)?,
        places: PlaceLimit::Everywhere,
        networks: NetworkLimit::Anywhere,
        issued_at: Timestamp(0),
        used_at: Timestamp(0),
        expiry: Expiry::Never,
        approval: Approval::None,
        job: None,
        revoked: false,
        intact: true,
        owner: PrincipalId(id),
        owner_kind: PrincipalKind::User,
        owner_state: OwnerState::Enabled,
        owner_seen_at: Some(Timestamp(0)),
        owner_groups: vec![],
        rights: vec![(Place::Global, rights)].into(),
    };
    Ok(Facts { token, ancestors: vec![], policies: Arc::new(vec![]) })
}

fn catalogue() -> Result<Catalogue> {
    let scope = |name: &str| -> Result<CatalogueScope> {
        Ok(CatalogueScope {
            name: format!("Bench.{name}").parse()?,
            description: String::new(),
            implies: vec![],
        })
    };
    let scopes = ["Task.Read", "Task.Write", "Log.Read", "Log.Write", "Of7.Read"].map(scope);
    Ok(Catalogue::new("Bench", scopes.into_iter().collect::<Result<_>>()?)?)
}

fn routes() -> Result<RouteTable> {
    let scope: Scope = "Bench.Task.Read".parse()?;
    let route = |at: usize| Route {
        method: "GET".to_owned(),
        path: format!("/resource-{at}/items/{{item}}"),
        scope: scope.clone(),
        resource: None,
    };
    RouteTable::new((0..200).map(route)).context("routes of the bench")
}
