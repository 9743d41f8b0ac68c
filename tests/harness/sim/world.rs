//! The world around the engines: a store and a queue that all processes share, processes that die and
//! stand still, and whatever else goes wrong.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    future::pending,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use segno_engine::memory::MemoryStore;
use segno_interpreter::{event::Timestamp, key::ExecutionKey};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, sleep_until},
};

use super::{
    book::Book,
    chance::Chance,
    faults::{Faults, Mutation, Notes},
    jobs::Jobs,
    queue::SharedQueue,
    traffic::Traffic,
};

/// When every simulation begins: 2024-01-01.
const BEGIN: Timestamp = Timestamp(1_704_067_200_000);

/// What all processes share.
pub struct World {
    /// What goes wrong is drawn here.
    pub chance: Chance,
    /// What may go wrong.
    pub faults: Faults,
    /// What is durable.
    pub store: MemoryStore,
    /// What waits.
    pub queue: SharedQueue,
    /// What is called, and how often it was.
    pub book: Book,
    /// The jobs that tasks have started.
    pub jobs: Jobs,
    begun: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    processes: Vec<Process>,
    faults_left: usize,
    deeds: u64,
    /// The process dies before this deed, counted from 1.
    deaths: Vec<u64>,
    counts: Counts,
    traffic: BTreeMap<String, Traffic>,
    deathbeds: BTreeMap<Deathbed, u64>,
    hash: u64,
    violations: Vec<String>,
}

/// Where a process has died that was to die.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deathbed {
    /// Whether another process had died before.
    pub is_in_recovery: bool,
    /// The last thing that it changed.
    pub last: &'static str,
    /// What it was to change next.
    pub next: &'static str,
}

/// How often what has happened.
pub type Counts = BTreeMap<Cow<'static, str>, u64>;

/// One process: what it does ends with it.
struct Process {
    is_dead: bool,
    death: Arc<Notify>,
    stalled_until: Option<Instant>,
    skew: i64,
    last: &'static str,
}

/// A process, as what runs in it knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProcessId(pub usize);

