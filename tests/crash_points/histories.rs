//! Histories that can be compared: without times, and without the attempts that were lost.

use std::collections::BTreeMap;

use segno_engine::Store;
use segno_interpreter::{
    history::{Detail, HistoryEvent},
    payload::{PayloadId, Payloads},
};
use segno_tests::sim::{book::error_name, world::World};

/// More history events than any execution has.
const EVENTS_MAX: usize = 100_000;

/// What a simulation leaves behind.
#[derive(Default)]
pub(crate) struct Seen {
    /// The histories of all executions, by ARN.
    pub(crate) histories: BTreeMap<String, Vec<String>>,
    /// Attempts that were lost.
    pub(crate) lost: usize,
    /// Jobs that were started, that were cancelled, and that nobody cares about.
    pub(crate) jobs: usize,
    pub(crate) cancelled: usize,
    pub(crate) left: usize,
    /// Attempts whose calls were begun, as those count who were called.
    pub(crate) calls: usize,
}

impl Seen {
    /// What this one leaves behind.
    pub(crate) async fn of(world: &World) -> Self {
        let mut seen = Self {
            calls: world.book.calls(),
            jobs: world.jobs.started(),
            cancelled: world.jobs.cancelled(),
            left: world.jobs.left(),
            ..Self::default()
        };
        for key in world.book.executions() {
            let (events, payloads) = world.store.history(&key, 0, EVENTS_MAX).await.unwrap();
            seen.lost += events.iter().filter(|event| is_lost(event)).count();
            seen.histories.insert(key.arn, lines(&events, &payloads));
        }
        seen
    }
}

/// One line for each event. An attempt that was lost has none, nor the beginning of the one that was made
/// in its stead: so what is left is as if the first had not been lost.
fn lines(events: &[HistoryEvent], payloads: &Payloads) -> Vec<String> {
    // Of each event its place in what is left; of one that is left out the place of what it follows from.
    let mut places = BTreeMap::from([(0, 0)]);
    let mut is_left_out = BTreeMap::from([(0, false)]);
    let mut lines = Vec::new();
    for event in events {
        let previous = event.previous_event_id;
        let begins_anew = is_left_out[&previous] && is_beginning(&event.detail);
        let is_out = is_lost(event) || begins_anew || is_answered(&event.detail);
        is_left_out.insert(event.id, is_out);
        let place = match is_out {
            true => places[&previous],
            false => {
                lines.push(line(event, places[&previous], payloads));
                lines.len()
            }
        };
        places.insert(event.id, place);
    }
    lines
}

/// Whether an attempt has ended with its worker, or nobody has heard that it was handed out.
fn is_lost(event: &HistoryEvent) -> bool {
    let ends_attempt = matches!(
        event.detail,
        Detail::LambdaFunctionFailed(_) | Detail::TaskFailed { .. }
    );
    let is_gone =
        ends_attempt && error_name(event).is_some_and(|name| name.ends_with(".SdkClientException"));
    is_gone || matches!(event.detail, Detail::ActivityTimedOut(_))
}

/// Whether a call has told that it is over, and something is waited for: if that comes first, there is
/// no such event.
fn is_answered(detail: &Detail) -> bool {
    matches!(detail, Detail::TaskSubmitted { .. })
}

fn is_beginning(detail: &Detail) -> bool {
    matches!(
        detail,
        Detail::LambdaFunctionScheduled { .. }
            | Detail::LambdaFunctionStarted
            | Detail::ActivityScheduled { .. }
            | Detail::ActivityStarted { .. }
            | Detail::TaskScheduled(_)
            | Detail::TaskStarted(_)
    )
}

fn line(event: &HistoryEvent, previous: usize, payloads: &Payloads) -> String {
    let name = event.detail.type_name();
    let error = error_name(event).unwrap_or_default();
    let output = output(&event.detail).and_then(|id| payloads.get(id));
    let output = output.map(|output| output.text().to_owned());
    format!("{previous} {name} {error} {}", output.unwrap_or_default())
}

/// What a state or the execution has come to. Requests and responses bear ids that are never the same.
fn output(detail: &Detail) -> Option<PayloadId> {
    match detail {
        Detail::StateExited { output, .. } | Detail::ExecutionSucceeded { output } => Some(*output),
        _ => None,
    }
}
