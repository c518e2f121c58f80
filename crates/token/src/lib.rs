//! The words and the rules of Jeton.
//!
//! This crate is pure: no I/O, no clock, no randomness, no async and no SQL. Everything that decides
//! whether a token may do something lives here, so that it can be read in one sitting and tested
//! by table and by property; every other crate only fetches facts and renders verdicts.
//!
//! Start with [`TokenText`] (what a client presents), [`ScopeSet`] (what a token may do at most) and
//! [`decide`] (what it may do now).

mod alias;
mod audit;
mod base62;
mod catalogue;
mod claim;
mod credential;
mod cut;
mod decision;
mod digest;
mod directory;
mod effect;
mod explanation;
mod id;
mod job;
mod lifetime;
mod limits;
mod need;
mod policy;
mod principal;
mod rights;
mod role;
mod route;
mod scope;
mod secret;
mod shape;
mod steady;
mod tenant;
mod token_text;

pub use alias::meant_by;
pub use audit::{AuditRecord, Leaf};
pub use catalogue::{
    Catalogue, CatalogueError, CatalogueScope, MAX_CATALOGUE_BYTES, MAX_CATALOGUE_SCOPES, MAX_IMPLIES_DEPTH,
};
pub use claim::{
    ClaimName, ClaimNameError, ClaimPattern, ClaimPatternError, ClaimRules, ClaimRulesError, MAX_CLAIM_RULES,
};
pub use credential::{BASIC_CHALLENGE, CredentialError, presented};
pub use cut::earlier_ends;
pub use decision::{
    Active, Approval, Audience, Circumstances, Demand, Facts, Inactive, Link, OwnerState, PlacedPattern,
    Verdict, Where, concerns, covers_within, decide, effective_at, known_end, standing, withheld,
};
pub use digest::{Mac, Pepper, PepperVersion, ReplayKey, RowKey, TokenDigest};
pub use directory::{LabelError, MAX_LABEL_BYTES};
pub use effect::{Effect, effects};
pub use explanation::{Explained, Step, explain};
pub use id::{
    ApiId, BindingId, EventId, GroupId, Id, IdError, IdKey, JobId, OrganizationId, PipelineId, PrincipalId,
    ProjectId, RoleId, SecretId, TokenId, TrustId,
};
pub use job::{
    JOB_MINUTES_USUAL, JobAuthorizationScope, JobCase, JobOrigin, JobReach, JobRule, JobSettings, JobWall,
    PipelineKind,
};
pub use lifetime::{Expiry, Timestamp};
pub use limits::{Network, NetworkError, NetworkLimit, PlaceLimit};
pub use need::NeedError;
pub use policy::{Creator, Excess, Holder, PlacedPolicy, Policy, PolicyRule, Rule};
pub use principal::{NameError, PrincipalKind, PrincipalName, WHOLE_ORGANIZATION, build_service_title};
pub use rights::Rights;
pub use role::{Bindable, BuiltInRole};
pub use route::{Route, RouteError, RouteMatch, RouteTable, canonical_path};
pub use scope::{
    MAX_PATTERNS, MAX_SCOPE_BYTES, MAX_SEGMENTS, Scope, ScopeError, ScopePattern, ScopeSet, ScopeSetError,
};
pub use secret::TokenSecret;
pub use shape::path_shape;
pub use steady::{minds_client, steady_until};
pub use tenant::{Place, ResourceName, ResourceNameError};
pub use token_text::{MAX_TEXT_BYTES, Prefix, PrefixError, TokenKind, TokenText, TokenTextError};
