//! Those who start executions, stop them and redrive them.

use std::{sync::Arc, time::Duration};

use segno_asl::{definition::MachineType, errors::StateError};
use segno_engine::{
    Store,
    catalog::{self, Change, Machine, Revision, StateMachineRecord},
    operations::{RedriveError, StartRequest, arn},
    store::{Created, EndStatus},
};
use segno_interpreter::{event::Timestamp, key::Nonce, payload::Payload};
use serde_json::json;
use tokio::time::sleep;

use super::{
    chance::Chance,
    program::{Program, machine_arn},
    sim::Sim,
    world::World,
};

/// What there is, and what is done with it.
#[derive(Debug, Clone, Default)]
pub struct Plans {
    /// The state machines.
    pub programs: Vec<Program>,
    /// ARNs of the activities.
    pub activities: Vec<String>,
    /// What is started.
    pub starts: Vec<Start>,
    /// What somebody does to executions that executions have started.
    pub meddles: Vec<Meddle>,
}

/// Somebody stops, or redrives, executions that other executions have started.
#[derive(Debug, Clone)]
pub struct Meddle {
    /// Name of their state machine.
    pub machine: String,
    /// When it is looked for them first.
    pub after: Duration,
    /// Whether one that has failed is redriven. Otherwise one that is open is stopped.
    pub is_redrive: bool,
}

/// An execution that somebody starts.
#[derive(Debug, Clone)]
pub struct Start {
    /// The state machine.
    pub program: Program,
    /// Name of the execution.
    pub name: String,
    /// When.
    pub after: Duration,
    /// Whether somebody else starts one of the same name at the same time.
    pub has_rival: bool,
    /// Whether whoever starts it asks again with the same nonce until there is an answer.
    pub insists: bool,
    /// So much later it is stopped.
    pub stop_after: Option<Duration>,
    /// Whether it is redriven, should it fail.
    pub is_redriven: bool,
}

impl Start {
    /// A start that nothing else is done about.
    pub fn new(program: Program, name: impl Into<String>) -> Self {
        Self {
            program,
            name: name.into(),
            after: Duration::ZERO,
            has_rival: false,
            insists: false,
            stop_after: None,
            is_redriven: false,
        }
    }

    /// A start, and what is done about it.
    pub fn drawn(program: Program, name: String, chance: &Chance, may_redo: bool) -> Self {
        Self {
            after: chance.millis(0..60_000),
            has_rival: chance.one_in(6),
            insists: chance.one_in(3),
            stop_after: chance.one_in(6).then(|| chance.millis(0..120_000)),
            is_redriven: may_redo && chance.one_in(2),
            ..Self::new(program, name)
        }
    }

    /// ARN of the execution.
    pub fn arn(&self) -> String {
        arn::execution(&machine_arn(&self.program.name), &self.name).unwrap()
    }

    fn request(&self, nonce: Option<Nonce>) -> StartRequest {
        let machine = machine(&self.program);
        StartRequest {
            nonce,
            ..StartRequest::new(machine, &*self.name, Payload::from(json!({})))
        }
    }
}

fn machine(program: &Program) -> Machine {
    let mut machine = Machine::new(
        machine_arn(&program.name),
        &*program.name,
        program.definition.to_string(),
        "arn:aws:iam::123456789012:role/any",
        Timestamp(0),
    );
    if program.is_express {
        machine.machine_type = MachineType::Express;
    }
    machine
}

/// Registers the state machines of a plan: before anything can go wrong.
pub async fn register(world: &World, plans: &Plans) {
    for program in &plans.programs {
        let text = program.definition.to_string();
        world.note(|| format!("{}: {text}", program.name));
        catalog::store_definition(&world.store, &text)
            .await
            .unwrap();
        let machine = machine(program);
        let record = StateMachineRecord {
            name: machine.name.clone(),
            machine_type: machine.machine_type,
            created_at: Timestamp(0),
            updated_at: None,
            status: Default::default(),
            revision: Revision::new(&text, machine.role_arn().to_owned()),
            last_version: 0,
            versions: Vec::new(),
            aliases: Default::default(),
            tags: Default::default(),
        };
        catalog::change(
            &world.store,
            &machine.arn,
            |_: Option<StateMachineRecord>| {
                Ok::<_, catalog::CatalogError>((Change::Put(record.clone()), ()))
            },
        )
        .await
        .unwrap();
    }
}

