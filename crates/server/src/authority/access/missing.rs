//! What is said to whoever lacks a scope.

use jeton_api::{Code, Remedy};
use jeton_token::{BuiltInRole, Place, Rights, Scope};

use super::Caller;
use crate::authority::{Denial, Error};

pub(super) fn missing(caller: &Caller, scope: &str, place: Place) -> Error {
    Error::Denied(Denial {
        code: Code::InsufficientScope,
        missing_scope: Some(scope.to_owned()),
        detail: format!("this needs `{scope}`, which the credential or its owner does not have"),
        remedies: remedies(caller, scope, place),
    })
}

/// What would help, in words that tell nobody more than the catalogue of roles does.
fn remedies(caller: &Caller, scope: &str, place: Place) -> Vec<Remedy> {
    let Ok(wanted) = scope.parse::<Scope>() else {
        return vec![];
    };
    let link = &caller.facts.token;
    if !caller.is_session() && link.rights_at(place).covers(&wanted) {
        let detail = format!("sign in, or use a token with `{scope}` that may be used there");
        return vec![Remedy { action: "add_scope".to_owned(), detail, role: None, place: None, who: vec![] }];
    }
    let foreign = caller.built_in.lacking();
    let grants = |role: &BuiltInRole| {
        let patterns: Rights = role.patterns_without(&foreign).filter_map(|text| text.parse().ok()).collect();
        patterns.covers(&wanted) && role.bindable().allows(place)
    };
    let level = match place {
        Place::Global => "everywhere",
        Place::Organization(_) => "at the organization",
        Place::Project(..) => "at the project",
    };
    let bind = |role: BuiltInRole| Remedy {
        action: "bind_role".to_owned(),
        detail: format!("role `{}` {level}, bound by somebody with `Jeton.Admin.Role` there", role.name()),
        role: Some(role.name().to_owned()),
        place: None,
        who: vec![],
    };
    BuiltInRole::ALL.into_iter().filter(grants).map(bind).collect()
}
