//! What became of a state, in a word and a badge.

use super::Visit;
use crate::graph::{Mark, Status};

/// What became of a visit, given what became of the execution.
pub(super) fn of_visit(visit: &Visit, end: Option<Status>) -> Status {
    match (visit.ended, &visit.error, end) {
        (Some(_), Some(_), _) => Status::Caught,
        (Some(_), None, _) => Status::Succeeded,
        (None, Some(_), Some(_)) => Status::Failed,
        (None, None, Some(Status::Succeeded)) if visit.state_type == "Succeed" => Status::Succeeded,
        (None, _, Some(_)) => Status::Aborted,
        (None, _, None) if visit.state_type == "Fail" => Status::Failed,
        (None, _, None) if waits(visit) => Status::Waiting,
        (None, _, None) => Status::Running,
    }
}

/// For time, for an answer, or for another try.
fn waits(visit: &Visit) -> bool {
    let last = visit.attempts.last();
    visit.state_type == "Wait" || visit.error.is_some() || last.is_some_and(|last| last.is_waiting)
}

/// What became of a state, over all its visits.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    visits: usize,
    failed: usize,
    retries: usize,
    items: Option<super::Items>,
    status: Option<Status>,
}

impl Summary {
    pub(super) fn add(&mut self, visit: &Visit, status: Status) {
        self.visits += 1;
        self.failed += usize::from(status == Status::Failed);
        self.retries += visit.attempts.len().saturating_sub(1);
        self.items = visit.items.or(self.items);
        // What failed, and what still goes on, is of more interest than what went well after it.
        let interest = |status: Status| match status {
            Status::Failed => 4,
            Status::Waiting => 3,
            Status::Running => 2,
            Status::Aborted => 1,
            Status::Succeeded | Status::Caught | Status::NotReached => 0,
        };
        self.status = match self.status {
            Some(before) if interest(before) > interest(status) => Some(before),
            _ => Some(status),
        };
    }

    /// How a picture shows it.
    pub(crate) fn mark(&self, is_selected: bool) -> Mark {
        let status = self.status.unwrap_or(Status::NotReached);
        let mut parts = Vec::new();
        if let Some(items) = self.items {
            let done = items.succeeded + items.failed;
            parts.push(match items.failed {
                0 => format!("{done} of {}", items.count),
                failed => format!("{done} of {}, {failed} failed", items.count),
            });
        } else if self.visits > 1 {
            parts.push(format!("×{}", self.visits));
        }
        match self.retries {
            0 => {}
            1 => parts.push("1 retry".into()),
            retries => parts.push(format!("{retries} retries")),
        }
        let badge = parts.join(", ");
        let spoken = match badge.as_str() {
            "" => status.name().to_owned(),
            badge => format!("{}, {badge}", status.name()),
        };
        Mark {
            status: Some(status),
            badge: Some(badge).filter(|badge| !badge.is_empty()),
            spoken: Some(spoken),
            is_selected,
        }
    }
}
