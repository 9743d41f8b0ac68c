//! What the tasks of a simulation call, and whoever answers the tokens that are handed out.

use std::{sync::Arc, time::Duration};

use segno_asl::{
    definition::{Resource, StateName, Task},
    errors::StateError,
};
use segno_engine::{
    Invoker,
    invoker::{Call, Job},
    operations::AnswerError,
};
use segno_interpreter::{
    event::{Outcome, Polled},
    payload::Payload,
    token::TaskToken,
};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    book::{Answerer, Attempted, Behaviour, Plan},
    faults::Mutation,
    sim::Sim,
    world::{Deed, ProcessId},
};

/// What one process calls.
pub struct Functions {
    sim: Arc<Sim>,
    process: ProcessId,
}

impl Functions {
    /// What a process calls.
    pub fn new(sim: Arc<Sim>, process: ProcessId) -> Self {
        Self { sim, process }
    }
}

impl Invoker for Functions {
    fn accepts(&self, _state: &StateName, _task: &Task) -> Result<(), String> {
        Ok(())
    }

    async fn invoke(&self, call: Call) -> Outcome {
        let world = &self.sim.world;
        let behaviour = world.book.behaviour(&call.state).unwrap();
        let attempted = (call.execution_arn.clone(), call.attempt);
        // One of Express runs as often as its message is received.
        let is_repeatable = is_repeatable(&behaviour) || call.execution_arn.contains(":express:");
        let beginning = async {
            world.note(|| format!("call of {:?}, {}", attempted.1, call.state));
            world
                .book
                .begin(world, &attempted, &call.state, is_repeatable)
        };
        let begun = world.act(self.process, Deed::Call("begin call"), beginning);
        // What is called does not fail by itself.
        let before = begun.await.unwrap();
        world.book.calling(&attempted, false);
        let outcome = match behaviour {
            Behaviour::Answers { after, fails, .. } => {
                sleep(after).await;
                match before < fails {
                    true => Err(StateError::new("Boom", "as it was told")),
                    false => Ok(Payload::from(json!({ "by": &*call.state }))),
                }
            }
            Behaviour::Job {
                runs,
                is_recognised,
            } => {
                let job = match is_recognised {
                    true => call.token,
                    false => format!("job {}", world.jobs.started()),
                };
                world.jobs.start(job.clone(), runs);
                world.count("jobs");
                sleep(Duration::from_secs(1)).await;
                Ok(Payload::from(json!({ "Job": job })))
            }
            Behaviour::Token(plan) => {
                let token = call.input.value()["Payload"]["token"].as_str();
                self.sim
                    .hand_out(token.unwrap().to_owned(), attempted.clone(), plan);
                if matches!(plan, Plan::AtOnce) {
                    sleep(Duration::from_secs(5)).await;
                }
                Ok(Payload::from(json!({})))
            }
        };
        let ended = world.act(self.process, Deed::Call("end call"), async { outcome });
        let outcome = ended.await.unwrap();
        world.book.calling(&attempted, true);
        outcome
    }

    fn is_repeatable(&self, call: &Call) -> bool {
        let world = &self.sim.world;
        world.is_mutated(Mutation::AttemptsAreRepeated)
            || !matches!(call.resource, Resource::Activity { .. })
                && world
                    .book
                    .behaviour(&call.state)
                    .is_some_and(|behaviour| is_repeatable(&behaviour))
    }

    async fn poll(&self, job: Job) -> Polled {
        let world = &self.sim.world;
        let asking = async {
            let name = job_name(&job);
            world.note(|| format!("poll {} of {name}", job.polls));
            world.count("polls");
            match world.jobs.is_over(&name) {
                Some(false) => Polled::Running,
                Some(true) => Polled::Ended(Ok(Payload::from(json!({ "by": &*job.call.state })))),
                None => {
                    world.violated(format!("`{name}` is no job"));
                    Polled::Running
                }
            }
        };
        let polled = world.act(self.process, Deed::Call("poll"), asking).await;
        polled.unwrap_or(Polled::Running)
    }

    async fn cancel(&self, job: Job) -> Result<(), StateError> {
        let world = &self.sim.world;
        let cancelling = async {
            let name = job_name(&job);
            world.note(|| format!("{name} is cancelled"));
            world.count("jobs cancelled");
            if !world.jobs.cancel(&name) {
                world.violated(format!("`{name}` is no job"));
            }
        };
        let cancelled = world.act(self.process, Deed::Call("cancel job"), cancelling);
        let cancelled = cancelled.await;
        cancelled.map_err(|error| StateError::new("NoAnswer", error.to_string()))
    }
}

