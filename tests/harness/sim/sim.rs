//! A simulation: engines in several processes over one store and one queue, callers, and a clock that
//! jumps. Everything is drawn from one seed.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use segno_engine::{
    Clock, Config, Engine,
    config::{Entropy, Stride},
};
use segno_interpreter::event::Timestamp;
use tokio::{
    runtime::Builder,
    time::{Instant, sleep},
};

use super::{
    backend::Backend,
    callers::{self, Plans},
    chance::Chance,
    faults::Faults,
    functions::Functions,
    judge,
    listener::Listener,
    world::{Counts, Deathbed, ProcessId, World},
};

/// An engine in a simulation.
pub(super) type SimEngine = Engine<Backend, Functions, SimClock>;

/// After so much time whatever has not ended never will.
const HORIZON: Duration = Duration::from_secs(40_000);

/// For so long something may go wrong.
const UNREST: Duration = Duration::from_secs(3_000);

/// How often it is looked whether all is done.
const LOOK_PERIOD: Duration = Duration::from_secs(5);

/// What a simulation came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What was counted.
    pub counts: Counts,
    /// Where a process has died that was to die, and how often.
    pub deathbeds: BTreeMap<Deathbed, u64>,
    /// Deeds that changed something.
    pub deeds: u64,
    /// Everything that has happened, in one number, if it was noted.
    pub hash: u64,
}

/// The clock of a process, which may be wrong.
pub struct SimClock {
    world: Arc<World>,
    process: ProcessId,
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.world.now(self.process)
    }

    async fn sleep_until(&self, time: Timestamp) {
        loop {
            let left = self.now().until(time);
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }
}

/// A simulation.
pub struct Sim {
    /// The world around the engines.
    pub world: Arc<World>,
    engines: Mutex<BTreeMap<usize, (ProcessId, SimEngine)>>,
    busy: AtomicUsize,
}

impl Sim {
    /// Runs what the callers do, with these faults.
    ///
    /// # Errors
    ///
    /// The promise that was broken.
    pub fn run(
        seed: u64,
        faults: Faults,
        plans: impl FnOnce(&World) -> Plans,
    ) -> Result<Report, String> {
        Self::run_and(seed, faults, plans, async |_| ()).map(|(report, ())| report)
    }

