//! Makes transitions durable and commands happen.
//!
//! ```text
//!   event ─► load ─► advance ─► commit ─► perform ─► (next event) …
//! ```
//!
//! Only a [step](Engine::step) writes the log of an execution: it loads the newest checkpoint, lets
//! the interpreter answer the event, and commits checkpoint and history together. What the commit
//! owes (attempts, the wake-up, going on) is done after it, and can be derived from it again.
//!
//! The engine knows neither AWS nor a database. It is generic over where executions live
//! ([`Store`]), what a Task calls ([`Invoker`]) and what time it is ([`Clock`]). Where state machines
//! and activities are registered ([`Catalog`]) is the same type as where executions live.

pub mod catalog;
pub mod clock;
#[cfg(any(test, feature = "contract-tests"))]
pub mod contract;
mod drive;
pub mod invoker;
pub mod memory;
pub mod operations;
mod step;
pub mod store;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use segno_asl::definition::{Diagnostics, StateMachine, parse};
use segno_interpreter::event::EventKind;
use tokio::sync::mpsc;

pub use self::{
    catalog::Catalog,
    clock::Clock,
    drive::{Observer, Unobserved},
    invoker::Invoker,
    step::{StepError, Stepped},
    store::Store,
};

/// Runs executions over a store, an invoker and a clock. Cloning shares it.
pub struct Engine<S, I, C> {
    inner: Arc<Inner<S, I, C>>,
}

struct Inner<S, I, C> {
    store: S,
    invoker: I,
    clock: C,
    observer: Box<dyn Observer>,
    definitions: Mutex<HashMap<Arc<str>, Arc<StateMachine>>>,
    /// The way to each execution that runs in this process.
    inboxes: Mutex<HashMap<String, mpsc::UnboundedSender<EventKind>>>,
}

impl<S, I, C> Clone for Engine<S, I, C> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<S: Store, I: Invoker, C: Clock> Engine<S, I, C> {
    /// An engine that nobody watches.
    pub fn new(store: S, invoker: I, clock: C) -> Self {
        Self::observed(store, invoker, clock, Unobserved)
    }

    /// An engine that tells `observer` of every commit.
    pub fn observed(store: S, invoker: I, clock: C, observer: impl Observer) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                invoker,
                clock,
                observer: Box::new(observer),
                definitions: Mutex::default(),
                inboxes: Mutex::default(),
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

    /// The compiled form of a definition. Each text is compiled once.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn compile(&self, definition: &Arc<str>) -> Result<Arc<StateMachine>, Diagnostics> {
        let mut definitions = self
            .inner
            .definitions
            .lock()
            .expect("nothing panics under the lock");
        if let Some(machine) = definitions.get(definition) {
            return Ok(Arc::clone(machine));
        }
        let machine = Arc::new(parse(definition)?);
        definitions.insert(Arc::clone(definition), Arc::clone(&machine));
        Ok(machine)
    }
}
