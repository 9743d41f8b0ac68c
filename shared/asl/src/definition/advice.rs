//! What is worth knowing of a definition before it runs for long, though nothing is wrong with it.
//!
//! AWS has nothing to say about it, so it is not among the findings of [`check`](super::check).

use serde_json::Value;

use super::{
    Diagnostic, Resource, codes,
    visit::{self, StateText},
};
use crate::{
    errors::{ErrorPattern, names},
    limits,
};

/// Notes about the states of a definition, in its order.
///
/// ```
/// use segno_asl::definition::advise;
///
/// let definition = serde_json::json!({ "StartAt": "Pay", "States": { "Pay": {
///     "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:pay", "End": true,
/// } } });
/// assert_eq!(advise(&definition)[0].code, "LOST_ATTEMPT");
/// ```
pub fn advise(definition: &Value) -> Vec<Diagnostic> {
    let mut notes = Vec::new();
    visit::states(definition, &mut |state| {
        notes.extend(lost_attempt(state));
        notes.extend(concurrency(state));
        notes.extend(result(state));
    });
    notes
}

/// A call whose worker is lost may have been made, so it is not made again unless the definition says
/// so. Starts of executions are recognised when they are repeated, and activities are not called.
fn lost_attempt(state: &StateText<'_>) -> Option<Diagnostic> {
    let resource = state.text("Resource").filter(|_| state.is_of_type("Task"));
    match resource.and_then(Resource::parse)? {
        Resource::Activity { .. } => return None,
        Resource::Service { service, .. } if service == "states" => return None,
        Resource::LambdaFunction { .. } | Resource::Service { .. } => {}
    }
    let retried = state.elements("Retry").map(|(retrier, _)| retrier);
    let mut names = retried.flat_map(|retrier| retrier.get("ErrorEquals")?.as_array());
    if names.any(|names| names.iter().filter_map(Value::as_str).any(is_of_lost)) {
        return None;
    }
    let message = "an attempt whose worker is lost fails with an SdkClientException, \
                   which nothing retries";
    let note = Diagnostic::note(codes::LOST_ATTEMPT, &state.at.member("Resource"), message);
    let help = "retry `States.TaskFailed` if the call may be made twice; else catch it";
    Some(note.with_help(help))
}

/// Whether a pattern is that of the error with which a lost attempt fails, whatever it called.
fn is_of_lost(pattern: &str) -> bool {
    const OF_SOME_SERVICE: &str = "Service.SdkClientException";
    pattern.ends_with(".SdkClientException")
        || ErrorPattern(pattern.into()).matches(Some(OF_SOME_SERVICE)) && pattern != names::RUNTIME
}

fn concurrency(state: &StateText<'_>) -> Option<Diagnostic> {
    let wanted = state.object.get("MaxConcurrency")?.as_u64()?;
    let max = limits::INLINE_ITERATIONS_MAX;
    if wanted <= max || state.distributed_mode().is_some() {
        return None;
    }
    let message = format!("of an inline Map state no more than {max} iterations run at once");
    Some(open_mode(state, "MaxConcurrency", message))
}

fn result(state: &StateText<'_>) -> Option<Diagnostic> {
    let result = state.object.get("Result")?;
    let max = limits::PAYLOAD_BYTES_MAX;
    let bytes = crate::data::value::Value::from(result).text_bytes();
    let message = format!("the Result has {bytes} bytes, and no payload may have more than {max}");
    (bytes > max).then(|| open_mode(state, "Result", message))
}

fn open_mode(state: &StateText<'_>, field: &str, message: String) -> Diagnostic {
    let note = Diagnostic::note(codes::NEEDS_OPEN_MODE, &state.at.member(field), message);
    note.with_help("`segno dev --mode open` has no such limit")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn notes(state: &Value) -> Vec<(&'static str, String)> {
        let notes = advise(&json!({ "StartAt": "A", "States": { "A": state } }));
        let parts = notes.into_iter().map(|note| (note.code, note.pointer));
        parts.collect()
    }

    fn task(resource: &str, retried: &[&str]) -> Vec<(&'static str, String)> {
        notes(&json!({ "Type": "Task", "Resource": resource, "End": true,
                       "Retry": [{ "ErrorEquals": retried }] }))
    }

    #[test]
    fn an_attempt_that_may_be_lost_is_retried_or_told_of() {
        let lost = [("LOST_ATTEMPT", "/States/A/Resource".to_owned())];
        let invoke = "arn:aws:states:::lambda:invoke";
        assert_eq!(task(invoke, &["Lambda.TooManyRequestsException"]), lost);
        assert_eq!(task(invoke, &["States.Timeout", "States.Runtime"]), lost);
        assert_eq!(
            task("arn:aws:states:::sqs:sendMessage.waitForTaskToken", &["E"]),
            lost
        );
        for retried in [
            "States.ALL",
            "States.TaskFailed",
            "Lambda.SdkClientException",
        ] {
            assert_eq!(task(invoke, &["E", retried]), [], "{retried}");
        }
    }

    #[test]
    fn what_is_recognised_or_not_called_is_not_lost() {
        for resource in [
            "arn:aws:states:::states:startExecution.sync:2",
            "arn:aws:states:us-east-1:123456789012:activity:pack",
            "${Function}",
        ] {
            assert_eq!(task(resource, &["E"]), [], "{resource}");
        }
    }

    #[test]
    fn what_is_beyond_the_limits_of_aws_needs_the_open_mode() {
        let map = |concurrency: u64, mode: &str| {
            notes(
                &json!({ "Type": "Map", "End": true, "MaxConcurrency": concurrency,
                "ItemProcessor": { "ProcessorConfig": { "Mode": mode }, "StartAt": "B",
                    "States": { "B": { "Type": "Succeed" } } } }),
            )
        };
        let expected = [("NEEDS_OPEN_MODE", "/States/A/MaxConcurrency".to_owned())];
        assert_eq!(map(41, "INLINE"), expected);
        assert_eq!(map(40, "INLINE"), []);
        assert_eq!(map(1_000, "DISTRIBUTED"), []);
        let pass =
            |bytes| notes(&json!({ "Type": "Pass", "Result": "x".repeat(bytes), "End": true }));
        assert_eq!(pass(262_142), []);
        let expected = [("NEEDS_OPEN_MODE", "/States/A/Result".to_owned())];
        assert_eq!(pass(262_143), expected);
    }
}
