//! Tokens, sessions, and questions about tokens.

use jeton_api::Code::{
    ApprovalRequired, Busy, ChangedMeanwhile, DepthExceeded, ExpiryExceedsParent, ForeignScope, InvalidField,
    InvalidPassword, LifetimeExceedsPolicy, LimitReached, NameTaken, NoLease, NotHonouredHere, PolicyRefuses,
    RenewalOver, ScopeExceedsGrant, TokenNotLive, TooManyAttempts, UnknownName, UnknownScope,
};
use jeton_api::{
    CreateSession, CreateToken, ExplainRequest, Explanation, Issued, PatchToken, RevokeTokens, RevokedTokens,
    RotateToken, Token, TokenQuery, VerifyAnswer, VerifyRequest, WatchAnswer, WatchRequest,
};

use super::operation::{Group, Operation, delete, get, patch, post};

/// `/api/v1/sessions`, `/api/v1/tokens`.
pub(super) fn tokens() -> Group {
    let operations = vec![
        post("/api/v1/sessions", "Sign in by password")
            .takes::<CreateSession>()
            .makes::<Issued>("The session and its secret, which is shown once.")
            .unauthenticated(&[InvalidPassword])
            .limited(&[Busy, TooManyAttempts]),
        post("/api/v1/tokens", "Make a token")
            .about("At most one of `expires_in_minutes`, `expires_at` and `never_expires` is given.")
            .takes::<CreateToken>()
            .makes::<Issued>("The token and its secret, which is shown once.")
            .invalid(&[UnknownScope, UnknownName, ExpiryExceedsParent, DepthExceeded])
            .invalid(&[LifetimeExceedsPolicy, PolicyRefuses])
            .denied(&[ScopeExceedsGrant, NotHonouredHere, PolicyRefuses])
            .conflicts(&[NameTaken, ChangedMeanwhile])
            .hides(),
        get("/api/v1/tokens", "List tokens")
            .about("One's own, or everybody's with the right to; newest first.")
            .query::<TokenQuery>()
            .lists::<Token>("Tokens.")
            .hides(),
        post("/api/v1/tokens/revoke", "Revoke all tokens that fit")
            .about("Those that the caller may revoke, newest first; never the token of the call or one that it was made with.")
            .takes::<RevokeTokens>()
            .gives::<RevokedTokens>("How many fitted, and how many were revoked.")
            .hides(),
        get("/api/v1/tokens/self", "Show the token of the call").gives::<Token>("The token."),
        delete("/api/v1/tokens/self", "Revoke the token of the call").done("It is revoked, for good."),
        rotates(post("/api/v1/tokens/self/rotate", "Give the token of the call a new secret")),
        get("/api/v1/tokens/{id}", "Show a token").gives::<Token>("The token; never its secret."),
        patch("/api/v1/tokens/{id}", "Change a token")
            .about("Its secret stays. What is not given stays as it is.")
            .takes::<PatchToken>()
            .gives::<Token>("The token as it is now.")
            .invalid(&[UnknownScope, UnknownName, ExpiryExceedsParent, LifetimeExceedsPolicy, PolicyRefuses])
            .denied(&[ScopeExceedsGrant, NotHonouredHere, PolicyRefuses])
            .conflicts(&[NameTaken, TokenNotLive, ChangedMeanwhile, ApprovalRequired]),
        delete("/api/v1/tokens/{id}", "Revoke a token")
            .about("At once and for good. Doing it again changes nothing.")
            .done("It is revoked."),
        rotates(post("/api/v1/tokens/{id}/rotate", "Give a token a new secret")),
        finishes(post("/api/v1/tokens/self/rotate/finish", "End the old secrets of the token of the call")),
        finishes(post("/api/v1/tokens/{id}/rotate/finish", "End the old secrets of a token")),
        post("/api/v1/tokens/{id}/approve", "Approve a token that waits for it")
            .gives::<Token>("The token as it is now.")
            .denied(&[ScopeExceedsGrant, NotHonouredHere, PolicyRefuses])
            .conflicts(&[TokenNotLive, ChangedMeanwhile, ApprovalRequired]),
    ];
    Group { name: "Tokens", about: "What clients present, and sessions, which are tokens too.", operations }
}

fn rotates(operation: Operation) -> Operation {
    operation
        .about(
            "The old secret goes on working for `overlap_minutes`. What is given is changed with it. A credential of an \
             API wants `Jeton.Admin.Api` at its organization, and takes a name and a description only.",
        )
        .takes::<RotateToken>()
        .gives::<Issued>("The token and its new secret, which is shown once.")
        .invalid(&[UnknownScope, UnknownName, ExpiryExceedsParent, LifetimeExceedsPolicy, PolicyRefuses])
        .denied(&[ScopeExceedsGrant, NotHonouredHere, PolicyRefuses, RenewalOver])
        .conflicts(&[NameTaken, TokenNotLive, ChangedMeanwhile, LimitReached, ApprovalRequired])
}

fn finishes(operation: Operation) -> Operation {
    operation
        .about("Those that still work after a rotation. Where there is none, nothing changes.")
        .gives::<Token>("The token as it is now.")
        .conflicts(&[TokenNotLive, ChangedMeanwhile])
}

/// `/api/v1/verify`, `/api/v1/explain`.
pub(super) fn questions() -> Group {
    let operations = vec![
        post("/api/v1/verify", "Ask whether a token may do something")
            .about("The caller is an API, with its own credential.")
            .takes::<VerifyRequest>()
            .gives::<VerifyAnswer>("The verdict.")
            .denied(&[ForeignScope, NotHonouredHere]),
        post("/api/v1/verify/watch", "Ask what has changed, to answer from memory meanwhile")
            .about("For `jeton-verify`. The answer comes as soon as something has changed, or after half a second.")
            .takes::<WatchRequest>()
            .gives::<WatchAnswer>("What has changed, and a lease.")
            .denied(&[NotHonouredHere])
            .conflicts(&[NoLease])
            .limited(&[Busy]),
        post("/api/v1/explain", "Ask why a token may or may not do something")
            .takes::<ExplainRequest>()
            .gives::<Explanation>("The decision, step by step.")
            .invalid(&[InvalidField, UnknownScope])
            .hides(),
    ];
    Group { name: "Questions", about: "What is decided about a token, and why.", operations }
}
