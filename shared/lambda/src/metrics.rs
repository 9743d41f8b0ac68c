//! Metrics, as log lines that CloudWatch Logs makes metrics of: nothing is called for them.
//!
//! What is told of executions has the names and the dimension that Step Functions gives to its own metrics; what is
//! told of a stack as a whole has its name for a dimension.
//!
//! AWS: [Embedded metric format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html),
//! [Execution metrics](https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html).

use std::{collections::BTreeMap, io::Write};

use segno_engine::Observer;
use segno_interpreter::{
    checkpoint::Checkpoint, event::Timestamp, history::Detail, key::ExecutionKey,
    transition::Transition,
};
use serde_json::{Map, Value, json};

/// The namespace of all of them: nobody but AWS may write those of `AWS/States`.
const NAMESPACE: &str = "Segno";

/// What a metric counts, by its name.
type Numbers = BTreeMap<&'static str, f64>;

/// The metric that is not a count.
const TIME: &str = "ExecutionTime";

/// Writes metrics of what it is told to standard output.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Name of the stack.
    stack: String,
}

impl Metrics {
    /// Metrics of a stack.
    pub fn new(stack: String) -> Self {
        Self { stack }
    }

    /// Writes numbers about the stack as a whole.
    pub fn of_stack(&self, numbers: &[(&'static str, usize)], now: Timestamp) {
        let numbers = numbers.iter();
        let numbers = numbers
            .map(|(name, number)| (*name, *number as f64))
            .collect();
        write(&line("Stack", &self.stack, &numbers, now));
    }
}

impl Observer for Metrics {
    fn committed(&self, _execution: &ExecutionKey, transition: &Transition) {
        if let Some(line) = line_of(transition) {
            write(&line);
        }
    }

    fn lost(&self, execution: &ExecutionKey, attempts: usize, now: Timestamp) {
        let execution = &execution.arn;
        tracing::error!(execution, attempts, "attempts are lost with their worker");
        self.of_stack(&[("AttemptsLost", attempts)], now);
    }
}

/// A whole line at once: others write, too. Without anybody who reads them, metrics are not written.
fn write(line: &Value) {
    let mut stdout = std::io::stdout().lock();
    if let Err(error) = writeln!(stdout, "{line}") {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "metrics are lost");
    }
}

/// What a commit tells of its execution, if it begins or ends with it.
fn line_of(transition: &Transition) -> Option<Value> {
    let mut numbers = Numbers::new();
    let mut at = None;
    for event in &transition.history {
        let Some(name) = metric(&event.detail) else {
            continue;
        };
        *numbers.entry(name).or_default() += 1.0;
        at = Some(event.at);
    }
    let origin = transition.checkpoint.origin.as_ref()?;
    if let Some(time) = time(&transition.checkpoint) {
        numbers.insert(TIME, time);
    }
    Some(line(
        "StateMachineArn",
        &origin.state_machine_arn,
        &numbers,
        at?,
    ))
}

/// The metric that counts an event.
fn metric(detail: &Detail) -> Option<&'static str> {
    Some(match detail {
        Detail::ExecutionStarted { .. } => "ExecutionsStarted",
        Detail::ExecutionRedriven { .. } => "ExecutionsRedriven",
        Detail::ExecutionSucceeded { .. } => "ExecutionsSucceeded",
        Detail::ExecutionFailed(_) => "ExecutionsFailed",
        Detail::ExecutionAborted(_) => "ExecutionsAborted",
        Detail::ExecutionTimedOut(_) => "ExecutionsTimedOut",
        _ => return None,
    })
}

/// Milliseconds that an execution took which has ended.
fn time(checkpoint: &Checkpoint) -> Option<f64> {
    let started = checkpoint.origin.as_ref()?.started_at;
    Some((checkpoint.closed_at?.0 - started.0) as f64)
}

