//! Memory: verified facts, so that the same question is not read from the store again and again.
//!
//! What is remembered are facts and never verdicts: ends, policies about time and retired secrets are judged at the
//! moment of each question. Every entry names what it was made from, and is answered only while the [feed](Feed) says
//! that nothing of it has changed: what a write touches asks the store from before its COMMIT is sent until it is read
//! anew. Absence is never remembered, and neither are rows that are not as they were sealed.
//!
//! Example: Alice's token is warm. A call revokes it; the moment before the COMMIT is sent, verifies of the token and
//! of its children go to the store. Whoever had read it before that cannot put it back.
//!
//! A process that is not the only one at its database cannot know what others write. It remembers nothing.

mod kept;
mod shared;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jeton_token::{ApiId, Facts, OrganizationId, Place, PrincipalName, TokenId};

use super::Authority;
use super::Error;
use crate::limits::{
    MEMORY_APIS_MAX, MEMORY_ITEMS_USUAL, MEMORY_PLACES_MAX, MEMORY_PROJECT_LISTS_MAX, MEMORY_TOKENS_MAX,
    PROJECTS_SHOWN_MAX,
};
use crate::store::{ApiRecord, Chain, Feed, Nodes, Position, ProjectRecord, Store, Thing, TokenRecord};
use kept::Kept;
use shared::Shared;

/// What was read for verdicts, as long as it holds.
pub(crate) struct Memory {
    feed: Feed,
    tokens: Kept<TokenId, Remembered>,
    apis: Kept<ApiId, ApiRecord>,
    apis_by_name: Kept<PrincipalName, ApiRecord>,
    /// By name, in the one form that all spellings of it share.
    places: Kept<String, Place>,
    place_names: Kept<Place, String>,
    projects: Kept<OrganizationId, Vec<ProjectRecord>>,
    shared: Shared,
}

/// All that a verdict on one token is made from.
#[derive(Clone, Debug)]
pub(super) struct Remembered {
    pub(super) chain: Arc<Chain>,
    pub(super) facts: Arc<Facts>,
}

impl Memory {
    /// The memory of a process that reads this store.
    pub(super) fn of(store: &Store) -> Self {
        let bounded = |max| match store.nodes() {
            Nodes::One => max,
            Nodes::Unknown => 0,
        };
        Self {
            feed: store.feed().clone(),
            tokens: Kept::weighed(bounded(MEMORY_TOKENS_MAX), weight),
            apis: Kept::new(bounded(MEMORY_APIS_MAX)),
            apis_by_name: Kept::new(bounded(MEMORY_APIS_MAX)),
            places: Kept::new(bounded(MEMORY_PLACES_MAX)),
            place_names: Kept::new(bounded(MEMORY_PLACES_MAX)),
            projects: Kept::new(bounded(MEMORY_PROJECT_LISTS_MAX)),
            shared: Shared::default(),
        }
    }

    /// Where the feed is: to be asked before reading what shall be remembered.
    pub(super) fn position(&self) -> Position {
        self.feed.position()
    }

    /// The facts about a token, if they are remembered and hold.
    pub(super) fn token(&self, id: TokenId) -> Option<Arc<Remembered>> {
        self.tokens.get(&self.feed, &id)
    }

    /// Remembers the facts about a token that were read after a position; hands them on.
    pub(super) fn keep_token(&self, since: Position, mut facts: Remembered) -> Remembered {
        if self.tokens.keeps_something() {
            let names = names(&facts.chain);
            self.shared.share(Arc::make_mut(&mut facts.chain), Arc::make_mut(&mut facts.facts));
            self.tokens.keep(&self.feed, facts.chain.token.id, Arc::new(facts.clone()), since, names);
        }
        facts
    }

    /// A row of this token is not as it was sealed: what is remembered of it was another row.
    pub(super) fn doubt(&self, id: TokenId) {
        self.feed.note(&[Thing::Token(id)]);
    }
}

