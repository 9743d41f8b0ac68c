//! `segno dev`, killed at any moment and started again on the same folder: every execution that was
//! acknowledged ends right, no attempt is performed twice, and nothing is lost.
//!
//! `SEGNO_KILL_EXECUTIONS` says how many executions there are (100), `SEGNO_KILL_TIMES` how often the
//! server is killed (4), and `SEGNO_KILL_SEED` when.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "this is a test")]

#[path = "../attempts.rs"]
mod attempts;
#[path = "../chance.rs"]
mod chance;
mod histories;
mod line;
mod load;
#[path = "../local.rs"]
mod local;
mod machines;
mod performers;

use std::{
    sync::{Arc, atomic::Ordering},
    thread,
    time::Duration,
};

use self::{
    chance::Chance,
    histories::Ledger,
    line::Line,
    load::Load,
    local::{Folder, Server},
    machines::Machines,
    performers::Performers,
};

/// Threads that start executions.
const STARTERS: u64 = 4;

/// How long a server lives, on the average.
const LIFE: Duration = Duration::from_millis(1_200);

/// What a server says that has something to go on with.
const GOING_ON: &str = "going on with what has not ended";

fn variable(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(default, |text| text.parse().expect("it is a number"))
}

#[test]
fn nothing_is_lost_and_nothing_is_performed_twice() {
    let executions = variable("SEGNO_KILL_EXECUTIONS", 100);
    let kills = variable("SEGNO_KILL_TIMES", 4);
    let mut chance = Chance::new(variable("SEGNO_KILL_SEED", 1));
    let folder = Folder::with("kill", &[]);
    let line = Arc::new(Line::default());
    let performers = Performers::start(&line, &mut chance);
    let target = format!("work={}", performers.url());
    let begin = || {
        let server = Server::start_kept(&folder.0, &["--no-discovery", "--lambda", &target]);
        line.leads_to(&server.url);
        server
    };

    let mut server = begin();
    let machines = Machines::create(&server);
    performers.take_tasks_of(&machines.activity);
    let load = Arc::new(Load::new(executions, machines));
    let pace = LIFE * u32::try_from(kills * STARTERS).unwrap() / u32::try_from(executions).unwrap();
    let starters: Vec<_> = (0..STARTERS)
        .map(|_| {
            let (load, line, mut chance) = (Arc::clone(&load), Arc::clone(&line), chance.fork());
            thread::spawn(move || load.start(&line, pace, &mut chance))
        })
        .collect();
    let mut resumed = 0;
    for _ in 0..kills {
        thread::sleep(chance.up_to(2 * LIFE));
        resumed += u64::from(server.said().contains(GOING_ON));
        // SIGKILL: it has no say in it.
        drop(server);
        server = begin();
    }
    server.hears(GOING_ON);
    for starter in starters {
        starter.join().unwrap();
    }
    let ended = load.wait_for_all(&line);
    line.is_over.store(true, Ordering::Release);

    let mut ledger = Ledger::default();
    for ended in &ended {
        ledger.enter(&line, ended);
    }
    ledger.enter_children(&line, &load.machines);
    ledger.compare(&performers.performed(), &performers.acknowledged());
    println!(
        "{kills} kills, {} with executions under way; {} executions; {}",
        resumed + 1,
        ended.len(),
        ledger.summary()
    );
}
