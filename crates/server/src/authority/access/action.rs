//! What can be done, and the scopes that allow it.

macro_rules! actions {
    ($($variant:ident = $word:literal, $own:expr, $anybodys:expr;)*) => {
        /// What can be done. Each has a word for the audit and the route table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Action {
            $($variant,)*
        }

        impl Action {
            /// Every action.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),*];

            pub(crate) fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The action that a route requires by this word.
            pub(crate) fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }

            /// The scopes of which one suffices for doing it to what is one's own, the usual one first.
            pub(crate) fn own_scopes(self) -> &'static [&'static str] {
                match self { $(Self::$variant => $own,)* }
            }

            /// The scopes of which one suffices for doing it to anybody's, the usual one first. Actions without one are
            /// never done with a caller's right alone.
            pub(crate) fn scopes(self) -> &'static [&'static str] {
                match self { $(Self::$variant => $anybodys,)* }
            }
        }
    };
}

/// Whoever may look through everything at a place holds this.
const AUDIT: &str = "Jeton.Audit.Read";
/// Whoever starts jobs holds this.
pub(super) const MINT: &str = "Jeton.Job.Mint";
// The same rights by the names that Azure DevOps has for them; `jeton_token::meant_by` says of each what it means.
pub(super) const PATS: &str = "vso.pats";
pub(super) const PATS_MANAGE: &str = "vso.pats_manage";
const TOKEN_ADMINISTRATION: &str = "vso.tokenadministration";
const PROJECT_WRITE: &str = "vso.project_write";

actions! {
    TokenCreate = "token.create", &["Jeton.Token.Create", PATS_MANAGE], &["Jeton.Admin.Token"];
    TokenRead = "token.read", &["Jeton.Token.Read", PATS], &["Jeton.Admin.Token", AUDIT, TOKEN_ADMINISTRATION];
    TokenUpdate = "token.update", &["Jeton.Token.Update", PATS_MANAGE], &["Jeton.Admin.Token"];
    TokenRotate = "token.rotate", &["Jeton.Token.Rotate"], &["Jeton.Admin.Token"];
    TokenRevoke = "token.revoke", &["Jeton.Token.Revoke", PATS_MANAGE], &["Jeton.Admin.Token", TOKEN_ADMINISTRATION];
    TokenApprove = "token.approve", &[], &["Jeton.Admin.Token"];
    SessionCreate = "session.create", &[], &[];
    UserRead = "user.read", &[], &["Jeton.Admin.User", AUDIT];
    UserWrite = "user.write", &[], &["Jeton.Admin.User"];
    PasswordChange = "user.password", &[], &[];
    GroupRead = "group.read", &[], &["Jeton.Admin.Group", AUDIT];
    GroupWrite = "group.write", &[], &["Jeton.Admin.Group"];
    ServiceAccountRead = "service_account.read", &[], &["Jeton.Admin.ServiceAccount", AUDIT];
    ServiceAccountWrite = "service_account.write", &[], &["Jeton.Admin.ServiceAccount"];
    TrustWrite = "trust.write", &[], &["Jeton.Admin.ServiceAccount"];
    PipelineTrustRead = "pipeline_trust.read", &[], &["Jeton.Admin.Job", AUDIT];
    PipelineTrustWrite = "pipeline_trust.write", &[], &["Jeton.Admin.Job"];
    TokenExchange = "token.exchange", &[], &[];
    RoleWrite = "role.write", &[], &["Jeton.Admin.Role"];
    BindingRead = "role_binding.read", &[], &["Jeton.Admin.Role", AUDIT];
    BindingWrite = "role_binding.write", &[], &["Jeton.Admin.Role"];
    PolicyWrite = "policy.write", &[], &["Jeton.Admin.Policy"];
    OrganizationWrite = "organization.write", &[], &["Jeton.Admin.Organization"];
    ProjectWrite = "project.write", &[], &["Jeton.Admin.Organization"];
    ProjectRead = "project.read", &[], &["vso.project"];
    BuildRead = "build.read", &[], &["vso.build"];
    PipelineWrite = "pipeline.write", &[], &["Jeton.Admin.Organization"];
    JobMint = "job.mint", &[], &[MINT];
    JobRead = "job.read", &[], &["Jeton.Job.Read", "Jeton.Admin.Job", AUDIT];
    JobRenew = "job.renew", &[], &["Jeton.Admin.Job"];
    JobFinish = "job.finish", &[], &["Jeton.Admin.Job"];
    JobSettingsWrite = "job_settings.write", &[], &["Jeton.Admin.Job", PROJECT_WRITE];
    ApiWrite = "api.write", &[], &["Jeton.Admin.Api"];
    ApiReport = "api.report", &[], &["Jeton.Admin.Api", AUDIT];
    ApiCredential = "api.credential", &[], &["Jeton.Admin.Api"];
    Bootstrap = "server.bootstrap", &[], &[];
    KeyAdd = "key.add", &[], &[];
    ClockPutBack = "clock.put_back", &[], &[];
    NoteAltered = "token.altered", &[], &[];
    NoteReuse = "token.reuse", &[], &[];
    NoteEnd = "token.expiring", &[], &[];
}

impl Action {
    /// Whether it may give somebody a right or a secret: then it is judged on rights that must still be so when it is
    /// written down.
    pub(super) fn moves_power(self) -> bool {
        matches!(
            self,
            Self::TokenCreate
                | Self::TokenUpdate
                | Self::TokenRotate
                | Self::TokenApprove
                | Self::UserWrite
                | Self::GroupWrite
                | Self::ServiceAccountWrite
                | Self::TrustWrite
                | Self::PipelineTrustWrite
                | Self::RoleWrite
                | Self::BindingWrite
                | Self::PolicyWrite
                | Self::OrganizationWrite
                | Self::ProjectWrite
                | Self::PipelineWrite
                | Self::JobMint
                | Self::JobRenew
                | Self::JobSettingsWrite
                | Self::ApiWrite
                | Self::ApiCredential
        )
    }
}

#[cfg(test)]
mod tests {
    use jeton_token::meant_by;

    use super::*;

    #[test]
    fn every_other_name_of_a_right_is_known_to_policies() {
        for action in Action::ALL {
            for scopes in [action.own_scopes(), action.scopes()] {
                let (own, others): (Vec<&str>, Vec<&str>) =
                    scopes.iter().partition(|scope| scope.starts_with("Jeton."));
                let Some(usual) = own.first() else { continue };
                assert_eq!(scopes.first(), Some(usual), "{}: the usual one comes first", action.word());
                for other in others {
                    assert!(meant_by(other).contains(usual), "{}: `{other}`", action.word());
                }
            }
        }
    }
}
