//! A process may die anywhere: before everything that it changes, once, and where it is worth while once
//! more while another one recovers. Each time everything ends with the same history as if nobody had died,
//! and nothing is called twice. All places that have a name must have been died at.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod histories;
mod points;
mod programs;

use std::{
    collections::{BTreeMap, VecDeque},
    io::Write,
    sync::Mutex,
};

use segno_tests::sim::{Faults, Report, Sim, world::Deathbed};

use self::{
    histories::Seen,
    points::POINTS,
    programs::{Subject, subjects},
};

/// Whatever is drawn is drawn from it.
const SEED: u64 = 7;

/// A backend, as far as it matters to who dies when.
#[derive(Clone, Copy)]
struct Setting {
    name: &'static str,
    faults: fn() -> Faults,
    /// Whether messages outlive the process.
    is_durable: bool,
}

const SETTINGS: [Setting; 2] = [
    Setting {
        name: "a queue between processes",
        faults: Faults::none,
        is_durable: true,
    },
    Setting {
        name: "a queue in memory, and head rows that are written along",
        faults: Faults::none_in_memory,
        is_durable: false,
    },
];

/// What came of a subject in a setting.
#[derive(Default)]
struct Tally {
    runs: u64,
    deathbeds: BTreeMap<Deathbed, u64>,
    failures: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.failures.extend(other.failures);
        for (deathbed, times) in other.deathbeds {
            *self.deathbeds.entry(deathbed).or_default() += times;
        }
    }
}

fn run(subject: &Subject, setting: Setting, deaths: &[u64]) -> Result<(Report, Seen), String> {
    let faults = Faults {
        deaths: deaths.to_vec(),
        ..(setting.faults)()
    };
    Sim::run_and(SEED, faults, |world| subject.plans(&world.book), Seen::of)
}

/// Lets it die everywhere.
fn die(subject: &Subject, setting: Setting) -> Tally {
    let mut tally = Tally::default();
    let (report, calm) = match run(subject, setting, &[]) {
        Ok(calm) => calm,
        Err(what) => {
            let name = subject.name;
            tally.failures.push(format!("{name}: calm: {what}"));
            return tally;
        }
    };
    let first = calm.histories.values().next();
    let last = first.and_then(|history| history.last());
    if !subject.ends.is_empty() && !last.is_some_and(|last| last.contains(subject.ends)) {
        let name = subject.name;
        tally
            .failures
            .push(format!("{name}: it ends with {last:?}"));
    }
    for death in 1..=report.deeds {
        let Some(once) = try_out(subject, setting, &calm, &[death], &mut tally) else {
            continue;
        };
        if subject.dies_twice {
            for again in death + 1..=once.deeds {
                try_out(subject, setting, &calm, &[death, again], &mut tally);
            }
        }
    }
    tally
}

fn try_out(
    subject: &Subject,
    setting: Setting,
    calm: &Seen,
    deaths: &[u64],
    tally: &mut Tally,
) -> Option<Report> {
    tally.runs += 1;
    let ran = run(subject, setting, deaths);
    let ran = ran.and_then(|(report, seen)| {
        same(calm, &seen)?;
        if setting.is_durable {
            same_jobs(calm, &seen)?;
        }
        Ok(report)
    });
    match ran {
        Ok(report) => {
            for (deathbed, times) in &report.deathbeds {
                *tally.deathbeds.entry(*deathbed).or_default() += times;
            }
            Some(report)
        }
        Err(what) => {
            let (name, setting) = (subject.name, setting.name);
            let failure = format!("{name}, {setting}, dying before {deaths:?}: {what}");
            tally.failures.push(failure);
            None
        }
    }
}

fn same(calm: &Seen, seen: &Seen) -> Result<(), String> {
    if calm.histories != seen.histories {
        return Err(format!(
            "the histories are\n{:#?}\nand were\n{:#?}",
            seen.histories, calm.histories
        ));
    }
    let most = calm.calls + seen.lost;
    if !(calm.calls..=most).contains(&seen.calls) {
        return Err(format!(
            "{} calls were made; {} without a death, and {} were lost",
            seen.calls, calm.calls, seen.lost
        ));
    }
    Ok(())
}

/// A start that is not recognised may be lost, and its job with it. Whoever is to cancel a job may be gone
/// with all messages, where they do not outlive the process.
fn same_jobs(calm: &Seen, seen: &Seen) -> Result<(), String> {
    let most = calm.jobs + seen.lost;
    if !(calm.jobs..=most).contains(&seen.jobs)
        || seen.left > seen.lost
        || seen.cancelled != calm.cancelled
    {
        return Err(format!(
            "{} jobs were started, {} cancelled, {} left; {} and {} without a death; {} attempts were lost",
            seen.jobs, seen.cancelled, seen.left, calm.jobs, calm.cancelled, seen.lost
        ));
    }
    Ok(())
}

#[test]
fn a_process_may_die_anywhere() {
    let subjects = subjects();
    let settings = SETTINGS.iter().copied();
    let jobs = settings.flat_map(|setting| subjects.iter().map(move |subject| (subject, setting)));
    let jobs = jobs.filter(|(subject, setting)| setting.is_durable || !subject.is_express());
    let jobs: Mutex<VecDeque<_>> = Mutex::new(jobs.collect());
    let all = Mutex::new(Tally::default());
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((subject, setting)) = { jobs.lock().unwrap().pop_front() } {
                    let tally = die(subject, setting);
                    all.lock().unwrap().add(tally);
                }
            });
        }
    });
    let all = all.into_inner().unwrap();
    print(&all);
    assert!(
        all.failures.is_empty(),
        "{} runs failed, among them:\n{}",
        all.failures.len(),
        all.failures[..all.failures.len().min(5)].join("\n\n")
    );
    let missed: Vec<&str> = POINTS
        .iter()
        .filter(|point| point.hits(&all.deathbeds) == 0)
        .map(|point| point.name)
        .collect();
    assert!(missed.is_empty(), "nobody has died there: {missed:#?}");
}

/// Past the capture of the test harness: it is to be seen in every run.
fn print(all: &Tally) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "deaths in {} runs:", all.runs).unwrap();
    for point in &POINTS {
        let hits = point.hits(&all.deathbeds);
        writeln!(stdout, "  {hits:9} {}", point.name).unwrap();
    }
}
