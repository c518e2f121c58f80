//! From records to JSON.

use std::collections::BTreeMap;

use jeton_api::{
    AffectedOwner, Api, ApiRefusal, ApiRoute, ApiScope, Approval, Bindable, EarlierEnd, Group, Issued,
    JobScope, Member, OldSecret, Organization, Pipeline, PipelineKind, PlacePolicy, Policy, PolicyEffect,
    PrincipalRef, Project, Role, RoleBinding, Rule, Secret, ServiceAccount, Timestamp, Token, TokenState,
    User, Visibility,
};
use jeton_token::Place;

use crate::authority::{Authority, Caller, Error, IssuedToken, PolicyImpact, PolicyView};
use crate::store::{
    ApiRecord, BindingRecord, GroupRecord, OrganizationRecord, PipelineRecord, PrincipalRecord,
    ProjectRecord, RefusedRecord, RoleRecord, TokenRecord,
};

/// A token's record.
pub(super) async fn token(
    authority: &Authority,
    record: TokenRecord,
    state: TokenState,
) -> Result<Token, Error> {
    let mut shown = tokens(authority, vec![(record, state)]).await?;
    shown.pop().ok_or(Error::Unavailable)
}

/// The same with its old secrets, which a list leaves out.
pub(super) async fn token_in_detail(
    authority: &Authority,
    caller: Option<&Caller>,
    record: TokenRecord,
    state: TokenState,
) -> Result<Token, Error> {
    let old_secrets = authority.old_secrets(record.id).await?.into_iter().map(old_secret).collect();
    let shown =
        tokens_with_ends(authority, caller, vec![(record, state)]).await?.pop().ok_or(Error::Unavailable)?;
    Ok(Token { old_secrets, ..shown })
}

/// Records of tokens, and where each ends earlier than by itself.
pub(super) async fn tokens_with_ends(
    authority: &Authority,
    caller: Option<&Caller>,
    records: Vec<(TokenRecord, TokenState)>,
) -> Result<Vec<Token>, Error> {
    let mut all = authority.earlier_ends(caller, &records).await?.into_iter();
    let mut shown = tokens(authority, records).await?;
    for token in &mut shown {
        for (place, at) in all.next().unwrap_or_default() {
            let place = authority.place_name(place).await?;
            token.earlier_ends.push(EarlierEnd { place, ends_at: moment(at) });
        }
    }
    Ok(shown)
}

/// What is said to somebody who gets a token that ends earlier in some places.
fn note_of_end(end: &EarlierEnd) -> String {
    let EarlierEnd { place, ends_at } = end;
    let at = ends_at.strftime("%Y-%m-%d %H:%M UTC");
    if place == "*" {
        return format!("a policy, or the token that it was made with, ends it earlier: {at}");
    }
    format!("at `{place}` a policy, or the token that it was made with, ends it earlier: {at}")
}

fn old_secret(record: crate::store::OldSecret) -> OldSecret {
    OldSecret {
        issued_at: moment(record.issued_at),
        works_until: moment(record.works_until),
        last_used_at: record.last_used_at.map(moment),
        last_used_from: record.last_used_from,
    }
}

/// Records of tokens. Each place is looked up once, however many of them are limited to it.
pub(super) async fn tokens(
    authority: &Authority,
    records: Vec<(TokenRecord, TokenState)>,
) -> Result<Vec<Token>, Error> {
    let mut names = BTreeMap::new();
    for place in records.iter().flat_map(|(record, _)| record.places.places()) {
        if !names.contains_key(place) {
            names.insert(*place, authority.place_name(*place).await?);
        }
    }
    Ok(records.into_iter().map(|(record, state)| with_names(record, state, &names)).collect())
}

fn with_names(record: TokenRecord, state: TokenState, names: &BTreeMap<Place, String>) -> Token {
    let projects = record.places.places().iter().filter_map(|place| names.get(place)).cloned().collect();
    Token {
        id: record.id.to_string(),
        number: record.number,
        kind: record.kind.word().to_owned(),
        owner: PrincipalRef { kind: record.owner_kind.word().to_owned(), name: record.owner_name },
        created_by: record.created_by.map(|id| id.to_string()),
        parent_id: record.parent.map(|id| id.to_string()),
        scopes: record.patterns.patterns().iter().map(ToString::to_string).collect(),
        projects,
        networks: record.networks.networks().iter().map(ToString::to_string).collect(),
        created_at: moment(record.created_at),
        secret_issued_at: moment(record.secret_issued_at),
        expires_at: record.expiry.at().map(moment),
        earlier_ends: vec![],
        last_used_at: record.last_used_at.map(moment),
        last_used_from: record.last_used_from,
        state,
        revoked_at: record.revoked_at.map(moment),
        revoked_by: record.revoked_by.map(|id| id.to_string()),
        hint: record.hint,
        old_secrets: vec![],
        approval: match &record.approval {
            jeton_token::Approval::None => None,
            jeton_token::Approval::Pending => Some(Approval::Pending),
            jeton_token::Approval::Given(_) => Some(Approval::Approved),
        },
        name: record.name,
        description: record.description,
    }
}