/// Numbers as a line of the embedded metric format, with one dimension.
fn line(dimension: &str, value: &str, numbers: &Numbers, at: Timestamp) -> Value {
    let unit = |name: &str| match name {
        TIME => "Milliseconds",
        _ => "Count",
    };
    let metrics = numbers.keys();
    let metrics: Vec<Value> = metrics
        .map(|name| json!({ "Name": name, "Unit": unit(name) }))
        .collect();
    let mut line = Map::new();
    line.insert(
        "_aws".into(),
        json!({
            "Timestamp": at.0,
            "CloudWatchMetrics": [
                { "Namespace": NAMESPACE, "Dimensions": [[dimension]], "Metrics": metrics },
            ],
        }),
    );
    line.insert(dimension.into(), value.into());
    for (name, number) in numbers {
        line.insert((*name).into(), json!(number));
    }
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use segno_asl::definition::parse;
    use segno_interpreter::{
        advance,
        bounds::Bounds,
        event::{Event, EventKind, Seed, Start},
        key::Nonce,
        payload::Payload,
    };

    use super::*;

    const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:order";

    /// What the format asks for.
    fn is_well_formed(line: &Value) {
        let members = line.as_object().unwrap();
        let metadata = &line["_aws"];
        assert!(metadata["Timestamp"].is_i64() && metadata["Timestamp"].as_i64() > Some(0));
        let directives = metadata["CloudWatchMetrics"].as_array().unwrap();
        assert!(!directives.is_empty());
        for directive in directives {
            let namespace = directive["Namespace"].as_str().unwrap();
            assert!((1..=1_024).contains(&namespace.len()) && !namespace.starts_with("AWS/"));
            for set in directive["Dimensions"].as_array().unwrap() {
                let set = set.as_array().unwrap();
                assert!(set.len() <= 30);
                for key in set {
                    let value = members[key.as_str().unwrap()].as_str().unwrap();
                    assert!((1..=1_024).contains(&value.len()), "{key}: {value}");
                }
            }
            let metrics = directive["Metrics"].as_array().unwrap();
            assert!((1..=100).contains(&metrics.len()));
            for metric in metrics {
                let name = metric["Name"].as_str().unwrap();
                assert!(members[name].is_number(), "{name} has no number");
                let unit = metric["Unit"].as_str().unwrap();
                assert!(["Count", "Milliseconds"].contains(&unit), "{unit}");
            }
        }
    }

    fn run(definition: &Value) -> Transition {
        let machine = parse(&definition.to_string()).unwrap();
        let start = Start {
            execution: ExecutionKey {
                arn: "arn:aws:states:us-east-1:123456789012:execution:order:e".into(),
                nonce: Nonce::default(),
            },
            state_machine_arn: MACHINE.into(),
            version_arn: None,
            alias_arn: None,
            role_arn: "arn:aws:iam::123456789012:role/segno/order".into(),
            input: Payload::from(json!({})),
            parent: None,
            bounds: Bounds::STRICT,
            time_limit: None,
        };
        let event = Event {
            at: Timestamp(1_704_067_200_000),
            seed: Seed([0; 32]),
            kind: EventKind::ExecutionStarted(Box::new(start)),
        };
        advance(&Arc::new(machine), Checkpoint::default(), event).unwrap()
    }

    #[test]
    fn an_execution_that_begins_and_ends_is_one_line() {
        let pass = json!({ "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } } });
        let line = line_of(&run(&pass)).unwrap();
        is_well_formed(&line);
        let expected = r#"{"_aws":{"CloudWatchMetrics":[{"Dimensions":[["StateMachineArn"]],"Metrics":[{"Name":"ExecutionTime","Unit":"Milliseconds"},{"Name":"ExecutionsStarted","Unit":"Count"},{"Name":"ExecutionsSucceeded","Unit":"Count"}],"Namespace":"Segno"}],"Timestamp":1704067200000},"StateMachineArn":"arn:aws:states:us-east-1:123456789012:stateMachine:order","ExecutionTime":0.0,"ExecutionsStarted":1.0,"ExecutionsSucceeded":1.0}"#;
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(line, expected);
    }

    #[test]
    fn an_execution_that_goes_on_has_only_begun() {
        let wait = json!({
            "StartAt": "W", "States": { "W": { "Type": "Wait", "Seconds": 5, "End": true } },
        });
        let begun = run(&wait);
        let line = line_of(&begun).unwrap();
        is_well_formed(&line);
        assert_eq!(line["ExecutionsStarted"], 1.0);
        assert_eq!(line.as_object().unwrap().len(), 3, "{line}");
        let later = Transition {
            history: Vec::new(),
            ..begun
        };
        assert_eq!(line_of(&later), None);
    }

    #[test]
    fn each_end_has_a_metric_of_its_own() {
        let fail =
            json!({ "StartAt": "F", "States": { "F": { "Type": "Fail", "Error": "Boom" } } });
        let line = line_of(&run(&fail)).unwrap();
        is_well_formed(&line);
        assert_eq!(line["ExecutionsFailed"], 1.0);
        assert_eq!(line.get("ExecutionsSucceeded"), None);
    }

    #[test]
    fn what_concerns_a_stack_bears_its_name() {
        let numbers = BTreeMap::from([("AttemptsLost", 2.0)]);
        let line = line("Stack", "segno", &numbers, Timestamp(1_704_067_200_000));
        is_well_formed(&line);
        assert_eq!(
            (&line["Stack"], &line["AttemptsLost"]),
            (&json!("segno"), &json!(2.0))
        );
    }
}
