//! GetExecutionHistory.

use segno_engine::{Backend, Clock, Invoker};
use segno_interpreter::history::ExecutionData;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Api, ApiError,
    page::{PageRequest, token},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GetExecutionHistory {
    execution_arn: String,
    #[serde(default)]
    reverse_order: bool,
    include_execution_data: Option<bool>,
    #[serde(flatten)]
    page: PageRequest,
}

impl<S: Backend, I: Invoker, C: Clock> Api<S, I, C> {
    pub(crate) async fn get_execution_history(
        &self,
        request: GetExecutionHistory,
    ) -> Result<Value, ApiError> {
        let execution = self.head(&request.execution_arn).await?.key;
        let (offset, limit) = (request.page.offset()?, request.page.limit());
        let store = self.engine.store();
        let (after, wanted) = match request.reverse_order {
            false => (offset, limit),
            true => {
                let loaded = store.load(&execution).await?;
                let recorded = loaded.map_or(0, |loaded| loaded.checkpoint.recorded);
                let left = usize::try_from(recorded)
                    .unwrap_or(usize::MAX)
                    .saturating_sub(offset);
                (left.saturating_sub(limit), left.min(limit))
            }
        };
        // One more than asked for tells whether there is another page.
        let (mut history, payloads) = store.history(&execution, after as u64, wanted + 1).await?;
        let has_more = match request.reverse_order {
            false => history.len() > wanted,
            true => after > 0,
        };
        history.truncate(wanted);
        if request.reverse_order {
            history.reverse();
        }
        let data = match request.include_execution_data {
            None | Some(true) => ExecutionData::Included,
            Some(false) => ExecutionData::Withheld,
        };
        let events: Vec<Value> = history
            .iter()
            .map(|event| event.to_json(&payloads, data))
            .collect();
        let next_token = has_more.then(|| token(&(offset + limit).to_string()));
        Ok(json!({ "events": events, "nextToken": next_token }))
    }
}
