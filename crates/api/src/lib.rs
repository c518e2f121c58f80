//! The JSON that Jeton speaks, and the table of its error codes.
//!
//! Types of requests hold texts as they arrived and refuse unknown fields; the server's doors parse them into
//! the typed values of `jeton-token`. Types of answers are read leniently, so that an older client goes on
//! working with a newer server.

mod catalogue;
mod code;
mod explain;
mod grant;
mod group;
mod identity;
mod job;
mod list;
mod optional;
mod place;
mod policy;
mod problem;
mod role;
mod secret;
mod service_account;
mod session;
mod token;
mod trust;
mod user;
mod verify;
mod watch;
mod webhook;

pub use catalogue::{Api, ApiChange, ApiPlan, ApiRefusal, ApiRoute, ApiScope, ForwardAuth, PutApi, Widening};
pub use code::{Code, UnknownCode};
pub use explain::{ExplainRequest, Explanation, Remedy, Step, StepOutcome};
pub use grant::{GrantRefusal, Granted};
pub use group::{Group, Member, PatchGroup, PutGroup};
pub use identity::{Identity, LinkIdentity};
pub use job::{
    CreateJob, Job, JobQuery, JobSettings, JobState, JobTrigger, PlaceJobSettings, RenewJob, StartedJob,
};
pub use list::List;
pub use place::{
    JobScope, Organization, PatchOrganization, PatchPipeline, PatchProject, Pipeline, PipelineKind, Project,
    PutOrganization, PutPipeline, PutProject, Visibility,
};
pub use policy::{AffectedOwner, Excess, PlacePolicy, Policy, PolicyEffect, Rule};
pub use problem::{FieldError, Problem};
pub use role::{Bindable, CreateRoleBinding, PatchRole, PutRole, Role, RoleBinding, RoleBindingQuery};
pub use secret::Secret;
pub use service_account::{PatchServiceAccount, PutServiceAccount, ServiceAccount};
pub use session::CreateSession;
pub use token::{
    Approval, CreateToken, EarlierEnd, Issued, OldSecret, PatchToken, PrincipalRef, RevokeTokens,
    RevokedTokens, RotateToken, Token, TokenFilter, TokenQuery, TokenState,
};
pub use trust::{ClaimRule, PutTrust, Replay, Trust};
pub use user::{PatchUser, PutUser, User};
pub use verify::{Introspection, PlaceDetail, Subject, VerifyAnswer, VerifyRequest};
pub use watch::{Keep, ToldUse, WatchAnswer, WatchRequest};
pub use webhook::{WebhookActor, WebhookData, WebhookEvent, WebhookToken};

/// When something happened: RFC 3339 in UTC on the wire.
pub use jiff::Timestamp;
