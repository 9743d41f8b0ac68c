//! An execution, as the API tells of it.

use segno_asl::definition::{StateMachine, compile_text};
use serde_json::{Value, json};

use crate::{
    Operations,
    ask::{Refused, ask, list, text},
    graph::{Open, Picture, metrics::Metrics},
    run::Run,
    tokens,
};

/// History events of one execution.
///
/// AWS: [Quotas](https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
const EVENTS_MAX: usize = 25_000;

/// An execution with everything that is shown of it.
pub(crate) struct Execution {
    pub(crate) arn: String,
    /// What DescribeExecution answers.
    pub(crate) described: Value,
    pub(crate) definition: Value,
    /// `None` if the definition is one that cannot be drawn.
    pub(crate) picture: Option<Picture>,
    /// Its history events, without tokens.
    pub(crate) events: Vec<Value>,
    pub(crate) run: Run,
    /// Data of this state machine is not to be shown.
    pub(crate) is_redacted: bool,
}

impl Execution {
    /// Reads an execution.
    pub(crate) async fn read(
        operations: &impl Operations,
        arn: &str,
        open: &Open,
    ) -> Result<Self, Refused> {
        let mut execution = Self::begin(operations, arn, open).await?;
        execution.refresh(operations).await?;
        Ok(execution)
    }

    /// An execution of which nothing is known but its state machine.
    pub(crate) async fn begin(
        operations: &impl Operations,
        arn: &str,
        open: &Open,
    ) -> Result<Self, Refused> {
        let of_execution = json!({ "executionArn": arn });
        let machine = ask(operations, "DescribeStateMachineForExecution", of_execution).await?;
        let compiled = compile_text(text(&machine, "definition")).ok();
        let picture = |machine: &StateMachine| Picture::of(machine, open, &Metrics::PIXELS);
        Ok(Self {
            arn: arn.to_owned(),
            described: Value::Null,
            definition: serde_json::from_str(text(&machine, "definition")).unwrap_or_default(),
            picture: compiled.as_ref().map(picture),
            events: Vec::new(),
            run: Run::default(),
            is_redacted: is_redacted(&machine),
        })
    }

    /// Reads what is new.
    pub(crate) async fn refresh(&mut self, operations: &impl Operations) -> Result<(), Refused> {
        let news = self.look(operations).await?;
        self.take(news);
        Ok(())
    }

    /// Reads how it stands, and the history events that are new, which are not taken yet.
    pub(crate) async fn look(
        &mut self,
        operations: &impl Operations,
    ) -> Result<Vec<Value>, Refused> {
        let mut news = match self.run.last_id {
            0 => self.history(operations).await?,
            last => self.history_after(operations, last).await?,
        };
        let included = if self.is_redacted {
            "METADATA_ONLY"
        } else {
            "ALL_DATA"
        };
        let input = json!({ "executionArn": self.arn, "includedData": included });
        self.described = ask(operations, "DescribeExecution", input).await?;
        tokens::hide(&mut self.described, &self.arn);
        for event in &mut news {
            tokens::hide(event, &self.arn);
        }
        Ok(news)
    }

    /// Takes history events that come after those that were taken.
    pub(crate) fn take(&mut self, news: Vec<Value>) {
        for event in &news {
            self.run.take(event);
        }
        self.events.extend(news);
    }

    async fn history(&self, operations: &impl Operations) -> Result<Vec<Value>, Refused> {
        let input = json!({ "executionArn": self.arn, "includeExecutionData": !self.is_redacted });
        list(
            operations,
            ("GetExecutionHistory", "events"),
            input,
            EVENTS_MAX,
        )
        .await
    }

    /// The history events after one: from the newest back.
    async fn history_after(
        &self,
        operations: &impl Operations,
        last: u64,
    ) -> Result<Vec<Value>, Refused> {
        let mut news = Vec::new();
        let mut input = json!({
            "executionArn": self.arn,
            "includeExecutionData": !self.is_redacted,
            "reverseOrder": true,
            "maxResults": 100,
        });
        loop {
            let mut answer = ask(operations, "GetExecutionHistory", input.clone()).await?;
            let Value::Array(events) = answer["events"].take() else {
                break;
            };
            let count = events.len();
            news.extend(
                events
                    .into_iter()
                    .take_while(|event| event["id"].as_u64() > Some(last)),
            );
            let token = answer["nextToken"].take();
            let is_all = news
                .last()
                .is_some_and(|event| event["id"].as_u64() == Some(last + 1));
            if count == 0 || token.is_null() || is_all || news.is_empty() {
                break;
            }
            input["nextToken"] = token;
        }
        news.reverse();
        Ok(news)
    }

    pub(crate) fn is_running(&self) -> bool {
        text(&self.described, "status") == "RUNNING"
    }

    /// A state of the definition, as it is written.
    pub(crate) fn state(&self, name: &str) -> Option<&Value> {
        find_state(&self.definition, name)
    }
}

/// Whether the data of a state machine must not be shown: it says so of its logs.
fn is_redacted(machine: &Value) -> bool {
    let logging = &machine["loggingConfiguration"];
    let is_on = !matches!(text(logging, "level"), "" | "OFF");
    is_on && logging["includeExecutionData"].as_bool() != Some(true)
}

fn find_state<'d>(scope: &'d Value, name: &str) -> Option<&'d Value> {
    let states = scope["States"].as_object()?;
    if let Some(state) = states.get(name) {
        return Some(state);
    }
    states.values().find_map(|state| {
        let branches = state["Branches"].as_array().into_iter().flatten();
        let processors = ["ItemProcessor", "Iterator"]
            .into_iter()
            .map(|key| &state[key]);
        branches
            .chain(processors)
            .find_map(|scope| find_state(scope, name))
    })
}