/// The secret of a fresh token. This is the only place where a secret is put into an answer.
pub(in crate::http) fn secret(issued: &IssuedToken) -> Secret {
    Secret::new(issued.secret.expose())
}

/// A fresh token with its secret.
pub(in crate::http) async fn issued(
    authority: &Authority,
    caller: Option<&Caller>,
    issued: IssuedToken,
) -> Result<Issued, Error> {
    let secret = secret(&issued);
    let token = token_in_detail(authority, caller, issued.token, issued.state).await?;
    let notes = issued.notes.into_iter().chain(token.earlier_ends.iter().map(note_of_end)).collect();
    Ok(Issued { token, secret, notes })
}

pub(super) fn user(record: PrincipalRecord) -> User {
    User {
        id: record.id.to_string(),
        number: record.number,
        name: record.name,
        display_name: record.display_name,
        email: record.email,
        disabled: record.disabled_at.is_some(),
        created_at: moment(record.created_at),
        last_sign_in_at: record.last_sign_in_at.map(moment),
    }
}

pub(super) fn api(record: ApiRecord) -> Api {
    let scope = |scope: &jeton_token::CatalogueScope| ApiScope {
        name: scope.name.to_string(),
        description: scope.description.clone(),
        implies: scope.implies.iter().map(ToString::to_string).collect(),
    };
    let route = |route: jeton_token::Route| ApiRoute {
        method: route.method,
        path: route.path,
        scope: route.scope.to_string(),
        resource: route.resource,
    };
    Api {
        id: record.id.to_string(),
        name: record.name,
        title: record.title,
        organization: record.organization.map(|(_, name)| name),
        namespace: record.catalogue.namespace().to_owned(),
        audience: record.audience,
        enforces_places: record.enforces_places,
        forward_auth: record.forward_auth,
        scopes: record.catalogue.scopes().iter().map(scope).collect(),
        routes: record.routes.into_iter().map(route).collect(),
        created_at: moment(record.created_at),
    }
}

pub(super) fn refusal(record: RefusedRecord) -> ApiRefusal {
    let RefusedRecord { refused, seen, .. } = record;
    ApiRefusal {
        method: refused.method,
        path: refused.path,
        reason: refused.reason,
        missing_scope: Some(refused.scope).filter(|scope| !scope.is_empty()),
        count: seen.count,
        first_seen_at: moment(seen.first),
        last_seen_at: moment(seen.last),
    }
}

pub(super) fn service_account(record: PrincipalRecord) -> ServiceAccount {
    ServiceAccount {
        id: record.id.to_string(),
        number: record.number,
        name: record.name,
        organization: record.organization.map(|(_, name)| name).unwrap_or_default(),
        display_name: record.display_name,
        disabled: record.disabled_at.is_some(),
        created_at: moment(record.created_at),
    }
}

pub(super) fn organization(record: OrganizationRecord) -> Organization {
    Organization {
        id: record.id.to_string(),
        number: record.number,
        name: record.name,
        created_at: moment(record.created_at),
    }
}

pub(super) fn project(record: ProjectRecord) -> Project {
    Project {
        id: record.id.to_string(),
        number: record.number,
        name: record.name,
        organization: record.organization_name,
        visibility: if record.visibility == "public" { Visibility::Public } else { Visibility::Private },
        created_at: moment(record.created_at),
    }
}

pub(super) fn pipeline((project, record): (ProjectRecord, PipelineRecord)) -> Pipeline {
    Pipeline {
        id: record.id.to_string(),
        number: record.number,
        name: record.name,
        project: format!("{}/{}", project.organization_name, project.name),
        kind: match record.kind.as_str() {
            "classic_build" => PipelineKind::ClassicBuild,
            "release" => PipelineKind::Release,
            _ => PipelineKind::Yaml,
        },
        job_authorization_scope: record
            .job_authorization_scope
            .map(|scope| if scope == "organization" { JobScope::Organization } else { JobScope::Project }),
        timeout_minutes: record.timeout_minutes,
        created_at: moment(record.created_at),
    }
}

