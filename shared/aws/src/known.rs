//! What is known of executions without asking: the number of the newest commit, and where the payloads are.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard},
};

use segno_interpreter::{key::ExecutionKey, payload::PayloadId};

use crate::record::Place;

/// Places that are remembered. Those of an execution that is forgotten are read once more.
const PLACES_MAX: usize = 500_000;

/// What is known of executions that were loaded or committed here.
#[derive(Default)]
pub(crate) struct Known {
    tips: Mutex<Tips>,
}

#[derive(Default)]
struct Tips {
    of: HashMap<ExecutionKey, Arc<Tip>>,
    places: usize,
}

/// The newest commit of an execution, as far as it is known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tip {
    pub(crate) number: u64,
    /// Payloads of lower numbers are in this commit or in those before.
    pub(crate) payloads: u64,
    /// Where those are that its checkpoint refers to.
    pub(crate) places: BTreeMap<PayloadId, Place>,
}

impl Tip {
    /// Before the first commit there is the input.
    pub(crate) fn start() -> Self {
        Self {
            number: 0,
            payloads: 1,
            places: BTreeMap::from([(PayloadId(0), Place::Commit(0))]),
        }
    }
}

impl Known {
    pub(crate) fn tip(&self, execution: &ExecutionKey) -> Option<Arc<Tip>> {
        self.tips().of.get(execution).cloned()
    }

    /// Remembers a commit that is durable. Whoever has read an older one does not replace it.
    pub(crate) fn keep(&self, execution: &ExecutionKey, tip: Tip) {
        let mut tips = self.tips();
        let known = tips.of.get(execution);
        if known.is_some_and(|known| known.number >= tip.number) {
            return;
        }
        if tips.places > PLACES_MAX {
            *tips = Tips::default();
        }
        let before = known_places(tips.of.get(execution));
        tips.places += 1 + tip.places.len();
        tips.places -= before;
        tips.of.insert(execution.clone(), Arc::new(tip));
    }

    /// Forgets an execution that is no more.
    pub(crate) fn forget(&self, execution: &ExecutionKey) {
        let mut tips = self.tips();
        let removed = tips.of.remove(execution);
        tips.places -= known_places(removed.as_ref());
    }

    fn tips(&self) -> MutexGuard<'_, Tips> {
        self.tips.lock().expect("nothing panics under the lock")
    }
}

fn known_places(tip: Option<&Arc<Tip>>) -> usize {
    tip.map_or(0, |tip| 1 + tip.places.len())
}