/// What stands behind a question besides the token.
impl Authority {
    /// The API of this id.
    pub(super) async fn remembered_api(&self, id: ApiId) -> Result<Option<Arc<ApiRecord>>, Error> {
        let Memory { feed, apis, .. } = &*self.memory;
        if let Some(api) = apis.get(feed, &id) {
            return Ok(Some(api));
        }
        let since = feed.position();
        let Some(api) = self.store.api_of(id).await?.map(Arc::new) else {
            return Ok(None);
        };
        // It says what its organization is called.
        apis.keep(feed, id, Arc::clone(&api), since, [Thing::Apis, Thing::Places].into());
        Ok(Some(api))
    }

    /// The API of this name.
    pub(super) async fn remembered_api_named(
        &self,
        name: &PrincipalName,
    ) -> Result<Option<Arc<ApiRecord>>, Error> {
        let Memory { feed, apis_by_name, .. } = &*self.memory;
        if let Some(api) = apis_by_name.get(feed, name) {
            return Ok(Some(api));
        }
        let since = feed.position();
        let Some(api) = self.store.api(name).await?.map(Arc::new) else {
            return Ok(None);
        };
        apis_by_name.keep(feed, name.clone(), Arc::clone(&api), since, [Thing::Apis, Thing::Places].into());
        Ok(Some(api))
    }

    /// The place that a question names, if it exists.
    pub(super) async fn remembered_place(&self, text: &str) -> Result<Option<Place>, Error> {
        let Memory { feed, places, .. } = &*self.memory;
        let key = text.to_ascii_lowercase();
        if let Some(place) = places.get(feed, &key) {
            return Ok(Some(*place));
        }
        let since = feed.position();
        let Some(place) = self.place(text).await? else {
            return Ok(None);
        };
        places.keep(feed, key, Arc::new(place), since, [Thing::Places].into());
        Ok(Some(place))
    }

    /// What the place with this id is called, also one that was removed.
    pub(super) async fn remembered_place_name(&self, place: Place) -> Result<Option<Arc<String>>, Error> {
        let Memory { feed, place_names, .. } = &*self.memory;
        if let Some(name) = place_names.get(feed, &place) {
            return Ok(Some(name));
        }
        let since = feed.position();
        let Some(name) = self.store.place_name(place).await?.map(Arc::new) else {
            return Ok(None);
        };
        place_names.keep(feed, place, Arc::clone(&name), since, [Thing::Places].into());
        Ok(Some(name))
    }

    /// The projects of an organization, as many as are told apart.
    pub(super) async fn remembered_projects(
        &self,
        of: OrganizationId,
    ) -> Result<Arc<Vec<ProjectRecord>>, Error> {
        let Memory { feed, projects, .. } = &*self.memory;
        if let Some(projects) = projects.get(feed, &of) {
            return Ok(projects);
        }
        let since = feed.position();
        let found = Arc::new(self.store.projects(of, None, PROJECTS_SHOWN_MAX).await?);
        projects.keep(feed, of, Arc::clone(&found), since, [Thing::Places].into());
        Ok(found)
    }
}

/// A token with many patterns, limits and ancestors takes the room of several.
fn weight(facts: &Remembered) -> usize {
    let tokens = std::iter::once(&facts.chain.token).chain(&facts.chain.ancestors);
    let limits = |token: &TokenRecord| token.items().count();
    let groups: usize = facts.facts.chain().map(|link| link.owner_groups.len()).sum();
    1 + (tokens.map(limits).sum::<usize>() + groups) / MEMORY_ITEMS_USUAL
}

/// Everything that facts about a token are made from: the token and its ancestors, their owners, and who may do what.
pub(super) fn names(chain: &Chain) -> Box<[Thing]> {
    let tokens = std::iter::once(&chain.token).chain(&chain.ancestors);
    let named = tokens.flat_map(|token| [Thing::Token(token.id), Thing::Principal(token.owner)]);
    named.chain([Thing::Rights]).collect()
}
