//! What may be done with a key: which operations, and with which state machines.

use serde_json::Value;

use crate::{Key, Wildcard};

/// Why something may not be done with a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The key {key_id} is not authorized to perform: states:{operation}{on}")]
pub struct Denied {
    key_id: String,
    operation: String,
    on: String,
}

/// What an operation is about.
#[derive(Debug, PartialEq, Eq)]
enum Subject {
    /// State machines, or their executions: each of these members that is sent has an ARN.
    Machines(&'static [&'static str]),
    /// The state machine that is called `name`.
    NewMachine,
    /// The state machine whose versions are in the routing configuration.
    Routes,
    /// A task token. Whoever has one was given it, to answer that one task: nothing else is asked for.
    Token,
    /// Nothing that is kept.
    Nothing,
    /// More than one state machine.
    Everything,
}

/// Whether something may be done with a key.
///
/// The operation must be among the key's. A request about state machines, their versions, aliases and
/// executions must name ones that are the key's. One that is about none of them in particular (lists of
/// state machines, activities, TestState) is for keys that are for all state machines.
///
/// # Errors
///
/// The key is not for that.
pub fn authorize(key: &Key, operation: &str, body: &[u8]) -> Result<(), Denied> {
    let denied = |on: String| Denied {
        key_id: key.id.clone(),
        operation: operation.to_owned(),
        on,
    };
    if !fits(&key.operations, operation) {
        return Err(denied(String::new()));
    }
    if key.state_machines.iter().any(Wildcard::is_any) {
        return Ok(());
    }
    // What cannot be read names nothing.
    let sent: Value = serde_json::from_slice(body.trim_ascii()).unwrap_or_default();
    let names = match subject(operation) {
        Subject::Token | Subject::Nothing => return Ok(()),
        Subject::Everything => Vec::new(),
        Subject::NewMachine => vec![sent["name"].as_str()],
        Subject::Machines(members) => machines(members.iter().map(|member| &sent[member])),
        Subject::Routes => {
            let routes = sent["routingConfiguration"].as_array();
            let routes = routes.into_iter().flatten();
            machines(routes.map(|route| &route["stateMachineVersionArn"]))
        }
    };
    if names.is_empty() {
        return Err(denied(" on resource: *".into()));
    }
    let is_own = |name: &Option<&str>| name.is_some_and(|name| fits(&key.state_machines, name));
    match names.iter().find(|name| !is_own(name)) {
        Some(name) => Err(denied(match name {
            Some(name) => format!(" on resource: the state machine {name}"),
            None => " on resource: what is no state machine".into(),
        })),
        None => Ok(()),
    }
}

fn fits(wildcards: &[Wildcard], text: &str) -> bool {
    wildcards.iter().any(|wildcard| wildcard.matches(text))
}

/// The names in these ARNs, of which some may not be there; `None` for what has none.
fn machines<'a>(arns: impl Iterator<Item = &'a Value>) -> Vec<Option<&'a str>> {
    let sent = arns.filter(|arn| !arn.is_null());
    sent.map(|arn| arn.as_str().and_then(machine_in)).collect()
}

/// The name of the state machine in its ARN, or in that of a version, an alias, an execution or a run of
/// one of its Map states.
fn machine_in(arn: &str) -> Option<&str> {
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        [
            "arn",
            _,
            "states",
            _,
            _,
            "stateMachine" | "execution" | "express" | "mapRun",
            name,
            ..,
        ] => name.split('/').next(),
        _ => None,
    }
}