impl Sim {
    /// Starts an execution, and does with it what is planned.
    pub async fn call(self: Arc<Self>, start: Start) {
        sleep(start.after).await;
        if start.has_rival {
            let (sim, rival) = (Arc::clone(&self), start.clone());
            self.spawn(async move {
                sim.begin(&rival).await;
            });
        }
        let is_there = self.begin(&start).await;
        if start.program.is_express || !is_there {
            return;
        }
        if let Some(after) = start.stop_after {
            sleep(after).await;
            let end = self.stop(&start.arn()).await;
            self.world
                .book
                .stopped(&start.arn(), end, !start.is_redriven);
        }
        if start.is_redriven {
            self.redrive(&start.arn()).await;
        }
    }

    /// Starts an execution. Gives whether there is one of that name for sure.
    async fn begin(self: &Arc<Self>, start: &Start) -> bool {
        let nonce = start.insists.then(|| {
            let mut nonce = Nonce::default();
            self.world.chance.fill(&mut nonce.0);
            nonce
        });
        loop {
            self.world.count("starts");
            let asked = self.ask(async |engine| engine.start(start.request(nonce)).await);
            match asked.await {
                Some(Ok(Created::New(head))) => {
                    self.world.note(|| format!("{} is started", head.key));
                    self.world.count("executions started");
                    self.world.book.started(head.key);
                    return true;
                }
                Some(Ok(Created::Existing(_))) => {
                    self.world.count("starts of a name that was taken");
                    return true;
                }
                None | Some(Err(_)) if start.insists => sleep(Duration::from_secs(1)).await,
                None | Some(Err(_)) => return false,
            }
        }
    }

    /// Looks a few times for executions to meddle with, and does.
    pub async fn meddle(self: Arc<Self>, meddle: Meddle) {
        const LOOKS: usize = 20;
        sleep(meddle.after).await;
        for _ in 0..LOOKS {
            let Some(arn) = self.find(&meddle).await else {
                sleep(Duration::from_secs(5)).await;
                continue;
            };
            let sim = Arc::clone(&self);
            return self.spawn(async move {
                sim.world.count("children that somebody meddled with");
                match meddle.is_redrive {
                    true => sim.redrive(&arn).await,
                    false => drop(sim.stop(&arn).await),
                }
            });
        }
    }

    /// An execution that can be meddled with.
    async fn find(&self, meddle: &Meddle) -> Option<String> {
        let infix = format!(":execution:{}:", meddle.machine);
        for key in self.world.book.executions() {
            if !key.arn.contains(&infix) {
                continue;
            }
            let head = self.world.store.head(&key.arn).await.unwrap();
            let end = head.map(|head| head.shown.end);
            let fits = match end {
                None => false,
                Some(None) => !meddle.is_redrive,
                Some(Some(end)) => meddle.is_redrive && end.status != EndStatus::Succeeded,
            };
            if fits {
                return Some(key.arn);
            }
        }
        None
    }

    /// Stops an execution: until there is an answer. Gives how it has ended.
    async fn stop(self: &Arc<Self>, arn: &str) -> EndStatus {
        let error = StateError::new("Stopped", "as planned");
        loop {
            let asked = self.ask(async |engine| engine.stop(arn, error.clone()).await);
            if let Some(Ok(end)) = asked.await {
                self.world
                    .note(|| format!("{arn} is stopped: {}", end.status.name()));
                self.world.count("executions stopped");
                return end.status;
            }
            sleep(Duration::from_secs(1)).await;
        }
    }

    /// Redrives an execution when it has ended, if it can be redriven: until there is an answer.
    async fn redrive(self: &Arc<Self>, arn: &str) {
        let end = loop {
            let head = self.world.store.head(arn).await.unwrap();
            match head.and_then(|head| head.shown.end) {
                Some(end) => break end,
                None => sleep(Duration::from_secs(10)).await,
            }
        };
        if end.status == EndStatus::Succeeded {
            return;
        }
        loop {
            let asked = self.ask(async |engine| engine.redrive(arn).await);
            match asked.await {
                Some(Ok(_)) => {
                    self.world.note(|| format!("{arn} is redriven"));
                    self.world.count("executions redriven");
                    return self.world.book.redriven(arn);
                }
                // An answer that was lost, or an execution that never began.
                Some(Err(RedriveError::NotRedrivable)) => return,
                None | Some(Err(_)) => sleep(Duration::from_secs(1)).await,
            }
        }
    }
}
