//! Whether executions ended as in calm, and what became of their attempts.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    client::Client,
    functions::attempt,
    harness::proxy::Fate,
    histories::{comparable, details, lost, without_chance},
    machines::Kind,
};

/// How long it takes at most until what a dead worker had in hand goes on: as long as claims and messages
/// hold, a minute. As long again for what the storm adds, for a receive whose answer is lost keeps
/// messages away anew, and for a machine that is busy.
const GOES_ON: Duration = Duration::from_secs(2 * 60);

/// How an execution ended, without what is never the same.
#[derive(Debug, Clone, PartialEq)]
struct End {
    described: Value,
    history: Vec<String>,
}

#[derive(Default)]
pub(crate) struct Verdict {
    /// How executions end in calm.
    calm: BTreeMap<Kind, Vec<End>>,
    /// Attempts that histories schedule.
    scheduled: BTreeSet<String>,
    /// Those that faults have cost, with the cause that the history names.
    lost: BTreeMap<String, String>,
    /// When something has happened, by execution.
    times: Vec<Vec<i64>>,
}

impl Verdict {
    /// Learns how executions of a kind end in calm.
    pub(crate) async fn learn(&mut self, client: &Client, kind: Kind, until: Instant) {
        let name = format!("calm-{}", kind.name());
        let ends = self.ends(client, kind, &name, until).await;
        let status = match kind {
            Kind::Failing => "FAILED",
            _ => "SUCCEEDED",
        };
        assert_eq!(ends[0].described["status"], status, "{ends:#?}");
        self.calm.insert(kind, ends);
    }

    /// Waits for the end of an execution, which is that of its kind in calm.
    pub(crate) async fn enter(&mut self, client: &Client, kind: Kind, name: &str, until: Instant) {
        let ends = self.ends(client, kind, name, until).await;
        for (here, calm) in ends.iter().zip(&self.calm[&kind]) {
            let only = |one: &End, other: &End| -> Vec<String> {
                let lines = one.history.iter();
                lines
                    .filter(|line| !other.history.contains(line))
                    .cloned()
                    .collect()
            };
            assert_eq!(
                (&here.described, only(here, calm), here.history.len()),
                (&calm.described, only(calm, here), calm.history.len()),
                "{name}, and in calm"
            );
            assert_eq!(here, calm, "{name}, and in calm");
        }
    }

    /// The end of an execution, and of what it has started.
    async fn ends(&mut self, client: &Client, kind: Kind, name: &str, until: Instant) -> Vec<End> {
        let mut ends = vec![self.end(client, &kind.name(), name, until).await];
        if kind == Kind::Parent {
            let child = format!("{name}-child");
            ends.push(self.end(client, &Kind::Order.name(), &child, until).await);
        }
        ends
    }

    async fn end(&mut self, client: &Client, machine: &str, name: &str, until: Instant) -> End {
        let (described, events) = client.end(machine, name, until).await;
        self.enter_attempts(&events);
        let at = |event: &Value| (event["timestamp"].as_f64().unwrap() * 1_000.0) as i64;
        self.times.push(events.iter().map(at).collect());
        let described = json!({
            "status": described["status"],
            "output": described["output"],
            "error": described["error"],
            "cause": described["cause"],
        });
        End {
            described: without_chance(&described, name),
            history: comparable(&events, name),
        }
    }

    fn enter_attempts(&mut self, events: &[Value]) {
        // Which attempt an event is about: that of the event before it.
        let mut about: BTreeMap<u64, String> = BTreeMap::new();
        for event in events {
            let scheduled = scheduled(event);
            let before = about.get(&event["previousEventId"].as_u64().unwrap());
            let Some(attempt) = scheduled.clone().or(before.cloned()) else {
                continue;
            };
            if scheduled.is_some() {
                let is_new = self.scheduled.insert(attempt.clone());
                assert!(is_new, "scheduled twice: {attempt}");
            }
            if lost(event).is_some() {
                let cause = details(event)["cause"].as_str().unwrap_or_default();
                self.lost.insert(attempt.clone(), cause.to_owned());
            }
            about.insert(event["id"].as_u64().unwrap(), attempt);
        }
    }

    /// No attempt was made twice, none without a history of it; none is lost without a fault, and nothing
    /// waited longer for a dead worker than it must.
    pub(crate) fn compare(&self, arrivals: &BTreeMap<String, Vec<Fate>>, killed: &[i64]) {
        for (attempt, fates) in arrivals {
            assert_eq!(
                fates.len(),
                1,
                "{attempt} was made {} times: {fates:?}",
                fates.len()
            );
            assert!(
                self.scheduled.contains(attempt),
                "never scheduled: {attempt}"
            );
            let is_lost = self.lost.contains_key(attempt);
            let must_be_lost = match fates[0] {
                Fate::Answered => false,
                // Its token may have been answered all the same.
                Fate::Lost | Fate::Reset => !attempt.contains(", approve,"),
                Fate::Unheard | Fate::Throttled | Fate::Broken => true,
            };
            assert!(
                is_lost || !must_be_lost,
                "{attempt}: {fates:?}, and not lost"
            );
        }
        for attempt in &self.scheduled {
            let fate = arrivals.get(attempt).map(|fates| fates[0]);
            match self.lost.get(attempt) {
                None => assert!(fate.is_some(), "never made, and not lost: {attempt}"),
                Some(cause) if is_of_worker(cause) => assert!(!killed.is_empty(), "{attempt}"),
                Some(cause) => {
                    let is_fault = fate.is_some_and(|fate| fate != Fate::Answered);
                    assert!(
                        is_fault,
                        "{attempt} is lost, and nothing went wrong: {cause}"
                    );
                }
            }
        }
        let longest = self.longest_after(killed);
        assert!(
            longest <= GOES_ON,
            "stood still for {longest:?} after a kill"
        );
    }

    /// How long something stood still at most that stood still when a worker died. Whoever takes it up may
    /// die, too: from then on it is counted anew.
    fn longest_after(&self, killed: &[i64]) -> Duration {
        let mut longest = 0_i64;
        for times in &self.times {
            for two in times.windows(2) {
                let during = killed.iter().filter(|at| (two[0]..two[1]).contains(*at));
                let last = during.max().map_or(0, |at| two[1] - at);
                longest = longest.max(last);
            }
        }
        Duration::from_millis(longest.unsigned_abs())
    }

    pub(crate) fn summary(&self, killed: &[i64]) -> String {
        let of_worker = self.lost.values().filter(|cause| is_of_worker(cause));
        format!(
            "{} attempts, {} of them lost, {} with their worker; at most {:?} until all went on after a kill",
            self.scheduled.len(),
            self.lost.len(),
            of_worker.count(),
            self.longest_after(killed),
        )
    }
}

fn is_of_worker(cause: &str) -> bool {
    cause.starts_with("The worker that made this call is gone")
}

/// The attempt that an event schedules, if it does.
fn scheduled(event: &Value) -> Option<String> {
    let details = details(event);
    let sent = [&details["input"], &details["parameters"]];
    if event["type"] != "LambdaFunctionScheduled" && event["type"] != "TaskScheduled" {
        return None;
    }
    let sent = sent.into_iter().find_map(Value::as_str)?;
    let sent: Value = serde_json::from_str(sent).unwrap();
    let sent = sent.get("Payload").unwrap_or(&sent);
    sent.get("retry").map(|_| attempt(sent))
}
