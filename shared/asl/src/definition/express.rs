//! What an Express state machine cannot do.
//!
//! AWS: [Standard and Express workflows](https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html).
//! The words are as recorded, the space at the end of one of them included.

use serde_json::Value;

use super::{
    Diagnostic, MachineType, Pattern, Resource, codes,
    visit::{self, StateText},
};

/// Adds what an Express execution cannot do, whether the whole machine is one or the executions for
/// the items of a distributed Map state are.
pub(super) fn check(definition: &Value, machine_type: MachineType, found: &mut Vec<Diagnostic>) {
    visit::states(definition, &mut |state| {
        if machine_type == MachineType::Express || state.is_in_express() {
            check_state(state, found);
        }
    });
}

fn check_state(state: &StateText<'_>, found: &mut Vec<Diagnostic>) {
    if let Some(mode) = state.distributed_mode() {
        let message = "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' \
                       state machines";
        found.push(Diagnostic::error(codes::SCHEMA, &mode, message));
    }
    let what = match state.text("Resource").and_then(Resource::parse) {
        Some(Resource::Activity { .. }) => "Activity ARN",
        Some(Resource::Service { pattern, .. }) => match pattern {
            Pattern::RequestResponse => return,
            Pattern::Sync | Pattern::Sync2 => "'.sync' service integration",
            Pattern::WaitForTaskToken => "'.waitForTaskToken' service integration ",
        },
        Some(Resource::LambdaFunction { .. }) | None => return,
    };
    let message = format!("Express state machine does not support {what}");
    let at = state.at.member("Resource");
    found.push(Diagnostic::error(codes::SCHEMA, &at, message));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::definition::{MachineType, check_value, compile};

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
                "Parameters": { "QueueUrl": "q", "MessageBody": "m", "StateMachineArn": "a" },
            } } });
            assert_eq!(check_value(&definition, MachineType::Standard), []);
            let found = check_value(&definition, MachineType::Express);
            assert_eq!(found[0].message, words);
            assert_eq!(found[0].pointer, "/States/A/Resource");
        }
    }

    #[test]
    fn the_executions_for_items_wait_for_no_one_either() {
        let mut definition = json!({ "StartAt": "Each", "States": { "Each": {
            "Type": "Map", "End": true, "ItemProcessor": {
                "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS" },
                "StartAt": "A", "States": { "A": { "Type": "Task", "End": true,
                    "Resource": "arn:aws:states:::glue:startJobRun.sync", "Parameters": { "JobName": "j" } } } },
        } } });
        let refused = compile(&definition).unwrap_err();
        assert_eq!(
            refused.0[0].pointer,
            "/States/Each/ItemProcessor/States/A/Resource"
        );
        let config = "/States/Each/ItemProcessor/ProcessorConfig";
        definition.pointer_mut(config).unwrap()["ExecutionType"] = json!("STANDARD");
        assert!(compile(&definition).is_ok());
        let found = check_value(&definition, MachineType::Express);
        assert_eq!(
            found[0].message,
            "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines"
        );
        assert_eq!(found[0].pointer, format!("{config}/Mode"));
    }
}
