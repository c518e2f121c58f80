//! Groups as another program keeps them here: by id, and taking out nobody but those whom it has put in itself.

use std::collections::BTreeSet;

use jeton_api::Code;
use jeton_token::{GroupId, Place, PrincipalId, PrincipalKind, ResourceName};

use super::access::{self, Action, Caller};
use super::group::group;
use super::{Authority, Error};
use crate::store::{
    Found, GroupEdit, GroupFilter, GroupRecord, MemberSource, Members, Provision, Provisioned, Window, Write,
};

/// What the program says about a group. What is `None` was not said.
#[derive(Debug)]
pub(crate) struct GroupChange {
    pub(crate) source: MemberSource,
    pub(crate) name: Option<ResourceName>,
    pub(crate) display_name: Option<String>,
    /// One after the other.
    pub(crate) members: Vec<MemberStep>,
    pub(crate) provision: Provision,
}

/// A change to who is in a group.
#[derive(Debug)]
pub(crate) enum MemberStep {
    Add(BTreeSet<PrincipalId>),
    Remove(BTreeSet<PrincipalId>),
    /// These and nobody else.
    Replace(BTreeSet<PrincipalId>),
}

impl Authority {
    /// Groups, by name, with what is kept for an identity provider.
    pub(crate) async fn find_groups(
        &self,
        caller: &Caller,
        filter: &GroupFilter,
        window: Window,
        members: Members,
    ) -> Result<Found<(GroupRecord, Provisioned)>, Error> {
        access::at(caller, Place::Global, Action::GroupRead)?;
        Ok(self.store.find_groups(filter, window, members).await?)
    }

    /// The group of an id, with what is kept for an identity provider.
    pub(crate) async fn group_of(
        &self,
        caller: &Caller,
        id: GroupId,
        members: Members,
    ) -> Result<(GroupRecord, Provisioned), Error> {
        let filter = GroupFilter { id: Some(id.to_string()), ..GroupFilter::default() };
        let found = self.find_groups(caller, &filter, Window { skip: 0, limit: 1 }, members).await?;
        found.items.into_iter().next().ok_or(Error::Hidden)
    }

    /// Makes a group. It has no roles yet, so whoever is in it gains nothing.
    pub(crate) async fn make_synced_group(
        &self,
        caller: &Caller,
        name: &ResourceName,
        change: &GroupChange,
    ) -> Result<GroupRecord, Error> {
        self.judged(caller, move |caller: Caller| async move {
            let permit = access::at(&caller, Place::Global, Action::GroupWrite)?;
            let edit = self.synced_edit(change, &[]).await?;
            let write = Write::CreateGroup(self.mint_id(), name.clone(), edit);
            group(self.store.write(&permit, &write).await?)
        })
        .await
    }

    /// Changes what is said and nothing else.
    pub(crate) async fn edit_synced_group(
        &self,
        caller: &Caller,
        id: GroupId,
        change: &GroupChange,
    ) -> Result<GroupRecord, Error> {
        self.judged(caller, move |caller: Caller| async move {
            let permit = access::at(&caller, Place::Global, Action::GroupWrite)?;
            let existing = self.store.group_of(id).await?.ok_or(Error::Hidden)?;
            let had: Vec<_> =
                existing.members.iter().map(|m| (m.id, m.source == change.source.word())).collect();
            let edit = self.synced_edit(change, &had).await?;
            self.check_may_enter(&caller, &existing, &edit).await?;
            group(self.store.write(&permit, &Write::EditGroup(id, edit)).await?)
        })
        .await
    }

    /// Removes a group with the roles that it had.
    pub(crate) async fn remove_group_of(&self, caller: &Caller, id: GroupId) -> Result<(), Error> {
        self.judged(caller, move |caller: Caller| async move {
            let permit = access::at(&caller, Place::Global, Action::GroupWrite)?;
            let group = self.store.group_of(id).await?.ok_or(Error::Hidden)?;
            self.store.write(&permit, &Write::RemoveGroup(group.id)).await?;
            Ok(())
        })
        .await
    }

    /// From steps to who comes in and who goes; `had` says who is in it, and who of them by the same source.
    async fn synced_edit(
        &self,
        change: &GroupChange,
        had: &[(PrincipalId, bool)],
    ) -> Result<GroupEdit, Error> {
        let own: BTreeSet<_> = had.iter().filter(|(_, own)| *own).map(|(id, _)| *id).collect();
        let present: BTreeSet<_> = had.iter().map(|(id, _)| *id).collect();
        let wanted = change.members.iter().fold(own.clone(), |wanted, step| step.after(wanted));
        let add: Vec<_> = wanted.difference(&present).copied().collect();
        self.check_are_users(&add).await?;
        Ok(GroupEdit {
            name: change.name.clone(),
            display_name: change.display_name.clone(),
            add,
            remove: own.difference(&wanted).copied().collect(),
            source: change.source.clone(),
            provision: change.provision.clone(),
        })
    }

    async fn check_are_users(&self, ids: &[PrincipalId]) -> Result<(), Error> {
        for id in ids {
            let found = self.store.principal_of(*id).await?;
            if found.is_none_or(|found| found.kind != PrincipalKind::User) {
                let detail = format!("there is no user with the id `{id}`");
                return Err(Error::invalid("/members", Code::UnknownName, detail));
            }
        }
        Ok(())
    }
}

impl MemberStep {
    fn after(&self, mut wanted: BTreeSet<PrincipalId>) -> BTreeSet<PrincipalId> {
        match self {
            Self::Add(ids) => wanted.extend(ids),
            Self::Remove(ids) => wanted = wanted.difference(ids).copied().collect(),
            Self::Replace(ids) => wanted.clone_from(ids),
        }
        wanted
    }
}
