//! A stack of the real `step` in a storm: its table, its queue, its bucket and the functions that it calls
//! throttle, fail, and do what they are asked without an answer; messages are late, come twice and in any
//! order; workers are killed at the worst moments, and the queue is purged. Every execution ends as in
//! calm, no attempt is made twice, and nothing is stuck.
//!
//! `SEGNO_CHAOS_EXECUTIONS` says how many executions there are (50), `SEGNO_CHAOS_SEED` what goes wrong.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "this is a test, which the environment says more of"
)]

#[path = "../chance.rs"]
mod chance;
mod client;
mod faults;
mod functions;
#[path = "../../shared/aws/tests/harness/mod.rs"]
mod harness;
mod histories;
mod machines;
mod stack;
mod verdict;

use std::{process::ExitCode, sync::Arc, time::Duration};

use segno_tests::emulated::Emulated;
use serde_json::json;
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::JoinSet,
    time::{Instant, sleep},
};

use self::{
    chance::Chance,
    client::Client,
    faults::{Faults, Kill},
    functions::Desk,
    harness::Emulator,
    machines::Kind,
    stack::{Stack, World},
    verdict::Verdict,
};

/// How long executions may take in all, after the last one has begun.
const PATIENCE: Duration = Duration::from_secs(240);

/// How far apart executions are started, on the average.
const PACE: Duration = Duration::from_millis(120);

/// How long an answer to a token takes at most.
const THOUGHT: Duration = Duration::from_secs(2);

/// One worker dies for so many executions; and the queue is purged once for so many.
const KILL_EVERY: usize = 20;
const PURGE_EVERY: usize = 150;

/// What was under way when the queue was purged is sent within that.
const SETTLED: Duration = Duration::from_secs(4);

fn variable(name: &str, default: usize) -> usize {
    let given = std::env::var(name).ok();
    given.map_or(default, |text| text.parse().expect("it is a number"))
}

async fn every_execution_ends_as_in_calm(emulator: Arc<Emulator>) {
    let executions = variable("SEGNO_CHAOS_EXECUTIONS", 50);
    let seed = variable("SEGNO_CHAOS_SEED", 1) as u64;
    let mut chance = Chance::new(seed);
    let (sender, tokens) = unbounded_channel();
    let world = World {
        places: emulator.places().await,
        faults: Arc::new(Faults::new(seed)),
        desk: Arc::new(Desk::default()),
        functions: functions::serve(&mut chance, sender).await,
        emulator,
    };
    let stack = Stack::start(&world, &mut chance).await;
    let client = Arc::new(Client::new(&world).await);
    tokio::spawn(answer(Arc::clone(&client), tokens, chance.fork()));
    let begun = Instant::now();

    let mut verdict = Verdict::default();
    for kind in Kind::ALL {
        client.create(kind).await;
        client.start(kind, &format!("calm-{}", kind.name())).await;
    }
    for kind in Kind::ALL {
        verdict.learn(&client, kind, begun + PATIENCE).await;
    }
    println!("calm: {:?}", begun.elapsed());

    world.faults.set_storm(true);
    let mut starts = JoinSet::new();
    for number in 0..executions {
        sleep(chance.up_to(2 * PACE)).await;
        let client = Arc::clone(&client);
        starts.spawn(async move { client.start(Kind::of(number), &name(number)).await });
        if number % PURGE_EVERY == PURGE_EVERY.min(executions) / 3 {
            finish(&mut starts).await;
            purge(&world).await;
            sleep(SETTLED).await;
            println!("after a purge: {}", stack.recover().await);
        }
        if number % KILL_EVERY == KILL_EVERY / 2 {
            world
                .faults
                .arm(Kill::ALL[number / KILL_EVERY % Kill::ALL.len()]);
        }
    }
    finish(&mut starts).await;
    sleep(SETTLED).await;
    world.faults.set_storm(false);
    println!("the storm is over: {:?}", begun.elapsed());
    let until = Instant::now() + PATIENCE;
    for number in 0..executions {
        verdict
            .enter(&client, Kind::of(number), &name(number), until)
            .await;
    }
    println!("all have ended: {:?}", begun.elapsed());

    let killed = world.faults.killed();
    assert_eq!(killed.len(), executions / KILL_EVERY, "kills");
    verdict.compare(&world.desk.arrivals(), &killed);
    println!("{executions} executions, {} processes", stack.processes());
    println!("{:?}", world.faults.happened());
    println!("{}", verdict.summary(&killed));
    stack.stop().await;
}

/// Waits until all starts are acknowledged.
async fn finish(starts: &mut JoinSet<()>) {
    while let Some(started) = starts.join_next().await {
        started.unwrap();
    }
}

fn name(number: usize) -> String {
    format!("storm-{number}-of")
}

/// Empties the queue.
async fn purge(world: &World) {
    let emulated: Emulated = world.emulator.emulated();
    let queue = json!({ "QueueUrl": world.places.queues.main });
    emulated.ask("sqs", "AmazonSQS.PurgeQueue", queue).await;
}

/// Answers tokens, each in its own time.
async fn answer(client: Arc<Client>, mut tokens: UnboundedReceiver<String>, mut chance: Chance) {
    while let Some(token) = tokens.recv().await {
        let (client, thought) = (Arc::clone(&client), chance.up_to(THOUGHT));
        tokio::spawn(async move {
            sleep(thought).await;
            client.approve(&token).await;
        });
    }
}

fn main() -> ExitCode {
    harness::run![every_execution_ends_as_in_calm]
}
