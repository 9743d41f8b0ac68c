//! The engine loses nothing, runs nothing twice, and never gets stuck, whatever goes wrong: seeded
//! simulations of random state machines in several processes.
//!
//! `SEGNO_SIMULATION_SEEDS` says how many seeds are run, `SEGNO_SIMULATION_SEED` which one alone is, and
//! told.

#![allow(clippy::unwrap_used, reason = "this is a test")]
#![allow(
    clippy::disallowed_methods,
    reason = "the seeds come from the environment"
)]

use std::{
    collections::BTreeMap,
    io::Write,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use segno_tests::sim::{Mutation, Notes, simulate, world::Counts};

/// How many seeds are run, unless `SEGNO_SIMULATION_SEEDS` says otherwise.
const SEEDS: u64 = 10_000;

/// A bug that was put in must be found within so many seeds.
const MUTATION_SEEDS: u64 = 2_000;

/// What must have happened at least once, or the seeds show less than they promise.
const SITUATIONS: [&str; 71] = [
    // What goes wrong.
    "deaths",
    "stalls",
    "slow deeds",
    "clocks that are wrong",
    "copies",
    "late messages",
    "messages out of turn",
    "messages to two at once",
    "redeliveries",
    "conflicts",
    "refusals: commit",
    "refusals: send Wake",
    "lost answers: commit",
    "lost answers: create head",
    "lost answers: update head",
    "lost answers: send Start",
    "lost answers: send Wake",
    "lost answers: decide Answered",
    "lost answers: decide Closed",
    "lost answers: delete",
    "commits that were recognised",
    "recoveries",
    // Claims and attempts.
    "renewals",
    "attempts held lost",
    "calls made again",
    "send Ended",
    "send Look",
    // Tokens.
    "answers",
    "answers before the call was over",
    "answers that were repeated",
    "second answers",
    "answers that a time-out or a failure was before",
    "time-outs and failures that an answer was before",
    "activities taken",
    "history: ActivityTimedOut",
    "history: TaskTimedOut",
    "history: LambdaFunctionTimedOut",
    // Wake-ups.
    "send Wake",
    "wake-ups before their time",
    "wake-ups of another number",
    // What callers do.
    "executions started",
    "starts of a name that was taken",
    "executions stopped",
    "executions redriven",
    "history: ExecutionAborted",
    "history: ExecutionRedriven",
    "history: ExecutionTimedOut",
    // Who listens.
    "status changes: RUNNING",
    "status changes: SUCCEEDED",
    "status changes: FAILED",
    "status changes: TIMED_OUT",
    "status changes: ABORTED",
    "refusals: tell",
    "attempts reported lost",
    // Several at once.
    "history: MapStateSucceeded",
    "history: MapStateFailed",
    "history: ParallelStateSucceeded",
    "history: ParallelStateFailed",
    "history: MapIterationAborted",
    // Jobs.
    "jobs",
    "polls",
    "jobs cancelled",
    // Children.
    "children that are waited for",
    "children of children",
    "children that somebody meddled with",
    "stops of what had not begun",
    "starts of what was stopped before",
    "send ChildEnded",
    "Express executions",
    "Express children",
    "history: TaskSubmitted",
];

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap())
}

fn outcome(seed: u64, mutation: Option<Mutation>) -> Result<segno_tests::sim::Report, String> {
    let simulated = catch_unwind(AssertUnwindSafe(|| simulate(seed, mutation, Notes::None)));
    simulated.unwrap_or_else(|panic| {
        let what = panic.downcast_ref::<String>().cloned();
        let what = what.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
        Err(format!("panic: {}", what.unwrap_or_default()))
    })
}

/// Runs seeds on all processors until one fails. Gives what was counted, or the lowest that failed.
fn run_all(seeds: u64, mutation: Option<Mutation>) -> Result<Counts, (u64, String)> {
    let next = AtomicU64::new(0);
    let has_failed = AtomicBool::new(false);
    let counts = Mutex::new(Counts::new());
    let failures = Mutex::new(BTreeMap::new());
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !has_failed.load(Ordering::SeqCst) {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= seeds {
                        return;
                    }
                    match outcome(seed, mutation) {
                        Ok(report) => {
                            let mut counts = counts.lock().unwrap();
                            for (what, times) in report.counts {
                                *counts.entry(what).or_default() += times;
                            }
                        }
                        Err(what) => {
                            has_failed.store(true, Ordering::SeqCst);
                            failures.lock().unwrap().insert(seed, what);
                        }
                    }
                }
            });
        }
    });
    match failures.into_inner().unwrap().pop_first() {
        Some(failure) => Err(failure),
        None => Ok(counts.into_inner().unwrap()),
    }
}

#[test]
fn nothing_is_lost_or_done_twice_and_everything_ends() {
    if let Some(seed) = variable("SEGNO_SIMULATION_SEED") {
        simulate(seed, None, Notes::Told).unwrap();
        return;
    }
    let seeds = variable("SEGNO_SIMULATION_SEEDS").unwrap_or(SEEDS);
    match run_all(seeds, None) {
        Ok(counts) => {
            // Past the capture of the test harness: it is to be seen in every run.
            let mut stdout = std::io::stdout().lock();
            writeln!(stdout, "in {seeds} simulations:").unwrap();
            for (what, times) in &counts {
                writeln!(stdout, "  {times:9} {what}").unwrap();
            }
            let has_happened = |what: &&str| counts.contains_key(*what);
            let missing: Vec<&str> = SITUATIONS
                .into_iter()
                .filter(|what| !has_happened(what))
                .collect();
            assert!(
                missing.is_empty() || seeds < SEEDS,
                "that did not happen once: {missing:?}"
            );
        }
        Err((seed, what)) => panic!(
            "seed {seed}: {what}\n\nTo see it happen:\n  SEGNO_SIMULATION_SEED={seed} cargo test \
             --package segno-tests --test simulation -- --nocapture"
        ),
    }
}

#[test]
fn a_bug_that_is_put_in_is_found() {
    let mut stdout = std::io::stdout().lock();
    let mut unfound = Vec::new();
    for mutation in Mutation::ALL {
        match run_all(MUTATION_SEEDS, Some(mutation)) {
            Ok(_) => unfound.push(mutation),
            Err((seed, what)) => {
                let what: String = what
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .chars()
                    .take(160)
                    .collect();
                writeln!(stdout, "{mutation:?}: seed {seed}: {what}").unwrap();
            }
        }
    }
    assert!(
        unfound.is_empty(),
        "not found within {MUTATION_SEEDS} seeds: {unfound:?}"
    );
}

#[test]
fn a_seed_repeats_itself() {
    let noted = |seed| simulate(seed, None, Notes::Hashed);
    for seed in 0..50 {
        assert_eq!(noted(seed), noted(seed), "seed {seed}");
    }
}
