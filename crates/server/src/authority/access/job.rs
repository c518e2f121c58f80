//! What is done to jobs, and what a job does not do.

use jeton_api::Code;
use jeton_token::Place;

use super::{Action, Caller, Permit, at, may_administer, permit};
use crate::authority::Error;
use crate::store::JobRecord;

/// For renewing and finishing jobs: by whoever looks after jobs there, and by whoever started it; to renew it, while
/// they may still start jobs there. A job may finish itself, but no job prolongs one.
pub(crate) fn on_job(caller: &Caller, job: &JobRecord, action: Action) -> Result<Permit, Error> {
    let is_runner = is_runner(caller, job);
    let own = match action {
        Action::JobFinish => is_runner || caller.token() == job.token,
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
    if own { permit(caller, action) } else { at(caller, job.place(), action) }
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

/// Whether a caller may know of a job: who started it, the job itself, and whoever may see the jobs there.
pub(crate) fn sees_job(caller: &Caller, job: &JobRecord) -> bool {
    let is_own = is_runner(caller, job) || caller.token() == job.token;
    is_own || may_administer(caller, Action::JobRead, job.place())
}

/// Whether a caller started the job. A job that a proven identity started has the account that it acts as for its runner,
/// and so have all others of the project: to be that account as a job is not to have started any.
fn is_runner(caller: &Caller, job: &JobRecord) -> bool {
    caller.principal() == job.runner && !caller.is_of_job()
}
