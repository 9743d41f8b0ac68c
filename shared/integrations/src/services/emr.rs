//! Amazon EMR, whose integration has one cluster and one step where the service has lists, and names of
//! its own.
//!
//! AWS: [Create and manage Amazon EMR clusters](https://docs.aws.amazon.com/step-functions/latest/dg/connect-emr.html).

pub(super) mod by_name;

use serde_json::{Map, Value};

/// The service's action.
pub(super) fn action(action: &str) -> &str {
    match action {
        "createCluster" => "runJobFlow",
        "terminateCluster" => "terminateJobFlows",
        "addStep" => "addJobFlowSteps",
        "cancelStep" => "cancelSteps",
        "setClusterTerminationProtection" => "setTerminationProtection",
        "modifyInstanceFleetByName" => "modifyInstanceFleet",
        "modifyInstanceGroupByName" => "modifyInstanceGroups",
        action => action,
    }
}

/// The service's request, if it takes no more than what the task says.
pub(super) fn request(action: &str, mut given: Map<String, Value>) -> Map<String, Value> {
    match action {
        "terminateCluster" | "setClusterTerminationProtection" => {
            move_into_list(&mut given, "ClusterId", "JobFlowIds");
        }
        "addStep" => {
            if let Some(id) = given.shift_remove("ClusterId") {
                given.insert("JobFlowId".into(), id);
            }
            move_into_list(&mut given, "Step", "Steps");
        }
        "cancelStep" => move_into_list(&mut given, "StepId", "StepIds"),
        _ => {}
    }
    given
}

/// The integration's result.
pub(super) fn result(action: &str, mut value: Map<String, Value>) -> Map<String, Value> {
    match action {
        "createCluster" => {
            if let Some(id) = value.shift_remove("JobFlowId") {
                value.insert("ClusterId".into(), id);
            }
        }
        "addStep" => move_out_of_list(&mut value, "StepIds", "StepId"),
        "cancelStep" => {
            move_out_of_list(&mut value, "CancelStepsInfoList", "CancelStepsInfo");
        }
        _ => {}
    }
    value
}

fn move_into_list(object: &mut Map<String, Value>, one: &str, list: &str) {
    if let Some(value) = object.shift_remove(one) {
        object.insert(list.into(), vec![value].into());
    }
}

fn move_out_of_list(object: &mut Map<String, Value>, list: &str, one: &str) {
    let first = match object.shift_remove(list) {
        Some(Value::Array(values)) => values.into_iter().next(),
        _ => None,
    };
    object.insert(one.into(), first.unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_step_is_a_list_to_the_service() {
        let given = json!({ "ClusterId": "j-1", "Step": { "Name": "n" } });
        let sent = request("addStep", given.as_object().unwrap().clone());
        let wanted = json!({ "JobFlowId": "j-1", "Steps": [{ "Name": "n" }] });
        assert_eq!(Value::Object(sent), wanted);
        let answered = json!({ "StepIds": ["s-1"] });
        let result = result("addStep", answered.as_object().unwrap().clone());
        assert_eq!(Value::Object(result), json!({ "StepId": "s-1" }));
    }
}
