//! What is done to jobs, and what a job does not do.

use jeton_api::Code;
use jeton_token::{Link, Place, Scope};

use super::action::MINT;
use super::{Action, Caller, Permit, at, may_administer, missing, permit};
use crate::authority::Error;
use crate::store::JobRecord;

/// For renewing and finishing jobs: by whoever looks after jobs there, and by whoever started it, with a credential that
/// starts jobs there; to renew it, while they may still do so. To end one's own needs no right that could be taken away
/// meanwhile. A job may finish itself, but no job prolongs one.
pub(crate) fn on_job(caller: &Caller, job: &JobRecord, action: Action) -> Result<Permit, Error> {
    let is_runner = is_runner(caller, job);
    let own = match action {
        Action::JobFinish => is_runner && reaches_jobs(caller, job, &[MINT]) || caller.token() == job.token,
        Action::JobRenew if caller.is_of_job() => {
            return Err(Error::denied(
                Code::NotHonouredHere,
                "a job does not prolong itself; its runner does",
            ));
        }
        Action::JobRenew => is_runner && may_administer(caller, Action::JobMint, job.place()),
        _ => false,
    };
    if !own && caller.is_of_job() {
        return Err(Error::denied(Code::NotHonouredHere, "a job ends no job but itself"));
    }
    if own {
        return permit(caller, action);
    }
    match at(caller, job.place(), action) {
        Err(Error::Denied(_)) if is_runner => Err(missing(caller, MINT, job.place())),
        decided => decided,
    }
}

/// Whether a caller may get a secret of any token but the one that it has. No job does: a secret would outlive it.
pub(in crate::authority) fn check_gets_secrets(caller: &Caller) -> Result<(), Error> {
    if caller.is_of_job() {
        return Err(Error::denied(Code::NotHonouredHere, "a job gets no secrets, for they would outlive it"));
    }
    Ok(())
}

/// For changing what a place says about jobs. No job does: it would loosen what holds for itself.
pub(crate) fn on_job_settings(caller: &Caller, place: Place) -> Result<Permit, Error> {
    if caller.is_of_job() {
        return Err(Error::denied(Code::NotHonouredHere, "a job does not change what limits jobs"));
    }
    at(caller, place, Action::JobSettingsWrite)
}

/// Whether a caller may know of a job: who started it, with a credential for jobs there; the job itself, and whoever may
/// see the jobs there.
pub(crate) fn sees_job(caller: &Caller, job: &JobRecord) -> bool {
    let is_own = is_runner(caller, job) && reaches_jobs(caller, job, &[MINT, "Jeton.Job.Read"]);
    is_own || caller.token() == job.token || may_administer(caller, Action::JobRead, job.place())
}

/// Whether a credential is one that starts jobs, wherever that is.
pub(super) fn is_a_runner(caller: &Caller) -> bool {
    reaches(caller, MINT, |_| true)
}

fn reaches_jobs(caller: &Caller, job: &JobRecord, scopes: &[&str]) -> bool {
    scopes.iter().any(|scope| reaches(caller, scope, |link| link.places.covers(job.place())))
}

/// Whether the credential itself, by its patterns and those of its ancestors, has a scope where `is_there` says so,
/// whatever its owner may do at this moment. That of a person who signed in has all of them.
fn reaches(caller: &Caller, scope: &str, is_there: impl Fn(&Link) -> bool) -> bool {
    let Ok(scope) = scope.parse::<Scope>() else {
        return false;
    };
    let has = |link: &Link| link.patterns.patterns().iter().any(|pattern| pattern.covers(&scope));
    caller.facts.chain().all(|link| is_there(link) && has(link))
}

/// Whether a caller started the job. A job that a proven identity started has the account that it acts as for its runner,
/// and so have all others of the project: to be that account as a job is not to have started any.
fn is_runner(caller: &Caller, job: &JobRecord) -> bool {
    caller.principal() == job.runner && !caller.is_of_job()
}
