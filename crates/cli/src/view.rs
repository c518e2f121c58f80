//! How records look to people, and which of their values matters alone.

use jeton_api::{
    Api, ApiRoute, ApiScope, EarlierEnd, ForwardAuth, Issued, OldSecret, PrincipalRef, Token, TokenState,
    User,
};
use serde::Serialize;

use crate::output::Show;
use crate::table::{Detail, details, list, moment, one};

/// Several records, each with all its details.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct InDetail<T>(pub(crate) Vec<T>);

impl<T: Show> Show for InDetail<T> {
    fn table(&self) -> String {
        self.0.iter().map(Show::table).collect::<Vec<_>>().join("\n\n")
    }

    fn values(&self) -> Vec<String> {
        self.0.iter().flat_map(Show::values).collect()
    }
}

impl Show for Token {
    fn table(&self) -> String {
        details(token_details(self))
    }

    fn values(&self) -> Vec<String> {
        one(&self.id)
    }
}

impl Show for Vec<Token> {
    fn table(&self) -> String {
        let row = |token: &Token| {
            [
                token.id.as_str().into(),
                token.number.to_string().into(),
                token.name.as_str().into(),
                token.kind.as_str().into(),
                token.owner.name.as_str().into(),
                state(token.state).into(),
                end(token).into(),
                last_used(token).into(),
                token.scopes.as_slice().into(),
            ]
        };
        let header = ["ID", "NUMBER", "NAME", "KIND", "OWNER", "STATE", "EXPIRES", "LAST USED", "SCOPES"];
        list(header, self.iter().map(row))
    }

    fn values(&self) -> Vec<String> {
        self.iter().map(|token| token.id.clone()).collect()
    }
}

/// One's own tokens, which are known by their names.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Pats(pub(crate) Vec<Token>);

impl Show for Pats {
    fn table(&self) -> String {
        let row = |token: &Token| {
            [
                token.name.as_str().into(),
                state(token.state).into(),
                end(token).into(),
                last_used(token).into(),
                token.scopes.as_slice().into(),
            ]
        };
        list(["NAME", "STATE", "EXPIRES", "LAST USED", "SCOPES"], self.0.iter().map(row))
    }

    fn values(&self) -> Vec<String> {
        self.0.values()
    }
}

fn last_used(token: &Token) -> String {
    token.last_used_at.map_or_else(|| "-".to_owned(), moment)
}

/// A new token with its secret, which is the last line.
pub(crate) fn issued(issued: &Issued) -> String {
    let secret = ("token", one(issued.secret.expose()));
    details(token_details(&issued.token).into_iter().chain([secret]))
}

fn token_details(token: &Token) -> Vec<Detail> {
    let used = token.last_used_at.map(moment).map(|at| match &token.last_used_from {
        Some(from) => format!("{at} from {from}"),
        None => at,
    });
    vec![
        ("id", one(&token.id)),
        ("number", one(token.number.to_string())),
        ("name", one(&token.name)),
        ("description", token.description.iter().cloned().collect()),
        ("kind", one(&token.kind)),
        ("owner", one(owner(&token.owner))),
        ("state", one(state(token.state))),
        ("scopes", token.scopes.clone()),
        ("projects", token.projects.clone()),
        ("networks", token.networks.clone()),
        ("created", one(moment(token.created_at))),
        ("expires", ends(token)),
        ("last used", used.into_iter().collect()),
        ("old values", token.old_secrets.iter().map(old_secret).collect()),
        ("revoked", token.revoked_at.map(moment).into_iter().collect()),
        ("made with", token.parent_id.iter().chain(&token.created_by).take(1).cloned().collect()),
        ("hint", one(&token.hint)),
    ]
}

/// Until when an old value works, and when it was used last.
fn old_secret(old: &OldSecret) -> String {
    let used = match (old.last_used_at.map(moment), &old.last_used_from) {
        (None, _) => "not used since".to_owned(),
        (Some(at), None) => format!("last used {at}"),
        (Some(at), Some(from)) => format!("last used {at} from {from}"),
    };
    format!("until {}, {used}", moment(old.works_until))
}

/// `alice`, or `service_account build`.
pub(crate) fn owner(owner: &PrincipalRef) -> String {
    if owner.kind == "user" { owner.name.clone() } else { format!("{} {}", owner.kind, owner.name) }
}

/// When it ends; and if it ends earlier somewhere, that as well.
pub(crate) fn end(token: &Token) -> String {
    ends(token).join("; ")
}

/// When it ends, and the places where it ends earlier than that.
fn ends(token: &Token) -> Vec<String> {
    let own = token.expires_at.map_or_else(|| "never".to_owned(), moment);
    let earlier = |end: &EarlierEnd| {
        let at = moment(end.ends_at);
        if end.place == "*" { format!("cut to {at}") } else { format!("at {}: {at}", end.place) }
    };
    std::iter::once(own).chain(token.earlier_ends.iter().map(earlier)).collect()
}

fn state(state: TokenState) -> &'static str {
    match state {
        TokenState::Active => "active",
        TokenState::Expired => "expired",
        TokenState::Revoked => "revoked",
        TokenState::Suspended => "suspended",
        TokenState::Pending => "pending",
    }
}

