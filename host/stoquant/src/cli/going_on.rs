//! Flags of runs that stop and go on.

use std::time::Duration;

use clap::Args;
use stoquant::sampling::Begin;

/// How a run that was stopped goes on.
#[derive(Args)]
pub(super) struct GoingOnArgs {
    /// Go on with the run that was stopped, or with a larger count where it was not
    #[arg(long, conflicts_with = "resume_if_any")]
    resume: bool,
    /// As --resume where there is something to go on from
    #[arg(long)]
    resume_if_any: bool,
    /// Time between checkpoints, as 10m or 1h30m
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub(super) checkpoint: Duration,
    /// Stop after this time, saved, with exit status 75
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) stop_after: Option<Duration>,
}

impl GoingOnArgs {
    /// What to do with a run that was begun before.
    pub(super) fn begin(&self) -> Begin {
        match (self.resume, self.resume_if_any) {
            (true, _) => Begin::Resume,
            (false, true) => Begin::ResumeIfAny,
            (false, false) => Begin::Anew,
        }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}: must be a time as 90s, 10m or 3h50m"))
}
