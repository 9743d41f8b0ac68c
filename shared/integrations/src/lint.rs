//! What the calls of a definition are said of before anything is called: services and actions that
//! there are none of, parameters that they do not take, lack or cannot read.
//!
//! AWS says most of this only when a task runs, so all of it is warnings. What is computed or filled in
//! later is not judged, nor is anything that AWS might accept.

mod own;
mod parameters;
mod services;

use segno_asl::definition::{
    Diagnostic, Location, QueryLanguage, Resource, Severity, codes, nearest, tokens,
    visit::{self, StateText},
};
use serde_json::Value;

use self::parameters::Parameters;
use crate::{
    aws::{Service, model::action_name},
    models,
};

/// Findings about the calls of a definition, in its order.
///
/// ```
/// use segno_integrations::lint::lint;
///
/// let definition = serde_json::json!({ "StartAt": "Read", "States": { "Read": {
///     "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:dynamodb:getItem",
///     "Parameters": { "TableNam": "orders", "Key": { "id": { "S": "7" } } }, "End": true,
/// } } });
/// let found = lint(&definition);
/// assert_eq!(found[0].message, "dynamodb:getItem has no parameter `TableNam`");
/// assert_eq!(found[0].help.as_deref(), Some("did you mean `TableName`?"));
/// ```
pub fn lint(definition: &Value) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    visit::states(definition, &mut |state| {
        if state.is_of_type("Task") {
            found.extend(task(state));
        }
    });
    found
}

fn task(state: &StateText<'_>) -> Vec<Diagnostic> {
    let text = state.text("Resource").unwrap_or_default();
    let Some(Resource::Service {
        service, action, ..
    }) = call_of(text).and_then(|call| Resource::parse(&call))
    else {
        return Vec::new();
    };
    let at = state.at.member("Resource");
    if let Some(name) = service.strip_prefix("aws-sdk:")
        && let Some(finding) = sdk_action(name, &action, &at)
    {
        return vec![finding];
    }
    let field = match state.language {
        QueryLanguage::JsonPath => "Parameters",
        QueryLanguage::Jsonata => "Arguments",
    };
    let Some(Value::Object(given)) = state.object.get(field) else {
        return Vec::new();
    };
    let is_optimized = !service.starts_with("aws-sdk:");
    let call = format!("{}:{action}", service.trim_start_matches("aws-sdk:"));
    let at = state.at.member(field);
    let mut parameters = Parameters::new(&call, is_optimized, state.language, &at);
    match models::operation(&service, &action) {
        Some((service, operation)) => parameters.check_operation(service, operation, given),
        None => parameters.check_own(given),
    }
    parameters.found
}

/// The resource without what is not known before it is deployed and says nothing about the call.
///
/// `arn:${AWS::Partition}:states:::sqs:sendMessage` is a call that is known.
pub(crate) fn call_of(resource: &str) -> Option<String> {
    let (_, call) = resource.split_once(":states:::")?;
    let is_open = tokens::is_open(&resource[resource.len() - call.len()..].into());
    (!is_open).then(|| format!("arn:aws:states:::{call}"))
}

fn sdk_action(name: &str, action: &str, at: &Location) -> Option<Diagnostic> {
    let Some(service) = Service::find(name) else {
        return Some(unknown_service(name, action, at));
    };
    let Some(operation) = service.operation(action) else {
        let message = format!("{name} has no action `{action}`");
        let finding = Diagnostic::warning(codes::UNKNOWN_ACTION, at, message);
        let meant = nearest_action(service, action);
        return Some(with_meant(finding, meant.map(|action| arn(name, &action))));
    };
    if operation.flags.streams_events() {
        let message = format!("no task can call {name}:{action}: it is a stream of events");
        return Some(Diagnostic::error(codes::UNSUPPORTED_ACTION, at, message));
    }
    services::is_unsupported(name, operation.name).then(|| {
        let message = format!("AWS says that tasks cannot call {name}:{action}");
        Diagnostic::warning(codes::UNSUPPORTED_ACTION, at, message)
    })
}

fn unknown_service(name: &str, action: &str, at: &Location) -> Diagnostic {
    if services::is_retired(name) {
        let message = format!("AWS has closed the service `{name}`");
        return Diagnostic::warning(codes::RETIRED_SERVICE, at, message);
    }
    let message = format!("AWS has no service `{name}`");
    let finding = Diagnostic::warning(codes::UNKNOWN_SERVICE, at, message);
    let meant = services::named(name).or_else(|| nearest(name, Service::names()));
    with_meant(finding, meant.map(|name| arn(name, action)))
}

fn with_meant(finding: Diagnostic, meant: Option<String>) -> Diagnostic {
    match meant {
        Some(meant) => finding.with_help(format_args!("did you mean `{meant}`?")),
        None => finding,
    }
}

fn arn(service: &str, action: &str) -> String {
    format!("arn:aws:states:::aws-sdk:{service}:{action}")
}

