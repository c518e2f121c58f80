//! Groups. Whoever comes in gets the group's roles, so putting somebody in is giving them away.

use jeton_api::Code;
use jeton_token::{Place, PrincipalId, PrincipalKind, PrincipalName, ResourceName};

use super::access::{self, Action, Caller};
use super::create::check_may_give;
use super::{Authority, Error, Kept, Mode};
use crate::store::{GroupEdit, GroupRecord, MemberSource, Outcome, Provision, Refusal, Write};

/// What a request says about a group. What is `None` was not said.
#[derive(Debug, Default)]
pub(crate) struct GroupRequest {
    pub(crate) display_name: Option<String>,
    /// All who shall be in it.
    pub(crate) members: Option<Vec<(PrincipalKind, PrincipalName)>>,
    pub(crate) add: Vec<(PrincipalKind, PrincipalName)>,
    pub(crate) remove: Vec<(PrincipalKind, PrincipalName)>,
}

impl Authority {
    /// Makes a group, or replaces what the request says about one.
    pub(crate) async fn put_group(
        &self,
        caller: &Caller,
        name: &ResourceName,
        request: &GroupRequest,
        mode: Mode,
    ) -> Result<Kept<GroupRecord>, Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let permit = access::at(caller, Place::Global, Action::GroupWrite)?;
            let existing = self.store.group(name).await?;
            check_ours(existing.as_ref())?;
            let mut edit = self.group_edit(request, existing.as_ref()).await?;
            edit.display_name = Some(request.display_name.clone().unwrap_or_default());
            let is_new = existing.is_none();
            let write = match existing {
                Some(group) => {
                    self.check_may_enter(caller, &group, &edit).await?;
                    Write::EditGroup(group.id, edit)
                }
                None => Write::CreateGroup(self.mint_id(), name.clone(), edit),
            };
            let Some(outcome) = self.carry_out(mode, &permit, &write).await? else {
                return Ok(Kept::Tried);
            };
            let group = group(outcome)?;
            Ok(if is_new { Kept::New(group) } else { Kept::Changed(group) })
        })
        .await
    }

    /// Changes what the request says and nothing else.
    pub(crate) async fn edit_group(
        &self,
        caller: &Caller,
        name: &ResourceName,
        request: &GroupRequest,
        mode: Mode,
    ) -> Result<Kept<GroupRecord>, Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let permit = access::at(caller, Place::Global, Action::GroupWrite)?;
            let existing = self.store.group(name).await?.ok_or(Error::Hidden)?;
            check_ours(Some(&existing))?;
            let edit = self.group_edit(request, Some(&existing)).await?;
            self.check_may_enter(caller, &existing, &edit).await?;
            match self.carry_out(mode, &permit, &Write::EditGroup(existing.id, edit)).await? {
                None => Ok(Kept::Tried),
                Some(outcome) => Ok(Kept::Changed(group(outcome)?)),
            }
        })
        .await
    }

    /// Removes a group with the roles that it had.
    pub(crate) async fn remove_group(
        &self,
        caller: &Caller,
        name: &ResourceName,
        mode: Mode,
    ) -> Result<(), Error> {
        self.judged(caller, move |caller: Caller| async move {
            let caller = &caller;
            let permit = access::at(caller, Place::Global, Action::GroupWrite)?;
            let group = self.store.group(name).await?.ok_or(Error::Hidden)?;
            self.carry_out(mode, &permit, &Write::RemoveGroup(group.id)).await.map(drop)
        })
        .await
    }

    /// One group.
    pub(crate) async fn show_group(
        &self,
        caller: &Caller,
        name: &ResourceName,
    ) -> Result<GroupRecord, Error> {
        access::at(caller, Place::Global, Action::GroupRead)?;
        self.store.group(name).await?.ok_or(Error::Hidden)
    }

    /// Groups, by name.
    pub(crate) async fn list_groups(
        &self,
        caller: &Caller,
        after: Option<&ResourceName>,
        limit: usize,
    ) -> Result<Vec<GroupRecord>, Error> {
        access::at(caller, Place::Global, Action::GroupRead)?;
        Ok(self.store.groups(after, i64::try_from(limit).unwrap_or(i64::MAX)).await?)
    }

    async fn group_edit(
        &self,
        request: &GroupRequest,
        existing: Option<&GroupRecord>,
    ) -> Result<GroupEdit, Error> {
        let had: Vec<PrincipalId> =
            existing.iter().flat_map(|group| &group.members).map(|member| member.id).collect();
        let mut add = self.members("/add", &request.add).await?;
        let mut remove = self.members("/remove", &request.remove).await?;
        if let Some(at) = remove.iter().position(|member| add.contains(member)) {
            let detail = "whoever comes in does not go out by the same call";
            return Err(Error::invalid(format!("/remove/{at}/name"), Code::InvalidField, detail));
        }
        if let Some(members) = &request.members {
            let wanted = self.members("/members", members).await?;
            remove.extend(had.iter().filter(|member| !wanted.contains(member)));
            add.extend(wanted);
        }
        add.retain(|member| !had.contains(member));
        Ok(GroupEdit {
            name: None,
            display_name: request.display_name.clone(),
            add,
            remove,
            source: MemberSource::Manual,
            provision: Provision::default(),
        })
    }

    async fn members(
        &self,
        pointer: &str,
        names: &[(PrincipalKind, PrincipalName)],
    ) -> Result<Vec<PrincipalId>, Error> {
        let mut found = Vec::with_capacity(names.len());
        for (at, (kind, name)) in names.iter().enumerate() {
            let Some(principal) = self.store.principal(*kind, name).await? else {
                let detail = format!("there is no {} `{name}`", kind.word().replace('_', " "));
                return Err(Error::invalid(format!("{pointer}/{at}/name"), Code::UnknownName, detail));
            };
            found.push(principal.id);
        }
        Ok(found)
    }

    /// Whoever lets somebody in, or may do so by another name, must hold all that the group gives.
    pub(super) async fn check_may_enter(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        edit: &GroupEdit,
    ) -> Result<(), Error> {
        // Names are what rules elsewhere let people into a group by, so a new one can let others in.
        let renames = edit.name.as_ref().is_some_and(|name| !name.as_str().eq_ignore_ascii_case(&group.name));
        if edit.add.is_empty() && !renames {
            return Ok(());
        }
        let apis = self.store.apis().await?;
        check_may_give(caller, &self.store.rights_of_group(group.id).await?, &apis)
    }
}

/// What Jeton brings along is nobody's to change, whatever they hold.
fn check_ours(existing: Option<&GroupRecord>) -> Result<(), Error> {
    if existing.is_some_and(|group| group.built_in) { Err(Refusal::BuiltIn.into()) } else { Ok(()) }
}

pub(super) fn group(outcome: Outcome) -> Result<GroupRecord, Error> {
    match outcome {
        Outcome::Group(group) => Ok(*group),
        _ => Err(Error::Unavailable),
    }
}