fn subject(operation: &str) -> Subject {
    match operation {
        "CreateStateMachine" => Subject::NewMachine,
        "CreateStateMachineAlias" => Subject::Routes,
        "DeleteStateMachine"
        | "DescribeStateMachine"
        | "ListStateMachineAliases"
        | "ListStateMachineVersions"
        | "PublishStateMachineVersion"
        | "StartExecution"
        | "StartSyncExecution"
        | "UpdateStateMachine" => Subject::Machines(&["stateMachineArn"]),
        "ListExecutions" => Subject::Machines(&["stateMachineArn", "mapRunArn"]),
        "DeleteStateMachineVersion" => Subject::Machines(&["stateMachineVersionArn"]),
        "DeleteStateMachineAlias" | "DescribeStateMachineAlias" | "UpdateStateMachineAlias" => {
            Subject::Machines(&["stateMachineAliasArn"])
        }
        "DescribeExecution"
        | "DescribeStateMachineForExecution"
        | "GetExecutionHistory"
        | "ListMapRuns"
        | "RedriveExecution"
        | "StopExecution" => Subject::Machines(&["executionArn"]),
        "DescribeMapRun" | "UpdateMapRun" => Subject::Machines(&["mapRunArn"]),
        "ListTagsForResource" | "TagResource" | "UntagResource" => {
            Subject::Machines(&["resourceArn"])
        }
        "SendTaskFailure" | "SendTaskHeartbeat" | "SendTaskSuccess" => Subject::Token,
        "ValidateStateMachineDefinition" => Subject::Nothing,
        _ => Subject::Everything,
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:states:eu-west-1:123456789012";

    fn key(operations: &str, machines: &str) -> Key {
        let wildcards = |text: &str| text.split(',').map(|part| part.parse().unwrap()).collect();
        let (operations, machines) = (wildcards(operations), wildcards(machines));
        let term = "never".parse().unwrap();
        Key::new(operations, machines, SystemTime::UNIX_EPOCH, term).unwrap()
    }

    fn is_allowed(key: &Key, operation: &str, request: &Value) -> bool {
        authorize(key, operation, request.to_string().as_bytes()).is_ok()
    }

    #[test]
    fn an_operation_is_among_the_keys() {
        let key = key("StartExecution,Describe*", "*");
        for (operation, is_among) in [
            ("StartExecution", true),
            ("DescribeExecution", true),
            ("StartSyncExecution", false),
            ("startExecution", false),
            ("", false),
        ] {
            assert_eq!(
                is_allowed(&key, operation, &json!({})),
                is_among,
                "{operation}"
            );
        }
    }

    #[test]
    fn every_arn_that_names_a_state_machine_is_looked_into() {
        let key = key("*", "order-*");
        for (operation, member, rest) in [
            ("StartExecution", "stateMachineArn", "stateMachine:NAME"),
            (
                "StartExecution",
                "stateMachineArn",
                "stateMachine:NAME:live",
            ),
            (
                "ListExecutions",
                "stateMachineArn",
                "stateMachine:NAME/Each",
            ),
            ("DescribeExecution", "executionArn", "execution:NAME:e"),
            ("DescribeExecution", "executionArn", "express:NAME:e:u"),
            ("StopExecution", "executionArn", "execution:NAME/Each:e"),
            ("DescribeMapRun", "mapRunArn", "mapRun:NAME/Each:u"),
            (
                "DeleteStateMachineVersion",
                "stateMachineVersionArn",
                "stateMachine:NAME:1",
            ),
            (
                "DescribeStateMachineAlias",
                "stateMachineAliasArn",
                "stateMachine:NAME:live",
            ),
            ("TagResource", "resourceArn", "stateMachine:NAME"),
        ] {
            let named =
                |name: &str| json!({ member: format!("{ARN}:{}", rest.replace("NAME", name)) });
            assert!(
                is_allowed(&key, operation, &named("order-1")),
                "{operation}: {rest}"
            );
            for other in ["other", "an-order-1", "order", ""] {
                assert!(
                    !is_allowed(&key, operation, &named(other)),
                    "{operation}: {other}"
                );
            }
        }
    }

    #[test]
    fn state_machines_are_made_by_the_names_that_the_key_has() {
        let key = key("*", "order-*");
        assert!(is_allowed(
            &key,
            "CreateStateMachine",
            &json!({ "name": "order-1" })
        ));
        assert!(!is_allowed(
            &key,
            "CreateStateMachine",
            &json!({ "name": "other" })
        ));
        let alias = |names: &[&str]| {
            let routes = names.iter().map(
                |name| json!({ "stateMachineVersionArn": format!("{ARN}:stateMachine:{name}:1") }),
            );
            json!({ "name": "order-1", "routingConfiguration": routes.collect::<Vec<_>>() })
        };
        assert!(is_allowed(
            &key,
            "CreateStateMachineAlias",
            &alias(&["order-1"])
        ));
        assert!(!is_allowed(
            &key,
            "CreateStateMachineAlias",
            &alias(&["order-1", "other"])
        ));
        assert!(!is_allowed(&key, "CreateStateMachineAlias", &alias(&[])));
    }

    #[test]
    fn what_an_operation_does_not_read_does_not_open_it() {
        let key = key("*", "order-*");
        let own = json!({ "stateMachineArn": format!("{ARN}:stateMachine:order-1") });
        for operation in [
            "ListStateMachines",
            "TestState",
            "ListActivities",
            "Unknown",
        ] {
            assert!(!is_allowed(&key, operation, &own), "{operation}");
        }
        assert!(!is_allowed(&key, "StopExecution", &own));
        let both = json!({
            "stateMachineArn": format!("{ARN}:stateMachine:order-1"),
            "mapRunArn": format!("{ARN}:mapRun:other/Each:u"),
        });
        assert!(!is_allowed(&key, "ListExecutions", &both));
    }

    #[test]
    fn what_is_no_state_machine_is_none_of_the_keys() {
        let key = key("*", "order-*");
        for arn in [
            json!(format!("{ARN}:activity:order-1")),
            json!("arn:aws:lambda:eu-west-1:123456789012:stateMachine:order-1"),
            json!("order-1"),
            json!(1),
            json!([format!("{ARN}:stateMachine:order-1")]),
        ] {
            let request = json!({ "stateMachineArn": arn, "resourceArn": arn });
            assert!(!is_allowed(&key, "StartExecution", &request), "{arn}");
            assert!(!is_allowed(&key, "TagResource", &request), "{arn}");
        }
        assert!(authorize(&key, "StartExecution", b"no JSON").is_err());
    }

    #[test]
    fn of_a_member_that_is_there_twice_the_last_one_counts() {
        let key = key("*", "order-*");
        let twice = |first: &str, last: &str| {
            let member = |name| format!(r#""stateMachineArn":"{ARN}:stateMachine:{name}""#);
            format!("{{{},{}}}", member(first), member(last))
        };
        assert!(authorize(&key, "StartExecution", twice("order-1", "other").as_bytes()).is_err());
        assert!(authorize(&key, "StartExecution", twice("other", "order-1").as_bytes()).is_ok());
    }

    #[test]
    fn a_token_may_be_answered_by_whoever_has_it_if_the_key_is_for_that() {
        let token = json!({ "taskToken": "t" });
        assert!(is_allowed(
            &key("SendTask*", "order-*"),
            "SendTaskSuccess",
            &token
        ));
        assert!(!is_allowed(&key("Start*", "*"), "SendTaskSuccess", &token));
    }

    #[test]
    fn who_is_denied_is_told_what() {
        let body = json!({ "stateMachineArn": format!("{ARN}:stateMachine:other") }).to_string();
        let mut key = key("*", "order-*");
        key.id = "K".into();
        let denied = authorize(&key, "StartExecution", body.as_bytes()).unwrap_err();
        assert_eq!(
            denied.to_string(),
            "The key K is not authorized to perform: states:StartExecution on resource: the state machine \
             other"
        );
    }
}
