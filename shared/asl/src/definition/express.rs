//! What an Express state machine cannot do.
//!
//! AWS: [Standard and Express workflows](https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html).
//! The words are as recorded, the space at the end of one of them included.

use serde_json::Value;

use super::{Diagnostic, Pattern, Resource, codes, visit};

pub(super) fn check(definition: &Value, found: &mut Vec<Diagnostic>) {
    visit::states(definition, &mut |state| {
        let resource = state.object.get("Resource").and_then(Value::as_str);
        let what = match resource.and_then(Resource::parse) {
            Some(Resource::Activity { .. }) => "Activity ARN",
            Some(Resource::Service { pattern, .. }) => match pattern {
                Pattern::RequestResponse => return,
                Pattern::Sync | Pattern::Sync2 => "'.sync' service integration",
                Pattern::WaitForTaskToken => "'.waitForTaskToken' service integration ",
            },
            Some(Resource::LambdaFunction { .. }) | None => return,
        };
        let message = format!("Express state machine does not support {what}");
        let at = format!("{}/Resource", state.at);
        found.push(Diagnostic::error(codes::SCHEMA, at, message));
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::definition::{MachineType, check_value};

    #[test]
    fn an_express_machine_waits_for_no_one() {
        for (resource, words) in [
            (
                "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "Express state machine does not support '.waitForTaskToken' service integration ",
            ),
            (
                "arn:aws:states:::states:startExecution.sync:2",
                "Express state machine does not support '.sync' service integration",
            ),
            (
                "arn:aws:states:us-east-1:123456789012:activity:approve",
                "Express state machine does not support Activity ARN",
            ),
        ] {
            let definition = json!({ "StartAt": "A", "States": { "A": {
                "Type": "Task", "Resource": resource, "TimeoutSeconds": 9, "End": true,
            } } });
            assert_eq!(check_value(&definition, MachineType::Standard), []);
            let found = check_value(&definition, MachineType::Express);
            assert_eq!(found[0].message, words);
            assert_eq!(found[0].location, "/States/A/Resource");
        }
    }
}