/// Whether nobody could tell that something was called twice.
fn is_repeatable(behaviour: &Behaviour) -> bool {
    match behaviour {
        Behaviour::Answers { is_repeatable, .. } => *is_repeatable,
        Behaviour::Job { is_recognised, .. } => *is_recognised,
        Behaviour::Token(_) => false,
    }
}

/// What the start of a job answered.
fn job_name(job: &Job) -> String {
    let name = job.response.value()["Job"].as_str();
    name.unwrap_or_default().to_owned()
}

impl Sim {
    /// Hands a token to whoever answers it as planned.
    pub fn hand_out(self: &Arc<Self>, token: String, attempted: Attempted, plan: Plan) {
        let answering = |answerer, after, is_refused| {
            let answer = Answer {
                token: token.clone(),
                attempted: attempted.clone(),
                answerer,
                is_refused,
            };
            let sim = Arc::clone(self);
            self.spawn(async move {
                sleep(after).await;
                sim.answer(answer).await;
            });
        };
        match plan {
            Plan::Once(after) => answering(1, after, false),
            Plan::AtOnce => answering(1, Duration::from_millis(1), false),
            Plan::Twice(after) => {
                answering(1, after, false);
                answering(2, after, self.world.chance.one_in(2));
            }
            Plan::Refused(after) => answering(1, after, true),
            Plan::Beats(every, times) => {
                let (sim, token) = (Arc::clone(self), token.clone());
                self.spawn(async move {
                    for _ in 0..times {
                        sleep(every).await;
                        // Whether it is heard is the engine's business.
                        let _ = sim.ask(async |engine| engine.beat(&token).await).await;
                    }
                });
                answering(1, every * times, false);
            }
            Plan::Never => {}
        }
    }

    /// Answers a token, again and again until it is known what became of it.
    pub async fn answer(self: &Arc<Self>, answer: Answer) {
        let Answer {
            token,
            attempted,
            answerer,
            is_refused,
        } = answer;
        let content = json!({ "by": answerer, "attempt": attempted.1.number });
        let outcome = match is_refused {
            true => Err(StateError::new("Refused", content.to_string())),
            false => Ok(Payload::from(content)),
        };
        loop {
            let asked = self.ask(async |engine| engine.answer(&token, outcome.clone()).await);
            match asked.await {
                Some(Ok(())) => {
                    self.world
                        .note(|| format!("{attempted:?} is answered by {answerer}"));
                    return self
                        .world
                        .book
                        .acknowledged(&self.world, &attempted, answerer);
                }
                Some(Err(AnswerError::TaskTimedOut | AnswerError::TaskDoesNotExist)) => return,
                Some(Err(AnswerError::InvalidToken)) => {
                    return self.world.violated("a token is none".into());
                }
                None | Some(Err(AnswerError::Store(_) | AnswerError::Queue(_))) => {
                    sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// What the worker of an activity does with its task.
    fn plan_of(&self, activity: &str) -> Plan {
        let name = activity.rsplit(':').next().unwrap();
        if let Some(Behaviour::Token(plan)) = self.world.book.behaviour(name) {
            return plan;
        }
        match self.world.chance.below(4) {
            0 => Plan::Beats(Duration::from_secs(4), 5),
            1 => Plan::Twice(Duration::from_secs(3)),
            _ => Plan::Once(self.world.chance.millis(0..20_000)),
        }
    }

    /// Works for an activity as long as anything is left to do.
    pub async fn work_for(self: Arc<Self>, activity: String) {
        const PATIENCE: Duration = Duration::from_secs(20);
        loop {
            let asked =
                self.ask(async |engine| engine.take_activity_task(&activity, None, PATIENCE).await);
            match asked.await {
                Some(Ok(Some(task))) => {
                    let TaskToken {
                        execution, attempt, ..
                    } = task.token.clone();
                    let attempted = (execution.arn, attempt);
                    self.world.note(|| format!("{attempted:?} is taken"));
                    self.world.count("activities taken");
                    self.world
                        .book
                        .begin(&self.world, &attempted, "activity", false);
                    let plan = self.plan_of(&activity);
                    self.hand_out(task.token.encode(), attempted, plan);
                }
                Some(Ok(None)) => {}
                None | Some(Err(_)) => sleep(Duration::from_secs(1)).await,
            }
        }
    }
}

/// An answer that somebody gives.
pub struct Answer {
    /// What it answers.
    pub token: String,
    /// The attempt of that token.
    pub attempted: Attempted,
    /// Who gives it.
    pub answerer: Answerer,
    /// Whether it is an error.
    pub is_refused: bool,
}

/// What shows who answered, in a result.
pub(super) fn answerer(result: &Value) -> Option<Answerer> {
    result.get("by")?.as_u64()
}