/// The action of that name with other capitals, else the one most like it.
fn nearest_action(service: &Service, action: &str) -> Option<String> {
    let operations = service.operations.iter();
    let actions: Vec<String> = operations
        .map(|operation| action_name(operation.name))
        .collect();
    let same = actions
        .iter()
        .find(|known| known.eq_ignore_ascii_case(action));
    same.map(String::as_str)
        .or_else(|| nearest(action, actions.iter().map(String::as_str)))
        .map(str::to_owned)
}

/// Says what might have been meant, if a finding is that a resource is refused.
pub fn explain(definition: &Value, finding: &mut Diagnostic) {
    if finding.severity != Severity::Error || !finding.pointer.ends_with("/Resource") {
        return;
    }
    let resource = definition.pointer(&finding.pointer);
    if let Some(help) = resource.and_then(Value::as_str).and_then(meant) {
        finding.help = Some(help);
    }
}

/// What was meant by a resource that is none, if it is nearly one.
fn meant(resource: &str) -> Option<String> {
    let call = call_of(resource)?;
    if Resource::parse(&call).is_some() {
        return None;
    }
    let call = call.strip_prefix("arn:aws:states:::")?;
    let call = call.strip_suffix(".waitForTaskToken").unwrap_or(call);
    let token = resource
        .ends_with(".waitForTaskToken")
        .then_some(".waitForTaskToken");
    let job = [".sync", ".sync:2"]
        .into_iter()
        .find(|job| call.ends_with(job));
    let (service, action) = call
        .trim_end_matches(job.unwrap_or_default())
        .rsplit_once(':')?;
    let name = services::named(service.strip_prefix("aws-sdk:").unwrap_or(service))?;
    let known = Service::find(name)?;
    let action = nearest_action(known, action)?;
    if let Some(job) = job {
        let optimized = format!("arn:aws:states:::{name}:{action}{job}");
        let is_there = Resource::parse(&optimized).is_some();
        let other = is_there.then(|| format!("; `{optimized}` does"));
        let other = other.unwrap_or_default();
        return Some(format!(
            "no call by `aws-sdk` waits for the end of a job{other}"
        ));
    }
    let meant = arn(name, &action);
    Some(format!(
        "did you mean `{meant}{}`?",
        token.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What is said of one task, in short: code, place within the state, and what was meant.
    fn said(resource: &str, parameters: &Value) -> Vec<(&'static str, String, Option<String>)> {
        said_of(&json!({ "Resource": resource, "Parameters": parameters }))
    }

    fn said_of(task: &Value) -> Vec<(&'static str, String, Option<String>)> {
        let mut state = task.clone();
        state["Type"] = "Task".into();
        let found = lint(&json!({ "StartAt": "A", "States": { "A": state } }));
        let parts = found.into_iter().map(|found| {
            let place = found.pointer.strip_prefix("/States/A/").unwrap().to_owned();
            (found.code, place, found.help)
        });
        parts.collect()
    }

    fn did_you_mean(name: &str) -> Option<String> {
        Some(format!("did you mean `{name}`?"))
    }

    #[test]
    fn unknown_services_and_actions_are_told_with_what_was_meant() {
        for (call, code, meant) in [
            (
                "dynamobd:getItem",
                "UNKNOWN_SERVICE",
                Some("dynamodb:getItem"),
            ),
            (
                "logs:putLogEvents",
                "UNKNOWN_SERVICE",
                Some("cloudwatchlogs:putLogEvents"),
            ),
            (
                "dynamodb:getItme",
                "UNKNOWN_ACTION",
                Some("dynamodb:getItem"),
            ),
            (
                "rds:describeDbInstances",
                "UNKNOWN_ACTION",
                Some("rds:describeDBInstances"),
            ),
            ("qldb:createLedger", "RETIRED_SERVICE", None),
            ("sts:assumeRole", "UNSUPPORTED_ACTION", None),
            ("kinesis:subscribeToShard", "UNSUPPORTED_ACTION", None),
        ] {
            let arn = |call: &str| format!("arn:aws:states:::aws-sdk:{call}");
            let meant = meant.and_then(|meant| did_you_mean(&arn(meant)));
            let expected = [(code, "Resource".to_owned(), meant)];
            assert_eq!(said(&arn(call), &json!({})), expected, "{call}");
        }
    }

    #[test]
    fn a_resource_that_is_refused_is_explained() {
        for (resource, help) in [
            (
                "arn:aws:states:::aws-sdk:dynamodb:PutItem",
                "did you mean `arn:aws:states:::aws-sdk:dynamodb:putItem`?",
            ),
            (
                "arn:${AWS::Partition}:states:::aws-sdk:cognito-idp:listUsers.waitForTaskToken",
                "did you mean `arn:aws:states:::aws-sdk:cognitoidentityprovider:listUsers\
                 .waitForTaskToken`?",
            ),
            (
                "arn:aws:states:::aws-sdk:glue:startJobRun.sync",
                "no call by `aws-sdk` waits for the end of a job; \
                 `arn:aws:states:::glue:startJobRun.sync` does",
            ),
            (
                "arn:aws:states:::dynamodb:query",
                "did you mean `arn:aws:states:::aws-sdk:dynamodb:query`?",
            ),
        ] {
            assert_eq!(meant(resource).as_deref(), Some(help), "{resource}");
        }
        for resource in [
            "arn:aws:states:::sqs:sendMessage",
            "arn:aws:s3:::bucket",
            "${Resource}",
        ] {
            assert_eq!(meant(resource), None, "{resource}");
        }
    }

    #[test]
    fn parameters_are_named_as_the_model_has_them_at_any_depth() {
        let expected = [
            (
                "UNKNOWN_PARAMETER",
                "Parameters/tableName.$".to_owned(),
                did_you_mean("TableName"),
            ),
            (
                "UNKNOWN_PARAMETER",
                "Parameters/Expected/a/Compare".to_owned(),
                None,
            ),
            ("MISSING_PARAMETER", "Parameters".to_owned(), None),
        ];
        let parameters = json!({
            "tableName.$": "$.table", "Expected": { "a": { "Compare": 1 } },
        });
        assert_eq!(
            said("arn:aws:states:::aws-sdk:dynamodb:deleteItem", &parameters),
            expected
        );
    }

    #[test]
    fn literals_are_of_the_type_that_the_model_has() {
        let parameters = json!({
            "DbInstanceIdentifier": "orders", "DbInstanceClass": "db.t4g.micro", "Engine": "mysql",
            "AllocatedStorage": "a lot", "MultiAZ": "yes", "Tags": { "Key": "team" },
            "BackupRetentionPeriod": "7", "DeletionProtection": "true", "Port.$": "$.port",
        });
        let places = ["AllocatedStorage", "MultiAZ", "Tags"];
        let expected = places.map(|place| ("PARAMETER_TYPE", format!("Parameters/{place}"), None));
        assert_eq!(
            said("arn:aws:states:::aws-sdk:rds:createDBInstance", &parameters),
            expected
        );
    }

    #[test]
    fn jsonata_is_not_judged_but_what_is_beside_it_is() {
        let mut task = json!({
            "QueryLanguage": "JSONata", "Resource": "arn:aws:states:::aws-sdk:sqs:receiveMessage",
            "Arguments": { "QueueUrl": "{% $url %}", "MaxNumberOfMessages": "{% $max %}", "Wait": 1 },
        });
        let expected = [("UNKNOWN_PARAMETER", "Arguments/Wait".to_owned(), None)];
        assert_eq!(said_of(&task), expected);
        task["Arguments"] = "{% $arguments %}".into();
        assert_eq!(said_of(&task), []);
    }

    #[test]
    fn optimized_integrations_take_what_is_theirs() {
        for (resource, parameters) in [
            (
                "lambda:invoke",
                json!({ "FunctionName": "f", "Payload": { "any": ["thing"] } }),
            ),
            (
                "sqs:sendMessage.waitForTaskToken",
                json!({ "QueueUrl": "u", "MessageBody": { "Token.$": "$$.Task.Token" } }),
            ),
            (
                "sns:publish",
                json!({ "TopicArn": "t", "Message": { "a": 1 } }),
            ),
            (
                "events:putEvents",
                json!({ "Entries": [{ "Detail": { "a": 1 }, "DetailType": "d", "Source": "s" }] }),
            ),
            (
                "states:startExecution.sync:2",
                json!({ "StateMachineArn": "m", "Input": {} }),
            ),
            (
                "dynamodb:putItem",
                json!({ "TableName": "t", "Item": { "a": { "BOOL": true }, "b": { "Ss": ["c"] } } }),
            ),
            (
                "bedrock:invokeModel",
                json!({ "ModelId": "m", "Input": { "S3Uri": "s3://b/k" }, "Output": {} }),
            ),
            (
                "batch:submitJob.sync",
                json!({ "JobName": "n", "JobQueue": "q", "JobDefinition": "d",
                        "RetryStrategy": { "attempts": 5 } }),
            ),
            (
                "http:invoke",
                json!({ "ApiEndpoint": "https://a", "Method": "GET", "Headers": {} }),
            ),
        ] {
            let resource = format!("arn:aws:states:::{resource}");
            assert_eq!(said(&resource, &parameters), [], "{resource}");
        }
        let expected = [
            ("UNKNOWN_PARAMETER", "Parameters/Url".to_owned(), None),
            ("MISSING_PARAMETER", "Parameters".to_owned(), None),
        ];
        let parameters = json!({ "Url": "https://a", "Method": "GET" });
        assert_eq!(said("arn:aws:states:::http:invoke", &parameters), expected);
    }

    #[test]
    fn what_is_filled_in_later_is_not_judged() {
        let parameters = json!({
            "TableName": "${Table}", "Key": { "Ref": "Key" }, "ConsistentRead": "${Consistent}",
        });
        let resource = "arn:${AWS::Partition}:states:::aws-sdk:dynamodb:getItem";
        assert_eq!(said(resource, &parameters), []);
        assert_eq!(said("${Resource}", &json!({ "anything": 1 })), []);
    }
}