pub(super) fn group(record: GroupRecord) -> Group {
    let member = |member: crate::store::MemberRecord| Member {
        kind: member.kind.word().to_owned(),
        name: member.name,
        source: member.source,
    };
    Group {
        id: record.id.to_string(),
        name: record.name,
        display_name: record.display_name,
        built_in: record.built_in,
        members: record.members.into_iter().map(member).collect(),
        created_at: moment(record.created_at),
    }
}

pub(super) fn role(record: RoleRecord) -> Role {
    Role {
        id: record.id.to_string(),
        name: record.name,
        description: record.description,
        built_in: record.built_in,
        bindable: match record.bindable {
            jeton_token::Bindable::Anywhere => Bindable::Anywhere,
            jeton_token::Bindable::Globally => Bindable::Global,
        },
        scopes: record.patterns.patterns().iter().map(ToString::to_string).collect(),
        api_scopes: record.grants_apis,
        created_at: moment(record.created_at),
    }
}

pub(super) fn binding(record: BindingRecord) -> RoleBinding {
    RoleBinding {
        id: record.id.to_string(),
        role: record.role_name,
        subject: PrincipalRef { kind: record.bearer.word().to_owned(), name: record.bearer_name },
        place: record.place_name,
        created_at: moment(record.created_at),
    }
}

/// A policy as it stands and as it holds.
pub(super) async fn policy(authority: &Authority, view: PolicyView) -> Result<PlacePolicy, Error> {
    let mut decided_by = BTreeMap::new();
    for (field, places) in view.decided_by {
        let mut names = Vec::with_capacity(places.len());
        for place in places {
            names.push(authority.place_name(place).await?);
        }
        decided_by.insert(field.to_owned(), names);
    }
    Ok(PlacePolicy {
        place: authority.place_name(view.place).await?,
        stored: fields(authority, &view.stored).await?,
        effective: fields(authority, &view.effective).await?,
        decided_by,
    })
}

/// What a policy does.
pub(super) async fn policy_effect(
    authority: &Authority,
    impact: PolicyImpact,
) -> Result<PolicyEffect, Error> {
    let affected = |((kind, name), (tokens, effects)): ((&str, String), _)| {
        let effects: std::collections::BTreeSet<&str> = effects;
        AffectedOwner {
            owner: PrincipalRef { kind: kind.to_owned(), name },
            tokens,
            effects: effects.into_iter().map(ToOwned::to_owned).collect(),
        }
    };
    let mut owners: Vec<_> = impact.owners.into_iter().map(affected).collect();
    owners.sort_by_key(|owner| std::cmp::Reverse(owner.tokens));
    Ok(PolicyEffect {
        policy: policy(authority, impact.view).await?,
        tokens: owners.iter().map(|owner| owner.tokens).sum(),
        owners,
        truncated: impact.truncated,
    })
}

async fn place_names(authority: &Authority, places: &[Place]) -> Result<Vec<String>, Error> {
    let mut names = Vec::with_capacity(places.len());
    for place in places {
        names.push(authority.place_name(*place).await?);
    }
    Ok(names)
}

async fn fields(authority: &Authority, policy: &jeton_token::Policy) -> Result<Policy, Error> {
    const MINUTE_MS: i64 = 60_000;
    let rule = |rule: jeton_token::Rule| match rule {
        jeton_token::Rule::Allowed => Rule::Allowed,
        jeton_token::Rule::Refused => Rule::Refused,
    };
    let days = |ms: i64| ms / (24 * 60 * MINUTE_MS);
    let creators = match &policy.creators {
        Some(creators) => Some(authority.creators(creators).await?),
        None => None,
    };
    let job_projects = match &policy.job_projects {
        Some(places) => Some(place_names(authority, places).await?),
        None => None,
    };
    Ok(Policy {
        lifetime_minutes_max: policy.lifetime_ms_max.map(|ms| ms / MINUTE_MS),
        lifetime_minutes_default: policy.lifetime_ms_default.map(|ms| ms / MINUTE_MS),
        never_expires: policy.never_expires.map(rule),
        everything: policy.everything.map(rule),
        excess: policy.excess.map(|excess| match excess {
            jeton_token::Excess::Clamp => jeton_api::Excess::Clamp,
            jeton_token::Excess::Refuse => jeton_api::Excess::Refuse,
        }),
        creators,
        networks: policy.networks.as_ref().map(|all| all.iter().map(ToString::to_string).collect()),
        approval_scopes: policy.approval.as_ref().map(|all| all.iter().map(ToString::to_string).collect()),
        sign_in_within_days: policy.sign_in_within_ms.map(days),
        used_within_days: policy.used_within_ms.map(days),
        renewable_for_days: policy.renewable_for_ms.map(days),
        job_projects,
    })
}

/// A moment on the wire. What lies beyond the calendar is shown as its end.
pub(in crate::http) fn moment(at: jeton_token::Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::MAX)
}
