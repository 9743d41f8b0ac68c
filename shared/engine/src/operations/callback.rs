//! Answering task tokens.
//!
//! AWS: [SendTaskSuccess](https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html).

use segno_interpreter::{checkpoint::AttemptId, event::Outcome, token::TaskToken};

use crate::{
    Backend, Clock, Engine, Invoker,
    queue::{Body, Message, QueueError},
    store::{Created, Decision, Loaded, StoreError},
};

/// Why an answer was not taken.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// It is no token.
    #[error("it is no token")]
    InvalidToken,
    /// There is no such task.
    #[error("the task does not exist")]
    TaskDoesNotExist,
    /// The task has ended, or was answered.
    #[error("the task has ended")]
    TaskTimedOut,
    /// The store did not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue did not take the message.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// Answers a task token. Whoever answers first has decided, and the answer is durable when this
    /// returns. The same answer again, before the first one was looked at, is the same answer.
    ///
    /// # Errors
    ///
    /// [`AnswerError`].
    pub async fn answer(&self, token: &str, outcome: Outcome) -> Result<(), AnswerError> {
        let token = self.open_attempt(token).await?;
        let decision = Decision::Answered(outcome);
        let decided = self
            .store()
            .decide(&token.execution, token.attempt, &decision)
            .await?;
        match decided {
            Created::New(_) => {}
            Created::Existing(first) if first == decision => {}
            Created::Existing(_) => return Err(AnswerError::TaskTimedOut),
        }
        let message = Message::new(token.execution, Body::Answered);
        Ok(self.store().send(vec![message.now()]).await?)
    }

    /// Shows that the holder of a task token is alive. It leaves no history event.
    ///
    /// # Errors
    ///
    /// [`AnswerError`].
    pub async fn beat(&self, token: &str) -> Result<(), AnswerError> {
        let token = self.open_attempt(token).await?;
        let number = token.attempt.number;
        let decisions = self.store().decisions(&token.execution, number).await?;
        if decisions
            .iter()
            .any(|(attempt, _)| *attempt == token.attempt)
        {
            return Err(AnswerError::TaskTimedOut);
        }
        let now = self.clock().now();
        Ok(self
            .store()
            .beat(&token.execution, token.attempt, now)
            .await?)
    }

    /// The token, if its attempt still waits for it.
    async fn open_attempt(&self, token: &str) -> Result<TaskToken, AnswerError> {
        let token = TaskToken::decode(token).ok_or(AnswerError::InvalidToken)?;
        let loaded = self.store().load(&token.execution).await?;
        let loaded = loaded.ok_or(AnswerError::TaskDoesNotExist)?;
        match state_of(&loaded, token.attempt, &token) {
            Standing::Waits => Ok(token),
            Standing::Ended => Err(AnswerError::TaskTimedOut),
            Standing::Unknown => Err(AnswerError::TaskDoesNotExist),
        }
    }
}

/// Where the attempt of a token stands.
enum Standing {
    Waits,
    Ended,
    Unknown,
}

fn state_of(loaded: &Loaded, attempt: AttemptId, token: &TaskToken) -> Standing {
    match loaded.checkpoint.attempt(attempt) {
        Some((_, attempt)) if attempt.token == Some(token.hash()) => Standing::Waits,
        Some(_) => Standing::Unknown,
        None if loaded.checkpoint.had_attempt(attempt) => Standing::Ended,
        None => Standing::Unknown,
    }
}