impl Show for Api {
    fn table(&self) -> String {
        let serves = self.organization.as_deref().unwrap_or("every one");
        let reports = self.forward_auth == ForwardAuth::ReportOnly;
        let places = if self.enforces_places { "judged by the API" } else { "judged here" };
        let head = details([
            ("name", one(&self.name)),
            ("title", one(&self.title)),
            ("id", one(&self.id)),
            ("organization", one(serves)),
            ("namespace", one(&self.namespace)),
            ("audience", one(&self.audience)),
            ("places", one(places)),
            ("gateways", if reports { one("only report, and refuse nobody") } else { vec![] }),
            ("created", one(moment(self.created_at))),
        ]);
        let parts = [head, scope_table(&self.scopes), route_table(&self.routes)];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
    }

    fn values(&self) -> Vec<String> {
        one(&self.name)
    }
}

impl Show for Vec<Api> {
    fn table(&self) -> String {
        let row = |api: &Api| {
            [
                api.name.as_str().into(),
                api.namespace.as_str().into(),
                api.organization.as_deref().unwrap_or("-").into(),
                api.scopes.len().to_string().into(),
                api.routes.len().to_string().into(),
                api.title.as_str().into(),
            ]
        };
        list(["NAME", "NAMESPACE", "ORGANIZATION", "SCOPES", "ROUTES", "TITLE"], self.iter().map(row))
    }

    fn values(&self) -> Vec<String> {
        self.iter().map(|api| api.name.clone()).collect()
    }
}

fn scope_table(scopes: &[ApiScope]) -> String {
    let row = |scope: &ApiScope| {
        [scope.name.as_str().into(), scope.implies.as_slice().into(), scope.description.as_str().into()]
    };
    list(["SCOPE", "IMPLIES", "DESCRIPTION"], scopes.iter().map(row))
}

fn route_table(routes: &[ApiRoute]) -> String {
    let row = |route: &ApiRoute| {
        [
            route.method.as_str().into(),
            route.path.as_str().into(),
            route.scope.as_str().into(),
            route.resource.as_deref().unwrap_or("-").into(),
        ]
    };
    list(["METHOD", "PATH", "NEEDS", "AT"], routes.iter().map(row))
}

impl Show for User {
    fn table(&self) -> String {
        details([
            ("name", one(&self.name)),
            ("display name", self.display_name.iter().cloned().collect()),
            ("email", self.email.iter().cloned().collect()),
            ("state", one(user_state(self))),
            ("id", one(&self.id)),
            ("number", one(self.number.to_string())),
            ("created", one(moment(self.created_at))),
            ("signed in", self.last_sign_in_at.map(moment).into_iter().collect()),
        ])
    }

    fn values(&self) -> Vec<String> {
        one(&self.name)
    }
}

impl Show for Vec<User> {
    fn table(&self) -> String {
        let row = |user: &User| {
            [
                user.name.as_str().into(),
                user.number.to_string().into(),
                user_state(user).into(),
                user.display_name.as_deref().unwrap_or_default().into(),
                user.email.as_deref().unwrap_or_default().into(),
                moment(user.created_at).into(),
            ]
        };
        list(["NAME", "NUMBER", "STATE", "DISPLAY NAME", "EMAIL", "CREATED"], self.iter().map(row))
    }

    fn values(&self) -> Vec<String> {
        self.iter().map(|user| user.name.clone()).collect()
    }
}

fn user_state(user: &User) -> &'static str {
    if user.disabled { "disabled" } else { "enabled" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Token {
        serde_json::from_value(serde_json::json!({
            "id": "01JD0000000000000000aa", "number": 7, "kind": "personal", "name": "ci\u{1b}[2J",
            "description": "line\none", "owner": {"type": "user", "name": "alice"}, "created_by": null,
            "parent_id": null, "scopes": ["Taskurai.Task.*", "Taskurai.Log.*"], "projects": [], "networks": [],
            "created_at": "2026-11-22T02:49:00Z", "secret_issued_at": "2026-11-22T02:49:00Z",
            "expires_at": null, "last_used_at": null, "last_used_from": null, "state": "active",
            "revoked_at": null, "revoked_by": null, "hint": "jtn_pat_…abcd"
        }))
        .unwrap()
    }

    #[test]
    fn a_token_in_detail() {
        insta::assert_snapshot!(token().table(), @r"
        id           01JD0000000000000000aa
        number       7
        name         ci\u{1b}[2J
        description  line\none
        kind         personal
        owner        alice
        state        active
        scopes       Taskurai.Task.*
                     Taskurai.Log.*
        created      2026-11-22 02:49 UTC
        expires      never
        hint         jtn_pat_…abcd
        ");
    }

    #[test]
    fn a_list_of_tokens_keeps_each_on_one_line() {
        insta::assert_snapshot!(vec![token(), token()].table(), @r"
        ID                      NUMBER  NAME         KIND      OWNER  STATE   EXPIRES  LAST USED  SCOPES
        01JD0000000000000000aa  7       ci\u{1b}[2J  personal  alice  active  never    -          Taskurai.Task.* Taskurai.Log.*
        01JD0000000000000000aa  7       ci\u{1b}[2J  personal  alice  active  never    -          Taskurai.Task.* Taskurai.Log.*
        ");
        assert_eq!(vec![token()].values(), ["01JD0000000000000000aa"]);
    }

    #[test]
    fn a_new_token_ends_with_its_secret() {
        let secret = jeton_api::Secret::new("jtn_pat_secret");
        let table = issued(&Issued { token: token(), secret, notes: vec![] });
        assert!(table.ends_with("token        jtn_pat_secret"), "{table}");
    }
}
