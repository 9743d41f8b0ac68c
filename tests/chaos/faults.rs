//! What goes wrong, and when: the same from the same seed, as far as the same requests come.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use crate::{
    chance::Chance,
    harness::proxy::{Fate, Request},
};

/// Of a hundred requests to a service, so many have this fate.
const FATES: [(&str, &[(Fate, u64)]); 4] = [
    (
        "dynamodb",
        &[
            (Fate::Throttled, 8),
            (Fate::Broken, 4),
            (Fate::Lost, 4),
            (Fate::Reset, 2),
        ],
    ),
    (
        "sqs",
        &[(Fate::Throttled, 4), (Fate::Broken, 4), (Fate::Lost, 3)],
    ),
    (
        "s3",
        &[(Fate::Throttled, 10), (Fate::Broken, 5), (Fate::Lost, 5)],
    ),
    (
        "lambda",
        &[
            (Fate::Reset, 8),
            (Fate::Lost, 2),
            (Fate::Unheard, 3),
            (Fate::Throttled, 4),
            (Fate::Broken, 4),
        ],
    ),
];

/// A worker that dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kill {
    /// Before what it commits is written.
    BeforeCommit,
    /// After it is written, and before it hears of that.
    AfterCommit,
    /// While a function works for it.
    DuringCall,
    /// Before the messages are sent that it owes.
    BeforeSend,
}

impl Kill {
    pub(crate) const ALL: [Self; 4] = [
        Self::AfterCommit,
        Self::DuringCall,
        Self::BeforeCommit,
        Self::BeforeSend,
    ];

    /// What becomes of the request at which it dies; `None` if it does not die at this one.
    fn at(self, request: &Request) -> Option<Fate> {
        let (is_here, fate) = match self {
            Self::BeforeCommit => (is_commit(request), Fate::Unheard),
            Self::AfterCommit => (is_commit(request), Fate::Lost),
            Self::DuringCall => (request.service == "lambda", Fate::Lost),
            Self::BeforeSend => (request.operation == "SendMessageBatch", Fate::Unheard),
        };
        is_here.then_some(fate)
    }
}

fn is_commit(request: &Request) -> bool {
    let sort = || -> Option<bool> {
        let body: serde_json::Value = serde_json::from_slice(&request.body).ok()?;
        Some(body["Item"]["sk"]["S"].as_str()?.starts_with('c'))
    };
    request.operation == "PutItem" && sort() == Some(true)
}

/// What goes wrong as long as the storm lasts.
pub(crate) struct Faults {
    seed: u64,
    is_storm: AtomicBool,
    /// How often something was drawn.
    drawn: Mutex<BTreeMap<String, u64>>,
    /// How often what has happened.
    happened: Mutex<BTreeMap<String, usize>>,
    kills: Mutex<VecDeque<Kill>>,
    /// When workers died, in milliseconds since the Unix epoch.
    killed: Mutex<Vec<i64>>,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            is_storm: AtomicBool::new(false),
            drawn: Mutex::default(),
            happened: Mutex::default(),
            kills: Mutex::default(),
            killed: Mutex::default(),
        }
    }

    pub(crate) fn set_storm(&self, is_storm: bool) {
        self.is_storm.store(is_storm, Ordering::Relaxed);
    }

    /// What becomes of a request.
    pub(crate) fn fate(&self, request: &Request) -> Fate {
        let fates = FATES
            .iter()
            .find(|(service, _)| request.service == *service);
        let Some((_, fates)) = fates else {
            return Fate::Answered;
        };
        let mut drawn = self.draw(&format!("{} {}", request.service, request.operation));
        for (fate, percent) in *fates {
            if drawn < *percent {
                self.count(&format!("{} {fate:?}", request.service));
                return *fate;
            }
            drawn -= percent;
        }
        Fate::Answered
    }

    /// Whether something happens that does so many times of a hundred.
    pub(crate) fn happens(&self, what: &str, percent: u64) -> bool {
        let happens = self.draw(what) < percent;
        if happens {
            self.count(what);
        }
        happens
    }

    /// A number below a hundred; a hundred when there is no storm.
    fn draw(&self, what: &str) -> u64 {
        if !self.is_storm.load(Ordering::Relaxed) {
            return 100;
        }
        let mut drawn = self.drawn.lock().unwrap();
        let number = drawn.entry(what.to_owned()).or_default();
        *number += 1;
        let what = what.bytes().fold(self.seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Chance::new(what ^ number.rotate_left(32)).next() % 100
    }

    fn count(&self, what: &str) {
        let mut happened = self.happened.lock().unwrap();
        *happened.entry(what.to_owned()).or_default() += 1;
    }

    pub(crate) fn happened(&self) -> BTreeMap<String, usize> {
        self.happened.lock().unwrap().clone()
    }

    /// The next worker that can dies in this way.
    pub(crate) fn arm(&self, kill: Kill) {
        self.kills.lock().unwrap().push_back(kill);
    }

    /// Whether a worker dies at a request, and what becomes of that.
    pub(crate) fn kills(&self, request: &Request) -> Option<Fate> {
        let mut kills = self.kills.lock().unwrap();
        let fate = kills.front()?.at(request)?;
        let kill = kills.pop_front();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = i64::try_from(now.unwrap().as_millis()).unwrap();
        self.killed.lock().unwrap().push(now);
        self.count(&format!("killed {:?}", kill.unwrap()));
        Some(fate)
    }

    pub(crate) fn killed(&self) -> Vec<i64> {
        self.killed.lock().unwrap().clone()
    }
}
