//! Express executions: run in memory, kept nowhere. A synchronous one runs at most once, inside the
//! request that asks for it; an asynchronous one at least once, by a message.
//!
//! AWS: [Choosing workflow type](https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html).

use std::{collections::VecDeque, future::pending, sync::Arc, time::Duration};

use segno_interpreter::{
    advance,
    bounds::Bounds,
    checkpoint::Checkpoint,
    command::Command,
    event::{Event, EventKind},
    history::HistoryEvent,
    payload::{Payload, Payloads},
};

use crate::{
    Backend, Clock, Engine, Invoker, StepError,
    invoker::Call,
    logs,
    session::{Attempts, Ended, Subject, started},
    store::{Head, Shown},
};

/// An Express execution may run so long.
///
/// AWS: [Quotas](https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
const TIME_LIMIT: Duration = Duration::from_secs(5 * 60);

/// How many Express executions a process remembers, to be looked at.
const REMEMBERED: usize = 1_000;

/// An Express execution that has ended.
#[derive(Debug, Clone)]
pub struct ExpressRun {
    /// As Describe would show it.
    pub head: Head,
    /// Its input.
    pub input: Payload,
    /// Its output, if it succeeded.
    pub output: Option<Payload>,
    /// Everything that happened.
    pub history: Vec<HistoryEvent>,
    /// The payloads that the history refers to.
    pub payloads: Payloads,
}

/// The Express executions that a process remembers, the oldest first.
pub(crate) type Remembered = VecDeque<Arc<ExpressRun>>;

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// Runs an Express execution to its end.
    ///
    /// # Errors
    ///
    /// [`StepError`] if its definition cannot be read. That it fails is no error.
    pub async fn run_express(
        &self,
        head: Head,
        input: Payload,
    ) -> Result<Arc<ExpressRun>, StepError> {
        let machine = self.machine_of(&head).await?;
        let subject = Subject {
            head: Arc::new(head),
            machine,
        };
        // Their histories are kept nowhere, and so have no bound.
        let bounds = Bounds {
            history_events_max: None,
            ..self.config().bounds
        };
        let mut first = started(&subject.head, input.clone(), bounds);
        if let EventKind::ExecutionStarted(start) = &mut first {
            start.time_limit = Some(TIME_LIMIT);
        }
        let mut run = Run {
            engine: self,
            subject,
            checkpoint: Checkpoint::default(),
            history: Vec::new(),
            payloads: Payloads::default(),
            attempts: Attempts::default(),
        };
        let mut events = vec![first];
        while !run.checkpoint.status.is_closed() {
            for event in events {
                run.apply(event)?;
            }
            run.begin_due()?;
            events = run.next().await;
        }
        let ended = Arc::new(run.ended(input));
        self.remember(Arc::clone(&ended));
        Ok(ended)
    }

    /// The Express executions that this process remembers, the oldest first.
    pub fn express_runs(&self) -> Vec<Arc<ExpressRun>> {
        self.remembered().iter().cloned().collect()
    }

    fn remember(&self, run: Arc<ExpressRun>) {
        let mut remembered = self.remembered();
        if remembered.len() == REMEMBERED {
            remembered.pop_front();
        }
        remembered.push_back(run);
    }
}

/// An Express execution that runs.
struct Run<'e, S, I, C> {
    engine: &'e Engine<S, I, C>,
    subject: Subject,
    checkpoint: Checkpoint,
    history: Vec<HistoryEvent>,
    payloads: Payloads,
    attempts: Attempts,
}

impl<S: Backend, I: Invoker, C: Clock> Run<'_, S, I, C> {
    fn apply(&mut self, kind: EventKind) -> Result<(), StepError> {
        let event = Event {
            at: self.engine.clock().now(),
            seed: self.engine.config().entropy.seed()?,
            kind,
        };
        let checkpoint = std::mem::take(&mut self.checkpoint);
        let own = &self.subject.head.machine;
        let before = logs::before(Some(own), &checkpoint);
        let transition = advance(&self.subject.machine, checkpoint, event)?;
        let execution = &self.subject.head.key;
        self.engine.observer().committed(execution, &transition);
        if let Some(before) = before {
            let (logs, logging) = (&*self.engine.config().logs, &own.revision.logging);
            logs::write(logs, execution, logging, before, &transition);
        }
        self.checkpoint = transition.checkpoint;
        self.history.extend(transition.history);
        self.payloads.extend(transition.payloads);
        Ok(())
    }

    /// Begins what has come due.
    fn begin_due(&mut self) -> Result<(), StepError> {
        let attempts: Vec<_> = self
            .checkpoint
            .due_attempts()
            .map(|attempt| attempt.id)
            .collect();
        if attempts.is_empty() {
            return Ok(());
        }
        let claim = self.engine.claim_of("", self.engine.clock().now());
        self.apply(EventKind::AttemptsClaimed {
            attempts: attempts.clone(),
            claim,
        })?;
        let Subject { head, machine } = &self.subject;
        for id in attempts {
            if let Some(call) = Call::of(head, machine, &self.checkpoint, id) {
                self.attempts.begin(self.engine, head, call, None);
            }
        }
        Ok(())
    }

    /// Waits until something happens.
    async fn next(&mut self) -> Vec<EventKind> {
        let owed = self.checkpoint.commands();
        let goes_on = owed.iter().find_map(|command| match command {
            Command::Continue(number) => Some(EventKind::Continued { number: *number }),
            _ => None,
        });
        if self.checkpoint.status.is_closed() {
            return Vec::new();
        }
        if let Some(goes_on) = goes_on {
            tokio::task::yield_now().await;
            return vec![goes_on];
        }
        self.attempts.keep_claimed(&self.checkpoint, "");
        let wake = self.checkpoint.wake;
        let is_idle = self.attempts.is_empty();
        let clock = self.engine.clock();
        let timer = async {
            match wake {
                Some(wake) if is_idle => clock.pass_until(wake.due).await,
                Some(wake) => clock.sleep_until(wake.due).await,
                None => pending().await,
            }
        };
        let mut events = Vec::new();
        tokio::select! {
            biased;
            () = timer => events.extend(wake.map(|wake| EventKind::Woken { number: wake.number })),
            Some(ended) = self.attempts.next() => events.extend(ended.into_event()),
        }
        let others = self.attempts.others();
        events.extend(others.into_iter().filter_map(Ended::into_event));
        events
    }

    fn ended(self, input: Payload) -> ExpressRun {
        let shown = Shown::of(1, &self.checkpoint).unwrap_or_default();
        let output = shown.end.as_ref().and_then(|end| end.output);
        let output = output.and_then(|id| self.checkpoint.payloads.get(id).cloned());
        ExpressRun {
            head: Head {
                shown,
                ..Head::clone(&self.subject.head)
            },
            input,
            output,
            history: self.history,
            payloads: self.payloads,
        }
    }
}
