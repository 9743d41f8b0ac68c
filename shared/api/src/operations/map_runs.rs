//! Map Runs. No state machine of this version starts one: what is asked for is not there.

use segno_engine::{Backend, Clock, Invoker};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Api, ApiError, names::check_arn, page::PageRequest};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfMapRun {
    map_run_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListMapRuns {
    execution_arn: String,
    #[serde(flatten)]
    page: PageRequest,
}

impl<S: Backend, I: Invoker, C: Clock> Api<S, I, C> {
    pub(crate) fn describe_map_run(&self, request: &OfMapRun) -> Result<Value, ApiError> {
        Err(no_map_run(&request.map_run_arn))
    }

    pub(crate) fn update_map_run(&self, request: &OfMapRun) -> Result<Value, ApiError> {
        Err(no_map_run(&request.map_run_arn))
    }

    pub(crate) async fn list_map_runs(&self, request: ListMapRuns) -> Result<Value, ApiError> {
        self.head(&request.execution_arn).await?;
        request.page.after()?;
        Ok(json!({ "mapRuns": [] }))
    }
}

/// Says that an ARN names no Map Run, or names nothing.
pub(super) fn no_map_run(arn: &str) -> ApiError {
    match check_arn(arn, "mapRun") {
        Ok(()) => ApiError::resource_not_found(arn),
        Err(error) => error,
    }
}
