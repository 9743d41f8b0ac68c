//! The stack: functions that are the real program, the queues that feed them, and a schedule.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use segno_aws::Places;
use segno_tests::lambda::{Function, Mapping};
use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    chance::Chance,
    faults::Faults,
    functions::Desk,
    harness::{Emulator, proxy::Proxy},
    machines::ACCOUNT,
};

/// Invocations for the queue at the same time.
const WORKERS: usize = 3;

/// How long an invocation may take: as the template has it.
const TIMEOUT: Duration = Duration::from_secs(900);

/// How late a message is at most.
const LATE: Duration = Duration::from_secs(3);

/// Of a hundred messages, so many are late, and so many come twice.
const LATE_PERCENT: u64 = 15;
const TWICE_PERCENT: u64 = 10;

/// Functions, and all that invokes them. They end with it.
pub(crate) struct Stack {
    workers: Vec<Arc<Function>>,
    /// What the schedule invokes.
    clock: Arc<Function>,
    running: JoinSet<()>,
}

/// What a function needs to know of the world.
pub(crate) struct World {
    pub(crate) emulator: Arc<Emulator>,
    pub(crate) places: Places,
    pub(crate) faults: Arc<Faults>,
    pub(crate) desk: Arc<Desk>,
    /// Where the functions are that executions call.
    pub(crate) functions: u16,
}

impl World {
    /// A function behind a proxy of its own. One that may die does so at a request.
    async fn function(&self, name: &str, may_die: bool) -> Arc<Function> {
        let function: Arc<Mutex<Option<Arc<Function>>>> = Arc::default();
        let dying = Arc::clone(&function);
        let (faults, desk) = (Arc::clone(&self.faults), Arc::clone(&self.desk));
        let (emulator, functions) = (self.emulator.port, self.functions);
        let proxy = Proxy::routing(move |request| {
            let killed = may_die.then(|| faults.kills(request)).flatten();
            if killed.is_some() {
                dying.lock().unwrap().as_ref().unwrap().kill();
            }
            let fate = killed.unwrap_or_else(|| faults.fate(request));
            if request.service != "lambda" {
                return (emulator, fate);
            }
            desk.note(request, fate);
            (functions, fate)
        });
        let environment = self.environment(&proxy.await.url());
        let program = Path::new(env!("CARGO_BIN_EXE_step"));
        let started = Arc::new(Function::new(program, environment, TIMEOUT, self.log(name)));
        *function.lock().unwrap() = Some(Arc::clone(&started));
        started
    }

    fn log(&self, name: &str) -> PathBuf {
        let file = format!("chaos-{}-{name}.log", self.emulator.port);
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(file)
    }

    fn environment(&self, url: &str) -> BTreeMap<String, String> {
        let queues = &self.places.queues;
        [
            ("SEGNO_TABLE", &*self.places.table),
            ("SEGNO_BUCKET", &self.places.bucket),
            ("SEGNO_QUEUE_URL", &queues.main),
            ("SEGNO_SECOND_QUEUE_URL", &queues.second),
            ("SEGNO_DEAD_LETTERS_URL", &queues.dead_letters),
            ("SEGNO_ACCOUNT_ID", ACCOUNT),
            ("SEGNO_STACK", "segno"),
            ("SEGNO_ROLE_PATTERN", "*"),
            // What waits longer is a row.
            ("SEGNO_DELAY_MAX_SECONDS", "2"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ENDPOINT_URL", url),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
    }
}

impl Stack {
    pub(crate) async fn start(world: &World, chance: &mut Chance) -> Self {
        let mut workers = Vec::new();
        for number in 0..WORKERS {
            workers.push(world.function(&format!("step-{number}"), true).await);
        }
        let clock = world.function("clock", false).await;
        let suspects = world.function("suspects", false).await;
        let mut running = JoinSet::new();
        let emulated = world.emulator.emulated();
        let queues = &world.places.queues;
        let mut post = || {
            Arc::new(Post {
                faults: Arc::clone(&world.faults),
                chance: Mutex::new(chance.fork()),
                late: Mutex::default(),
            })
        };
        let (of_main, of_second) = (post(), post());
        for worker in &workers {
            let mapping = Mapping::new(emulated.clone(), &queues.main, 10);
            running.spawn(feed(mapping, Arc::clone(worker), Arc::clone(&of_main)));
        }
        // As the template has it: each by itself.
        let mapping = Mapping::new(emulated, &queues.second, 1);
        running.spawn(feed(mapping, suspects, of_second));
        running.spawn(tick(Arc::clone(&clock)));
        Self {
            workers,
            clock,
            running,
        }
    }

    /// Has all open executions look at what they owe, as an operator does after a purge.
    pub(crate) async fn recover(&self) -> Value {
        loop {
            match self.clock.invoke(json!({ "recover": true })).await {
                Ok(answer) => return answer,
                Err(_) => sleep(Duration::from_millis(500)).await,
            }
        }
    }

    /// How many processes there were of those that may die.
    pub(crate) fn processes(&self) -> usize {
        self.workers.iter().map(|worker| worker.started()).sum()
    }

    pub(crate) async fn stop(mut self) {
        self.running.shutdown().await;
    }
}

/// Invokes the function on a schedule, more often than the template does. What fails comes again.
async fn tick(clock: Arc<Function>) {
    loop {
        sleep(Duration::from_secs(1)).await;
        let _ = clock.invoke(json!({})).await;
    }
}

/// Hands messages to a function, for ever.
async fn feed(mapping: Mapping, function: Arc<Function>, post: Arc<Post>) {
    loop {
        let records = post.stir(mapping.receive().await);
        if !records.is_empty() {
            // What is not answered is not deleted, and comes again.
            let _ = mapping.hand_over(&function, &records).await;
        }
    }
}

/// What delivers messages: in any order, late, and more than once.
struct Post {
    faults: Arc<Faults>,
    chance: Mutex<Chance>,
    late: Mutex<Vec<(Instant, Value)>>,
}

impl Post {
    fn stir(&self, received: Vec<Value>) -> Vec<Value> {
        let mut chance = self.chance.lock().unwrap();
        let mut late = self.late.lock().unwrap();
        let mut records = Vec::new();
        for record in received {
            let due = Instant::now() + chance.up_to(LATE);
            if self.faults.happens("message late", LATE_PERCENT) {
                late.push((due, record));
                continue;
            }
            if self.faults.happens("message twice", TWICE_PERCENT) {
                late.push((due, record.clone()));
            }
            records.push(record);
        }
        late.retain(|(due, record)| {
            let is_due = *due <= Instant::now();
            if is_due {
                records.push(record.clone());
            }
            !is_due
        });
        for index in (1..records.len()).rev() {
            let other = chance.next() % (index as u64 + 1);
            records.swap(index, usize::try_from(other).unwrap());
        }
        records
    }
}