    /// Runs what the callers do, with these faults, and looks at the world that it leaves behind.
    ///
    /// # Errors
    ///
    /// The promise that was broken.
    pub fn run_and<T>(
        seed: u64,
        faults: Faults,
        plans: impl FnOnce(&World) -> Plans,
        look: impl AsyncFnOnce(&World) -> T,
    ) -> Result<(Report, T), String> {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let chance = Chance::new(seed);
            let world = Arc::new(World::new(chance, faults));
            let plans = plans(&world);
            let sim = Arc::new(Self {
                world,
                engines: Mutex::default(),
                busy: AtomicUsize::new(0),
            });
            let judged = sim.simulate(plans).await;
            sim.engines.lock().unwrap().clear();
            let report = judged?;
            let seen = look(&sim.world).await;
            Ok((report, seen))
        })
    }

    async fn simulate(self: &Arc<Self>, plans: Plans) -> Result<Report, String> {
        callers::register(&self.world, &plans).await;
        for slot in 0..self.world.faults.workers {
            tokio::spawn(Arc::clone(self).keep_up(slot));
        }
        if self.world.faults.reconciles {
            tokio::spawn(Arc::clone(self).reconcile());
        }
        for activity in &plans.activities {
            for _ in 0..2 {
                tokio::spawn(Arc::clone(self).work_for(activity.clone()));
            }
        }
        for meddle in &plans.meddles {
            tokio::spawn(Arc::clone(self).meddle(meddle.clone()));
        }
        for start in &plans.starts {
            self.spawn(Arc::clone(self).call(start.clone()));
        }
        let end = Instant::now() + HORIZON;
        while !self.is_quiet().await {
            let broken = self.world.violations();
            if !broken.is_empty() {
                return Err(broken.join("\n"));
            }
            if Instant::now() >= end {
                return Err(judge::stuck(self).await);
            }
            if self.world.passed() >= UNREST {
                self.world.calm_down();
            }
            sleep(LOOK_PERIOD).await;
        }
        judge::judge(&self.world, &plans).await?;
        Ok(Report {
            counts: self.world.counts(),
            deathbeds: self.world.deathbeds(),
            deeds: self.world.deeds(),
            hash: self.world.hash(),
        })
    }

    /// Whether all callers are answered, nothing waits, and everything has ended.
    async fn is_quiet(&self) -> bool {
        self.busy.load(Ordering::SeqCst) == 0
            && self.world.queue.is_empty()
            && judge::open(&self.world).await.is_empty()
    }

    /// Whoever is still busy.
    pub fn busy(&self) -> usize {
        self.busy.load(Ordering::SeqCst)
    }

    /// Lets somebody outside do something; the simulation does not end before.
    pub fn spawn(self: &Arc<Self>, what: impl Future<Output = ()> + Send + 'static) {
        self.busy.fetch_add(1, Ordering::SeqCst);
        let sim = Arc::clone(self);
        tokio::spawn(async move {
            what.await;
            sim.busy.fetch_sub(1, Ordering::SeqCst);
        });
    }

    /// Has a process work, and another one when that has died.
    async fn keep_up(self: Arc<Self>, slot: usize) {
        loop {
            let process = self.world.spawn();
            let engine = self.engine(process);
            let entry = (process, engine.clone());
            self.engines.lock().unwrap().insert(slot, entry);
            let worker = engine.clone();
            let work = tokio::spawn(async move { worker.work().await });
            let has_forgotten = !self.world.faults.is_durable && process.0 > 0;
            if has_forgotten {
                tokio::spawn(async move {
                    while engine.recover().await.is_err() {
                        sleep(Duration::from_secs(1)).await;
                    }
                });
            }
            self.world.death(process).await;
            work.abort();
            self.engines.lock().unwrap().remove(&slot);
            sleep(self.world.chance.millis(0..40_000)).await;
        }
    }

    fn engine(self: &Arc<Self>, process: ProcessId) -> SimEngine {
        let world = Arc::clone(&self.world);
        let clock = SimClock {
            world: Arc::clone(&world),
            process,
        };
        let randomness = world.chance.fork();
        let listener = || Listener::new(Arc::clone(&world), process);
        let config = Config {
            claim_lifetime: world.faults.claim_lifetime,
            attempts_max: world.faults.attempts_max,
            stride: match world.faults.strides {
                true => Stride::LONG,
                false => Stride::SHORT,
            },
            entropy: Entropy::new(move |bytes| {
                randomness.fill(bytes);
                Ok(())
            }),
            status_changes: Some(Arc::new(listener())),
            ..Config::default()
        };
        let observer = listener();
        let functions = Functions::new(Arc::clone(self), process);
        let backend = Backend::new(world, process);
        Engine::configured(backend, functions, clock, config, observer)
    }

    /// Asks somebody to recover, now and then.
    async fn reconcile(self: Arc<Self>) {
        for _ in 0..3 {
            sleep(self.world.chance.millis(0..600_000)).await;
            self.world.count("recoveries");
            let _ = self.ask(async |engine| engine.recover().await).await;
        }
    }

    /// Asks any process that lives. `None`: it has died, and nobody knows what it did before.
    pub async fn ask<T>(&self, what: impl AsyncFnOnce(SimEngine) -> T) -> Option<T> {
        let (process, engine) = loop {
            if let Some(found) = self.somebody() {
                break found;
            }
            sleep(Duration::from_secs(1)).await;
        };
        tokio::select! {
            biased;
            () = self.world.death(process) => None,
            answer = what(engine) => Some(answer),
        }
    }

    fn somebody(&self) -> Option<(ProcessId, SimEngine)> {
        let engines = self.engines.lock().unwrap();
        let number = match engines.len() {
            0 => return None,
            several => self.world.chance.below(several),
        };
        engines.values().nth(number).cloned()
    }
}