/// What a process does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It reads.
    Read(&'static str),
    /// It changes something, whenever it gets to it.
    Write(&'static str),
    /// It changes something that it may only change in time. It has looked at its clock: it may be
    /// slow from here on, but it does not stand still.
    Timely(&'static str),
    /// The same, and it does not fail by itself.
    Call(&'static str),
}

impl Deed {
    fn name(self) -> &'static str {
        match self {
            Self::Read(name) | Self::Write(name) | Self::Timely(name) | Self::Call(name) => name,
        }
    }
}

/// There was no answer.
#[derive(Debug, thiserror::Error)]
#[error("no answer")]
pub struct NoAnswer;

impl World {
    /// A world in which nothing has happened.
    pub fn new(chance: Chance, faults: Faults) -> Self {
        let state = State {
            faults_left: faults.count,
            deaths: faults.deaths.clone(),
            ..State::default()
        };
        Self {
            queue: SharedQueue::new(&faults),
            chance,
            faults,
            store: MemoryStore::default(),
            book: Book::default(),
            jobs: Jobs::default(),
            begun: Instant::now(),
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// A new process.
    pub fn spawn(&self) -> ProcessId {
        let skew = match self.faults.skew {
            0 => 0,
            most => i64::try_from(self.chance.between(0..2 * most)).unwrap() - most as i64,
        };
        if skew != 0 {
            self.count("clocks that are wrong");
        }
        let mut state = self.state();
        state.processes.push(Process {
            is_dead: false,
            death: Arc::default(),
            stalled_until: None,
            skew,
            last: "nothing",
        });
        ProcessId(state.processes.len() - 1)
    }

    /// Waits for the death of a process.
    pub async fn death(&self, process: ProcessId) {
        let death = Arc::clone(&self.state().processes[process.0].death);
        let died = death.notified();
        tokio::pin!(died);
        died.as_mut().enable();
        if !self.is_dead(process) {
            died.await;
        }
    }

    /// Ends a process: whatever it does next, it does not.
    pub fn kill(&self, process: ProcessId) {
        self.count("deaths");
        self.queue.died(process, Instant::now());
        self.note(|| format!("{process:?} dies"));
        let mut state = self.state();
        state.processes[process.0].is_dead = true;
        // Whoever waits is told in the order in which they came.
        state.processes[process.0].death.notify_waiters();
    }

    /// What time it is for a process.
    pub fn now(&self, process: ProcessId) -> Timestamp {
        let passed = i64::try_from(self.begun.elapsed().as_millis()).unwrap();
        Timestamp(BEGIN.0 + passed + self.state().processes[process.0].skew)
    }

    /// Lets a process do something. It may be late, in vain, without an answer, or its last deed.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`]: it may have been done.
    pub async fn act<T>(
        &self,
        process: ProcessId,
        deed: Deed,
        what: impl Future<Output = T>,
    ) -> Result<T, NoAnswer> {
        self.begin(process, deed).await?;
        let done = what.await;
        self.note(|| format!("{process:?} {}", deed.name()));
        self.end(process, deed).await?;
        Ok(done)
    }

    /// What comes before a deed.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`]: it is not done.
    async fn begin(&self, process: ProcessId, deed: Deed) -> Result<(), NoAnswer> {
        if matches!(deed, Deed::Read(_) | Deed::Write(_)) {
            self.stand_still(process).await;
        }
        self.live(process).await;
        if !matches!(deed, Deed::Read(_)) && self.is_last(process, deed) {
            self.kill(process);
        }
        self.live(process).await;
        self.take_time().await;
        self.live(process).await;
        if self.faults.death > 0 && self.strikes(self.faults.death) {
            self.kill(process);
            self.live(process).await;
        }
        if !matches!(deed, Deed::Call(_)) && self.strikes(self.faults.refusal) {
            self.count("refusals");
            self.count(format!("refusals: {}", deed.name()));
            return Err(NoAnswer);
        }
        Ok(())
    }

    /// What comes after it.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`]: it was done, and nobody is told.
    async fn end(&self, process: ProcessId, deed: Deed) -> Result<(), NoAnswer> {
        if self.faults.death > 0 && self.strikes(self.faults.death) {
            self.kill(process);
        }
        if self.strikes(self.faults.stall) {
            self.stall(process);
        }
        self.take_time().await;
        self.stand_still(process).await;
        self.live(process).await;
        if !matches!(deed, Deed::Call(_)) && self.strikes(self.faults.silence) {
            self.count("lost answers");
            self.count(format!("lost answers: {}", deed.name()));
            return Err(NoAnswer);
        }
        Ok(())
    }

    /// A dead process does not go on.
    async fn live(&self, process: ProcessId) {
        if self.is_dead(process) {
            pending().await
        }
    }

    fn is_dead(&self, process: ProcessId) -> bool {
        self.state().processes[process.0].is_dead
    }

    /// A process stands still: it is longer than anything it holds.
    pub fn stall(&self, process: ProcessId) {
        self.count("stalls");
        let time = self.chance.millis(20_000..200_000);
        self.note(|| format!("{process:?} stands still for {time:?}"));
        self.state().processes[process.0].stalled_until = Some(Instant::now() + time);
    }

    async fn stand_still(&self, process: ProcessId) {
        loop {
            let until = self.state().processes[process.0].stalled_until;
            match until.filter(|until| Instant::now() < *until) {
                Some(until) => sleep_until(until).await,
                None => return,
            }
        }
    }

    /// Everything takes a moment; something takes long.
    async fn take_time(&self) {
        let time = match self.strikes(self.faults.slowness) {
            true => {
                self.count("slow deeds");
                self.chance.millis(500..5_000)
            }
            false if self.faults.latency == 0 => return,
            false => self.chance.millis(0..self.faults.latency),
        };
        if !time.is_zero() {
            sleep(time).await;
        }
    }

    /// Whether something goes wrong that does so one time in so many. In the end nothing does.
    fn strikes(&self, times: usize) -> bool {
        let strikes = times > 0 && self.faults_left() && self.chance.one_in(times);
        if strikes {
            self.state().faults_left -= 1;
        }
        strikes
    }

    /// Whether anything can go wrong yet.
    pub fn faults_left(&self) -> bool {
        self.state().faults_left > 0
    }

    /// Nothing goes wrong from now on.
    pub fn calm_down(&self) {
        self.state().faults_left = 0;
    }

    /// Counts a deed, and says whether the process dies before it.
    fn is_last(&self, process: ProcessId, deed: Deed) -> bool {
        let mut state = self.state();
        state.deeds += 1;
        let number = state.deeds;
        let last = std::mem::replace(&mut state.processes[process.0].last, deed.name());
        let is_last = state.deaths.contains(&number);
        if is_last {
            let deathbed = Deathbed {
                is_in_recovery: state.processes.iter().any(|process| process.is_dead),
                last,
                next: deed.name(),
            };
            *state.deathbeds.entry(deathbed).or_default() += 1;
        }
        is_last
    }

    /// Deeds that have changed something so far.
    pub fn deeds(&self) -> u64 {
        self.state().deeds
    }

    /// Where a process has died that was to die, and how often.
    pub fn deathbeds(&self) -> BTreeMap<Deathbed, u64> {
        self.state().deathbeds.clone()
    }

    /// Counts something.
    pub fn count(&self, what: impl Into<Cow<'static, str>>) {
        self.count_more(what, 1);
    }

    /// Counts several of something.
    pub fn count_more(&self, what: impl Into<Cow<'static, str>>, times: u64) {
        if times > 0 {
            *self.state().counts.entry(what.into()).or_default() += times;
        }
    }

    /// What was counted.
    pub fn counts(&self) -> Counts {
        self.state().counts.clone()
    }

    /// Notes what goes on about an execution.
    pub(super) fn note_traffic(&self, execution: &ExecutionKey, what: impl FnOnce(&mut Traffic)) {
        let mut state = self.state();
        match state.traffic.get_mut(&execution.arn) {
            Some(traffic) => what(traffic),
            None => what(state.traffic.entry(execution.arn.clone()).or_default()),
        }
    }

    /// What went on about each execution.
    pub fn traffic(&self) -> BTreeMap<String, Traffic> {
        self.state().traffic.clone()
    }

    /// A promise was broken.
    pub fn violated(&self, what: String) {
        self.note(|| format!("VIOLATED: {what}"));
        self.state().violations.push(what);
    }

    /// The promises that were broken.
    pub fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    /// What has happened, in one number: a seed that is repeated gives the same.
    pub fn hash(&self) -> u64 {
        self.state().hash
    }

    /// Notes what happens, if anybody wants to know.
    pub fn note(&self, line: impl FnOnce() -> String) {
        if self.faults.notes == Notes::None {
            return;
        }
        let line = line();
        let passed = self.begun.elapsed();
        if self.faults.notes == Notes::Told {
            #[allow(
                clippy::print_stderr,
                reason = "whoever repeats a seed wants to see it"
            )]
            {
                eprintln!("{:10.3} {line}", passed.as_secs_f64());
            }
        }
        let mut state = self.state();
        for byte in line.bytes().chain(passed.as_millis().to_be_bytes()) {
            state.hash = (state.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// Whether a bug was put in.
    pub fn is_mutated(&self, mutation: Mutation) -> bool {
        self.faults.mutation == Some(mutation)
    }

    /// How long the simulation has lasted.
    pub fn passed(&self) -> Duration {
        self.begun.elapsed()
    }
}
