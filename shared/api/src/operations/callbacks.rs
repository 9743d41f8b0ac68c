//! Answering task tokens, and handing out the tasks of activities.

use segno_asl::{data::json_text::JsonError, errors::StateError};
use segno_engine::{Backend, Clock, Invoker, operations::AnswerError};
use segno_interpreter::payload::Payload;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Api, ApiError, names::check_name};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SendTaskSuccess {
    task_token: String,
    output: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SendTaskFailure {
    task_token: String,
    error: Option<String>,
    cause: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SendTaskHeartbeat {
    task_token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GetActivityTask {
    activity_arn: String,
    worker_name: Option<String>,
}

impl<S: Backend, I: Invoker, C: Clock> Api<S, I, C> {
    pub(crate) async fn send_task_success(
        &self,
        request: SendTaskSuccess,
    ) -> Result<Value, ApiError> {
        let text = &request.output;
        let output = Payload::parse(text)
            .map_err(|error| ApiError::invalid_output(JsonError::of(text, &error)))?;
        self.engine.answer(&request.task_token, Ok(output)).await?;
        Ok(json!({}))
    }

    pub(crate) async fn send_task_failure(
        &self,
        request: SendTaskFailure,
    ) -> Result<Value, ApiError> {
        let error = StateError {
            name: request.error,
            cause: request.cause,
        };
        self.engine.answer(&request.task_token, Err(error)).await?;
        Ok(json!({}))
    }

    pub(crate) async fn send_task_heartbeat(
        &self,
        request: SendTaskHeartbeat,
    ) -> Result<Value, ApiError> {
        self.engine.beat(&request.task_token).await?;
        Ok(json!({}))
    }

    pub(crate) async fn get_activity_task(
        &self,
        request: GetActivityTask,
    ) -> Result<Value, ApiError> {
        self.activity(&request.activity_arn).await?;
        request.worker_name.as_deref().map_or(Ok(()), check_name)?;
        let task = self
            .engine
            .take_activity_task(
                &request.activity_arn,
                request.worker_name,
                self.config.activity_patience,
            )
            .await?;
        Ok(task.map_or_else(
            || json!({}),
            |task| json!({ "taskToken": task.token.encode(), "input": task.input.text() }),
        ))
    }
}

impl From<AnswerError> for ApiError {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::InvalidToken => Self::invalid_token("Invalid token"),
            AnswerError::TaskDoesNotExist => Self::task_does_not_exist("Task does not exist"),
            AnswerError::TaskTimedOut => {
                Self::task_timed_out("Provided task does not exist anymore")
            }
            AnswerError::Store(error) => error.into(),
            AnswerError::Queue(error) => Self::internal(error),
        }
    }
}
