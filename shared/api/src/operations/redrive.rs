//! RedriveExecution, which the same token makes the same redrive.
//!
//! AWS: [RedriveExecution](https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html).

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use segno_engine::{Backend, Clock, Invoker, operations::RedriveError};
use segno_interpreter::event::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::executions::Redrive;
use crate::{Api, ApiError, seconds};

/// A token is remembered for so long.
const MEMORY_MILLISECONDS: i64 = 15 * 60_000;

/// Of each execution the last so many tokens are remembered.
const MEMORY_PER_EXECUTION: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RedriveExecution {
    execution_arn: String,
    /// SDKs make one up, and send it again when they retry.
    client_token: Option<String>,
}

impl<S: Backend, I: Invoker, C: Clock> Api<S, I, C> {
    pub(crate) async fn redrive_execution(
        &self,
        request: RedriveExecution,
    ) -> Result<Value, ApiError> {
        let head = self.head(&request.execution_arn).await?;
        let (arn, token) = (&head.key.arn, request.client_token);
        let now = self.engine.clock().now();
        if let Some(at) = self.redrives.find(arn, token.as_deref(), now) {
            return Ok(json!({ "redriveDate": seconds(at) }));
        }
        if let Redrive::Impossible(reason) = self.redrive_standing(&head) {
            return Err(ApiError::execution_not_redrivable(arn, &reason));
        }
        match self.engine.redrive(arn).await {
            Ok(at) => {
                self.redrives.remember(arn, token, at);
                Ok(json!({ "redriveDate": seconds(at) }))
            }
            Err(RedriveError::NotRedrivable) => {
                let reason = "Execution is RUNNING and cannot be redriven";
                Err(ApiError::execution_not_redrivable(arn, reason))
            }
            Err(error) => Err(ApiError::internal(error)),
        }
    }
}

/// The redrives of this process that may be asked for again, the newest first.
#[derive(Debug, Default)]
pub(crate) struct Redrives(Mutex<VecDeque<Redriven>>);

#[derive(Debug)]
struct Redriven {
    execution: String,
    token: String,
    at: Timestamp,
}

impl Redrives {
    /// When the redrive of this token was, if it is remembered.
    fn find(&self, execution: &str, token: Option<&str>, now: Timestamp) -> Option<Timestamp> {
        let redrives = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_execution = redrives.iter().filter(|one| one.execution == execution);
        of_execution
            .take(MEMORY_PER_EXECUTION)
            .find(|one| Some(one.token.as_str()) == token)
            .map(|one| one.at)
            .filter(|at| now.0 - at.0 <= MEMORY_MILLISECONDS)
    }

    fn remember(&self, execution: &str, token: Option<String>, at: Timestamp) {
        let Some(token) = token else { return };
        let mut redrives = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        redrives.retain(|one| at.0 - one.at.0 <= MEMORY_MILLISECONDS);
        redrives.push_front(Redriven {
            execution: execution.to_owned(),
            token,
            at,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_tokens_of_an_execution_are_remembered_for_a_while() {
        let redrives = Redrives::default();
        for number in 0..=10 {
            redrives.remember("one", Some(number.to_string()), Timestamp(number));
        }
        redrives.remember("two", Some("0".into()), Timestamp(20));
        redrives.remember("two", None, Timestamp(30));
        let found = |execution, token| redrives.find(execution, token, Timestamp(40));
        assert_eq!(found("one", Some("10")), Some(Timestamp(10)));
        assert_eq!(found("one", Some("1")), Some(Timestamp(1)));
        assert_eq!(found("one", Some("0")), None, "ten others came after it");
        assert_eq!(found("two", Some("0")), Some(Timestamp(20)));
        assert_eq!(found("two", None), None);
        let later = Timestamp(MEMORY_MILLISECONDS + 21);
        assert_eq!(redrives.find("two", Some("0"), later), None);
    }
}
