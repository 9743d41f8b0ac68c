//! Jobs: what a task has started elsewhere (`.sync`), and what is asked until it is over.
//!
//! AWS: [Run a job](https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync).

use std::time::Duration;

use segno_asl::definition::StateName;
use serde::{Deserialize, Serialize};

use crate::{
    checkpoint::{Attempt, AttemptId, Checkpoint},
    command::Command,
    event::{Polled, Timestamp},
    payload::PayloadId,
    states,
    transition::Draft,
};

/// How long after its start a job is first asked about.
const FIRST_POLL: Duration = Duration::from_secs(2);

/// How much longer each further wait is than the one before.
const BACKOFF_RATE: f64 = 1.5;

/// How long a wait is at most.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// A job that an attempt has started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The attempt.
    pub attempt: AttemptId,
    /// The state it is an attempt of: an abandoned job outlives the frame.
    pub state: StateName,
    /// What it was started with.
    pub input: PayloadId,
    /// What the call answered that started it.
    pub response: PayloadId,
    /// ARN of the role that `Credentials` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_role_arn: Option<String>,
    /// How many polls are over.
    pub polls: u32,
    /// What is to be done about it.
    pub phase: JobPhase,
}

/// What is to be done about a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobPhase {
    /// Nothing for now.
    Running {
        /// When it is asked about next.
        next_poll: Timestamp,
    },
    /// It is to be asked about.
    Polling,
    /// Nobody waits for it any more: it is to be cancelled.
    Abandoned,
}

impl Job {
    /// What the engine owes about it.
    pub(crate) fn command(&self) -> Option<Command> {
        match self.phase {
            JobPhase::Running { .. } => None,
            JobPhase::Polling => Some(Command::Poll {
                attempt: self.attempt,
                number: self.polls,
            }),
            JobPhase::Abandoned => Some(Command::CancelJob(self.attempt)),
        }
    }

    /// When time will do something to it.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        match self.phase {
            JobPhase::Running { next_poll } => Some(next_poll),
            JobPhase::Polling | JobPhase::Abandoned => None,
        }
    }
}

impl Checkpoint {
    /// The job that an attempt has started.
    pub fn job(&self, attempt: AttemptId) -> Option<&Job> {
        self.jobs.iter().find(|job| job.attempt == attempt)
    }
}

impl Draft<'_> {
    /// An attempt has started a job.
    pub(crate) fn begin_job(&mut self, attempt: &Attempt, response: PayloadId) {
        let next_poll = self.next_poll(0);
        self.checkpoint.jobs.push(Job {
            attempt: attempt.id,
            state: self.state_name(attempt.id.frame),
            input: attempt.input,
            response,
            credentials_role_arn: attempt.credentials_role_arn.clone(),
            polls: 0,
            phase: JobPhase::Running { next_poll },
        });
    }

    /// Jobs are asked about whose time has come.
    pub(crate) fn poll_jobs(&mut self) {
        let now = self.at;
        for job in &mut self.checkpoint.jobs {
            if job.due().is_some_and(|due| due <= now) {
                job.phase = JobPhase::Polling;
            }
        }
    }

    /// A poll is over. One that is not owed is late.
    pub(crate) fn polled(&mut self, attempt: AttemptId, number: u32, polled: Polled) {
        let owed = Some(Command::Poll { attempt, number });
        let jobs = &self.checkpoint.jobs;
        let Some(index) = jobs.iter().position(|job| job.command() == owed) else {
            return;
        };
        match polled {
            Polled::Running => {
                let polls = number.saturating_add(1);
                let next_poll = self.next_poll(polls);
                let job = &mut self.checkpoint.jobs[index];
                job.polls = polls;
                job.phase = JobPhase::Running { next_poll };
                self.touch();
            }
            Polled::Ended(outcome) => {
                self.checkpoint.jobs.remove(index);
                states::task::complete(self, attempt.frame, outcome);
            }
        }
    }

    /// Jobs whose attempt is over without their end are to be cancelled.
    pub(crate) fn abandon_jobs(&mut self) {
        let frames = &self.checkpoint.frames;
        for job in &mut self.checkpoint.jobs {
            let attempt = frames
                .get(&job.attempt.frame)
                .and_then(|frame| frame.phase.attempt());
            if attempt.is_none_or(|attempt| attempt.id != job.attempt) {
                job.phase = JobPhase::Abandoned;
            }
        }
    }

    /// A job was cancelled, as far as that could be done.
    pub(crate) fn forget_job(&mut self, attempt: AttemptId) {
        let jobs = &mut self.checkpoint.jobs;
        let before = jobs.len();
        jobs.retain(|job| job.command() != Some(Command::CancelJob(attempt)));
        if jobs.len() < before {
            self.touch();
        }
    }

    /// When a job is asked about next, after so many polls. Jobs that were started together are not
    /// asked about together: up to a fifth of each wait is left to chance.
    fn next_poll(&self, polls: u32) -> Timestamp {
        let rate = BACKOFF_RATE.powi(i32::try_from(polls).unwrap_or(i32::MAX));
        let wait = (FIRST_POLL.as_secs_f64() * rate).min(WAIT_MAX.as_secs_f64());
        let wait = Duration::from_secs_f64(wait);
        self.at.after(wait - self.chance.jitter(wait / 5))
    }
}
