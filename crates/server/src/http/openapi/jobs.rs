//! Jobs, and what places say about them.

use jeton_api::Code::{
    ChangedMeanwhile, NotHonouredHere, PolicyLoosens, TokenNotLive, UnknownScope, UserDisabled,
};
use jeton_api::{CreateJob, Job, JobQuery, JobSettings, PlaceJobSettings, RenewJob, StartedJob};

use super::operation::{Group, get, patch, post};

/// `/api/v1/jobs`.
pub(super) fn jobs() -> Group {
    let operations = vec![
        post("/api/v1/jobs", "Start a job")
            .about("The job acts as the build service account of its project or organization: see `decided_by`.")
            .takes::<CreateJob>()
            .makes::<StartedJob>("The job with its token and secret, which is shown once.")
            .invalid(&[UnknownScope])
            .conflicts(&[UserDisabled, ChangedMeanwhile])
            .hides(),
        get("/api/v1/jobs", "List jobs")
            .about("Those that the caller started, and those of places where the caller may see jobs; newest first.")
            .query::<JobQuery>()
            .lists::<Job>("Jobs.")
            .hides(),
        get("/api/v1/jobs/{id}", "Show a job").gives::<Job>("The job."),
        post("/api/v1/jobs/{id}/renew", "Give a running job another lease")
            .about("By whoever started it, or looks after jobs there. What is over stays over.")
            .takes::<RenewJob>()
            .gives::<Job>("The job as it is now.")
            .denied(&[NotHonouredHere])
            .conflicts(&[TokenNotLive, ChangedMeanwhile]),
        post("/api/v1/jobs/{id}/finish", "End a job")
            .about("Its token is dead when this answers. Doing it again changes nothing.")
            .gives::<Job>("The job as it is now.")
            .denied(&[NotHonouredHere]),
    ];
    Group { name: "Jobs", about: "Runs of pipelines, with tokens that die with them.", operations }
}

/// `…/job-settings`.
pub(super) fn settings() -> Group {
    const ORGANIZATION: &str = "/api/v1/organizations/{organization}/job-settings";
    const PROJECT: &str = "/api/v1/organizations/{organization}/projects/{project}/job-settings";
    let operations = vec![
        get(ORGANIZATION, "Show what an organization says about jobs")
            .gives::<PlaceJobSettings>("What it says."),
        patch(ORGANIZATION, "Change what an organization says about jobs")
            .takes::<JobSettings>()
            .gives::<PlaceJobSettings>("What it says now.")
            .denied(&[NotHonouredHere])
            .conflicts(&[ChangedMeanwhile]),
        get(PROJECT, "Show what a project says about jobs")
            .gives::<PlaceJobSettings>("What it says, and what holds there."),
        patch(PROJECT, "Change what a project says about jobs")
            .about("What the organization limits stays limited.")
            .takes::<JobSettings>()
            .gives::<PlaceJobSettings>("What it says now, and what holds there.")
            .denied(&[NotHonouredHere])
            .invalid(&[PolicyLoosens])
            .conflicts(&[ChangedMeanwhile]),
    ];
    Group { name: "Job settings", about: "How far jobs reach, and how long they live.", operations }
}
