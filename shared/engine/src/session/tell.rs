//! Telling of status changes: beside what the execution does, and before the messages go that guard it.

use std::{sync::Arc, time::Duration};

use segno_interpreter::{
    checkpoint::Checkpoint,
    command::Command,
    payload::{Payload, PayloadId, Payloads},
};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{PAUSE, Session, Turned};
use crate::{
    Backend, Clock, Engine, Invoker,
    queue::{Body, Message, Received},
    status::{StatusChange, StatusChanges, Untold, since},
    step::StepError,
    store::{Head, Shown, StoreError},
};

/// How long it may take to tell of a change. Then it is told later.
const TIME_MAX: Duration = Duration::from_secs(5);

/// How long after a change it is told again: as long as it is old, within these bounds.
const DELAY_MIN: Duration = Duration::from_secs(30);
const DELAY_MAX: Duration = Duration::from_secs(15 * 60);

/// How old a change may become without having been told.
const AGE_MAX: Duration = Duration::from_secs(12 * 60 * 60);

/// What is being told.
#[derive(Default)]
pub(super) struct Telling(JoinSet<()>);

impl Telling {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Waits until something is told; `None`, if nothing is being told.
    pub(super) async fn next(&mut self) -> Option<()> {
        if let Err(broken) = self.0.join_next().await? {
            let error = &broken as &dyn std::error::Error;
            tracing::error!(error, "a status change is not told");
        }
        Some(())
    }
}

/// What is to be told of an execution.
struct News {
    head: Arc<Head>,
    /// That it has begun, or goes on after a redrive.
    begun: Option<Shown>,
    /// That it has ended.
    ended: Option<Shown>,
    /// What its checkpoint knows of input and output.
    payloads: Payloads,
}

impl News {
    /// What a step, and the messages that asked for it, give to tell. The message of a start or a redrive
    /// tells of it whoever has made the step: so it is told if that one is gone.
    fn of(received: &[Received], turned: &Turned) -> Option<Self> {
        let Turned {
            subject,
            stepped,
            is_recheck,
            ..
        } = turned;
        let checkpoint = &stepped.loaded.checkpoint;
        let is_begun = stepped.is_begun || received.iter().any(is_beginning);
        let is_ended = checkpoint.status.is_closed()
            && (*is_recheck || stepped.commands.contains(&Command::PublishStatus));
        if !is_begun && !is_ended {
            return None;
        }
        let shown = Shown::of(stepped.loaded.number, checkpoint);
        Some(Self {
            head: Arc::clone(&subject.head),
            begun: is_begun.then(|| running(checkpoint)),
            ended: shown.filter(|_| is_ended),
            payloads: checkpoint.payloads.clone(),
        })
    }

    /// What tells all of it again.
    fn message(&self, input: Option<Payload>, is_begun_told: bool) -> Message {
        let body = match (&self.begun, input) {
            (Some(shown), Some(input)) if !is_begun_told => match shown.redrives {
                0 => Body::Start(Box::new(((*self.head).clone(), input))),
                number => Body::Redrive { number },
            },
            _ => Body::Look,
        };
        Message::recheck(self.head.key.clone(), body)
    }
}

/// What the head row shows of an execution that runs.
fn running(checkpoint: &Checkpoint) -> Shown {
    Shown {
        redrives: checkpoint.redrives(),
        redriven_at: checkpoint.origin.as_ref().and_then(|o| o.redriven_at),
        ..Shown::default()
    }
}

fn is_beginning(received: &Received) -> bool {
    matches!(received.message.body, Body::Start(_) | Body::Redrive { .. })
}

impl<S: Backend, I: Invoker, C: Clock> Session<S, I, C> {
    /// Begins to tell what a step gives to tell.
    pub(super) fn tell(&mut self, received: &[Received], turned: &Turned) {
        let Some(listener) = self.engine.config().status_changes.clone() else {
            return;
        };
        if let Some(news) = News::of(received, turned) {
            let engine = self.engine.clone();
            self.telling.0.spawn(async move {
                while let Err(error) = engine.tell(&*listener, &news).await {
                    warn_of(&error);
                    sleep(PAUSE).await;
                }
            });
        }
    }
}

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// Tells it. What cannot be told now is told later, by a message of its own.
    async fn tell(&self, listener: &dyn StatusChanges, news: &News) -> Result<(), StepError> {
        let head = &*news.head;
        let input = self.payload_of(news, PayloadId(0)).await?;
        let begun = match &news.begun {
            Some(shown) => {
                let change = StatusChange::new(head, shown, input.as_ref(), None);
                try_telling(listener, &change).await
            }
            None => Ok(()),
        };
        let ended = match &news.ended {
            Some(shown) => {
                let output = match shown.end.as_ref().and_then(|end| end.output) {
                    Some(output) => self.payload_of(news, output).await?,
                    None => None,
                };
                let change = StatusChange::new(head, shown, input.as_ref(), output.as_ref());
                try_telling(listener, &change).await
            }
            None => Ok(()),
        };
        let is_begun_told = begun.is_ok();
        if let Err(error) = begun.and(ended) {
            let latest = news.ended.as_ref().or(news.begun.as_ref());
            let latest = latest.map_or(head.started_at, |shown| since(head, shown));
            let age = latest.until(self.clock().now());
            let execution = &head.key.arn;
            let why = error.to_string();
            if age > AGE_MAX {
                tracing::error!(execution, why, "a status change is not told, and is lost");
                return Ok(());
            }
            tracing::warn!(execution, why, "a status change is told later");
            let again = news.message(input, is_begun_told);
            let delay = age.clamp(DELAY_MIN, DELAY_MAX);
            self.store().send(vec![again.after(delay)]).await?;
        }
        Ok(())
    }

    async fn payload_of(&self, news: &News, id: PayloadId) -> Result<Option<Payload>, StoreError> {
        match news.payloads.get(id) {
            Some(payload) => Ok(Some(payload.clone())),
            None => self.store().payload(&news.head.key, id).await,
        }
    }
}

fn warn_of(error: &StepError) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(error, "a status change is not told yet");
}

async fn try_telling(listener: &dyn StatusChanges, change: &StatusChange) -> Result<(), Untold> {
    timeout(TIME_MAX, listener.tell(change))
        .await
        .unwrap_or_else(|_elapsed| Err("there is no answer".into()))
}
