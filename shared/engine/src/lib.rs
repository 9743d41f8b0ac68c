//! Makes transitions durable and commands happen.
//!
//! ```text
//!   message ─► load ─► advance ─► commit ─► hand on ─► perform ─► (next event) …
//!              └───────── a step ────────┘
//! ```
//!
//! A [message](queue::Message) is the only thing that wakes an execution, and only a step writes its
//! log: it loads the newest checkpoint, lets the interpreter answer what has happened, and commits
//! checkpoint and history together. What the commit owes (calls, the wake-up, children, the head row)
//! is done after it, and can be derived from it again by whoever receives the message once more.
//!
//! The engine knows neither AWS nor a database. It is generic over where executions live ([`Store`]),
//! what wakes them ([`Queue`]), what a Task calls ([`Invoker`]) and what time it is ([`Clock`]). Where
//! state machines and activities are registered is a [`Catalog`]. One type is store, queue and catalog:
//! a [`Backend`].

mod answers;
pub mod catalog;
pub mod clock;
pub mod config;
#[cfg(any(test, feature = "contract-tests"))]
pub mod contract;
pub mod express;
pub mod invoker;
pub mod logs;
pub mod memory;
mod nested;
pub mod operations;
pub mod queue;
mod recovery;
mod retention;
mod session;
mod shift;
pub mod status;
mod step;
pub mod store;
pub mod wide;
mod worker;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use segno_asl::definition::{Diagnostics, StateMachine, parse};
use segno_interpreter::{event::Timestamp, key::ExecutionKey, transition::Transition};
use tokio::{sync::Notify, time::Instant};

pub use self::{
    catalog::Catalog, clock::Clock, config::Config, invoker::Invoker, queue::Queue,
    step::StepError, store::Store,
};
use self::{
    catalog::{CatalogError, ContentHash},
    express::Remembered,
    recovery::Recovery,
    store::Head,
    worker::Sessions,
};

/// Where everything lives that must outlast a step.
pub trait Backend: Store + Queue + Catalog {}

impl<T: Store + Queue + Catalog> Backend for T {}

/// Definitions that are kept compiled, and as many texts. Beyond that all are forgotten, and read anew
/// when they are needed.
const DEFINITIONS_MAX: usize = 1_000;

/// Runs executions over a backend, an invoker and a clock. Cloning shares it.
pub struct Engine<S, I, C> {
    inner: Arc<Inner<S, I, C>>,
}

struct Inner<S, I, C> {
    store: S,
    invoker: I,
    clock: C,
    config: Config,
    observer: Box<dyn Observer>,
    definitions: Mutex<HashMap<Arc<str>, Arc<StateMachine>>>,
    /// The texts of definitions that were read, by hash.
    texts: Mutex<HashMap<ContentHash, Arc<str>>>,
    sessions: Mutex<Sessions>,
    recovery: Recovery,
    express: Mutex<Remembered>,
    /// Until when this worker is there, if that is not for ever.
    shift_end: Mutex<Option<Instant>>,
    /// Executions have ended, or are offered to the workers of activities.
    news: Notify,
}

/// Is told of every commit, after it is durable.
pub trait Observer: Send + Sync + 'static {
    /// An execution has moved on.
    fn committed(&self, execution: &ExecutionKey, transition: &Transition);

    /// So many attempts of an execution were lost: their worker is gone, and nobody knows what it did.
    fn lost(&self, _execution: &ExecutionKey, _attempts: usize, _now: Timestamp) {}
}

/// Watches nothing.
pub struct Unobserved;

impl Observer for Unobserved {
    fn committed(&self, _execution: &ExecutionKey, _transition: &Transition) {}
}

impl<S, I, C> Clone for Engine<S, I, C> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// An engine that nobody watches.
    pub fn new(store: S, invoker: I, clock: C) -> Self {
        Self::configured(store, invoker, clock, Config::default(), Unobserved)
    }

    /// An engine that tells `observer` of every commit.
    pub fn configured(
        store: S,
        invoker: I,
        clock: C,
        config: Config,
        observer: impl Observer,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                invoker,
                clock,
                config,
                observer: Box::new(observer),
                definitions: Mutex::default(),
                texts: Mutex::default(),
                sessions: Mutex::default(),
                recovery: Recovery::default(),
                express: Mutex::default(),
                shift_end: Mutex::default(),
                news: Notify::new(),
            }),
        }
    }

    /// Where executions live.
    pub fn store(&self) -> &S {
        &self.inner.store
    }

    /// What tasks call.
    pub fn invoker(&self) -> &I {
        &self.inner.invoker
    }

    /// What time it is.
    pub fn clock(&self) -> &C {
        &self.inner.clock
    }

    /// How it works.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// The compiled form of a definition. Each text is compiled once.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn compile(&self, definition: &Arc<str>) -> Result<Arc<StateMachine>, Diagnostics> {
        let mut definitions = lock(&self.inner.definitions);
        if let Some(machine) = definitions.get(definition) {
            return Ok(Arc::clone(machine));
        }
        let machine = Arc::new(parse(definition)?);
        if definitions.len() >= DEFINITIONS_MAX {
            definitions.clear();
        }
        definitions.insert(Arc::clone(definition), Arc::clone(&machine));
        Ok(machine)
    }

    /// The text of a definition. Each is read once: what a hash names does not change.
    pub(crate) async fn definition(&self, hash: &ContentHash) -> Result<Arc<str>, CatalogError> {
        if let Some(text) = lock(&self.inner.texts).get(hash) {
            return Ok(Arc::clone(text));
        }
        let text = catalog::definition(self.store(), hash).await?;
        let mut texts = lock(&self.inner.texts);
        if texts.len() >= DEFINITIONS_MAX {
            texts.clear();
        }
        texts.insert(hash.clone(), Arc::clone(&text));
        Ok(text)
    }

    /// The definition that an execution was started with. A head row that was read from a store may
    /// not have its text.
    ///
    /// # Errors
    ///
    /// [`CatalogError`].
    pub async fn definition_of(&self, head: &Head) -> Result<Arc<str>, CatalogError> {
        match head.machine.definition.is_empty() {
            true => self.definition(&head.machine.revision.definition).await,
            false => Ok(Arc::clone(&head.machine.definition)),
        }
    }

    /// The compiled definition that an execution was started with.
    pub(crate) async fn machine_of(&self, head: &Head) -> Result<Arc<StateMachine>, StepError> {
        let text = self.definition_of(head).await?;
        self.compile(&text).map_err(|source| StepError::Definition {
            execution: head.key.arn.clone(),
            source,
        })
    }

    fn observer(&self) -> &dyn Observer {
        &*self.inner.observer
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        lock(&self.inner.sessions)
    }

    fn recovery(&self) -> &Recovery {
        &self.inner.recovery
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        lock(&self.inner.express)
    }

    /// An execution has ended, or is offered to the workers of an activity: somebody may wait for it.
    fn announce(&self) {
        self.inner.news.notify_waiters();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nothing panics under the lock")
}
