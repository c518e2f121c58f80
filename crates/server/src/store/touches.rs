//! What each write touches of what somebody may remember: the one list that memory and the table of changes go by.
//!
//! The match is exhaustive and has no arm for the rest, so whoever adds a write decides here. Naming too much costs a
//! few reads; naming too little honours what was taken away. Absence is never remembered, so that making something new
//! touches only what changes with it.

use jeton_token::{PrincipalId, TokenKind};

use super::binding::Bearer;
use super::feed::Thing;
use super::group::GroupEdit;
use super::place::PlaceWrite;
use super::principal::PrincipalEdit;
use super::token::NewToken;
use super::trust::Holder;
use super::write::Write;
use crate::limits::MEMBERS_NAMED_MAX;

impl Write {
    /// What may be different after this write. `found` is what only its transaction could tell: the tokens that it ended.
    pub(super) fn touches(&self, found: &[Thing]) -> Vec<Thing> {
        let mut touched = match self {
            Self::CreateToken(new) => of_new(new),
            Self::StartJob(new) => of_new(&new.token),
            Self::RenewJob(_, token, _) | Self::FinishJob(_, token) => vec![Thing::Token(*token)],
            Self::Exchange(exchange) => of_new(exchange.yields.token()),
            // The owner signed in, and may have entered and left groups.
            Self::SignIn(sign_in) => vec![Thing::Principal(sign_in.user)],
            // Every child names its ancestors, and so is touched with them.
            Self::EditToken(id, _)
            | Self::ApproveToken(id, ..)
            | Self::RevokeToken(id)
            | Self::FinishRotation(id)
            | Self::NoteAltered(id) => {
                vec![Thing::Token(*id)]
            }
            Self::EditPrincipal(id, edit) => of_edit(*id, edit),
            // Whoever is unlinked leaves the groups that the issuer named.
            Self::RemovePrincipal(id) | Self::UnlinkIdentity(id, _) => vec![Thing::Principal(*id)],
            Self::CreateGroup(_, _, edit) | Self::EditGroup(_, edit) => of_members(edit),
            Self::Bind(new) => match new.bearer {
                Bearer::Principal(id, _) => vec![Thing::Principal(id)],
                Bearer::Group(_) => vec![Thing::Rights],
            },
            Self::RemoveGroup(_)
            | Self::EditRole(..)
            | Self::RemoveRole(_)
            | Self::PutBuiltInRoles(_)
            | Self::Unbind(_)
            | Self::PutPolicy(_)
            | Self::RemovePolicy(_)
            // Whom a wall holds, nobody has a list of.
            | Self::PutJobSettings(..) => vec![Thing::Rights],
            Self::Place(write) => of_place(write),
            // Roles grant whatever APIs an organization has, and an API's own credentials live and die with it.
            Self::PutApi(_) | Self::RemoveApi(_) => vec![Thing::Apis, Thing::Rights],
            // What ends with a trust as it was is found by the transaction.
            Self::PutTrust(new) => match new.holder {
                Holder::Account(account) => vec![Thing::Principal(account)],
                Holder::Pipeline(_) => vec![],
            },
            // So are they here. Nobody has a new principal's tokens or a
            // new role yet; accounts elsewhere and keys are no facts; and in an empty database there is nothing to
            // remember.
            Self::RemoveTrust(_)
            | Self::CreatePrincipal(_)
            | Self::MakeBuildAccount(_)
            | Self::CreateRole(..)
            | Self::LinkIdentity(..)
            | Self::Bootstrap(_)
            | Self::KeepKey(..)
            // The process begins with it.
            | Self::PutTimeBack(_)
            // A note beside a refusal: the secret was not in force.
            | Self::NoteReuse(..)
            // An end was one before it was noted.
            | Self::NoteEnd(_) => vec![],
        };
        touched.extend(found.iter().filter(|thing| !touched.contains(thing)).copied().collect::<Vec<_>>());
        touched
    }
}

/// A session says when its owner signed in, which policies ask for. Any other token is only new.
fn of_new(new: &NewToken) -> Vec<Thing> {
    match new.kind {
        TokenKind::Session => vec![Thing::Principal(new.owner)],
        TokenKind::Personal | TokenKind::Service | TokenKind::Job | TokenKind::Api => vec![],
    }
}

/// Names are told and disabled owners refused. The sessions that a new password ends are found by the transaction, and
/// the rest is for people only.
fn of_edit(id: PrincipalId, edit: &PrincipalEdit) -> Vec<Thing> {
    let PrincipalEdit { name, disabled, password: _, display_name: _, email: _, provision: _, spared: _ } =
        edit;
    if name.is_some() || disabled.is_some() { vec![Thing::Principal(id)] } else { vec![] }
}

/// Whoever enters or leaves; a group's name is told nobody. Of many at once, nobody is named.
fn of_members(edit: &GroupEdit) -> Vec<Thing> {
    let GroupEdit { add, remove, name: _, display_name: _, source: _, provision: _ } = edit;
    let moved: Vec<PrincipalId> = add.iter().chain(remove).copied().collect();
    if moved.len() > MEMBERS_NAMED_MAX {
        return vec![Thing::Rights];
    }
    moved.into_iter().map(Thing::Principal).collect()
}

fn of_place(write: &PlaceWrite) -> Vec<Thing> {
    match write {
        // Lists and names of places are remembered.
        PlaceWrite::CreateOrganization(..)
        | PlaceWrite::RenameOrganization(..)
        | PlaceWrite::CreateProject(..) => vec![Thing::Places],
        // A project that turns public walls its jobs in.
        PlaceWrite::EditProject(..) => vec![Thing::Places, Thing::Rights],
        // Bindings and policies go with their place.
        PlaceWrite::RemoveOrganization(_) | PlaceWrite::RemoveProject(..) => {
            vec![Thing::Places, Thing::Rights]
        }
        // No right is held at a pipeline, but its jobs depend on what is said about it, and end with it.
        PlaceWrite::CreatePipeline(..) => vec![],
        PlaceWrite::EditPipeline(..) | PlaceWrite::RemovePipeline(..) => vec![Thing::Rights],
    }
}
