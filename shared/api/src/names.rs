//! What may be a name, and which ARN is which.

use segno_engine::operations::arn::StateMachineArn;

use crate::{ApiError, error::Reason};

/// Characters that no name may have, beside white space and control characters.
const FORBIDDEN: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";

/// Checks the characters of a name: that of a state machine, an execution, an activity or a worker.
/// Its length has been checked.
///
/// AWS: [StartExecution](https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html),
/// `name`.
pub(crate) fn check_name(name: &str) -> Result<(), ApiError> {
    let is_fine = |c: char| {
        !c.is_whitespace()
            && !c.is_control()
            && !FORBIDDEN.contains(c)
            && !matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{10ffff}')
    };
    match name.chars().all(is_fine) {
        true => Ok(()),
        false => Err(ApiError::invalid_name(name)),
    }
}

/// Checks that an ARN names a resource of one kind: `stateMachine`, `execution`, …
pub(crate) fn check_arn(arn: &str, kind: &str) -> Result<(), ApiError> {
    match kind_of(arn)? {
        found if found == kind => Ok(()),
        found => Err(ApiError::invalid_arn(format_args!(
            "Resource type not valid in this context: {found}"
        ))),
    }
}

/// What kind of resource of Step Functions an ARN names.
pub(crate) fn kind_of(arn: &str) -> Result<&str, ApiError> {
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        ["arn", partition, "states", _, _, kind, name, ..]
            if partition.starts_with("aws") && !name.is_empty() =>
        {
            Ok(kind)
        }
        _ => Err(ApiError::invalid_arn(format_args!(
            "Invalid ARN prefix: {arn}"
        ))),
    }
}

/// Takes the ARN of a state machine apart, which may name a version or an alias.
pub(crate) fn state_machine_arn(arn: &str) -> Result<StateMachineArn<'_>, ApiError> {
    check_arn(arn, "stateMachine")?;
    let parsed = StateMachineArn::parse(arn);
    parsed.ok_or_else(|| ApiError::invalid_arn(format_args!("Invalid ARN prefix: {arn}")))
}

/// Takes the ARN of a state machine apart, for an operation that has nothing to say of a Map state.
pub(crate) fn unlabeled_arn(arn: &str) -> Result<StateMachineArn<'_>, ApiError> {
    let parsed = state_machine_arn(arn)?;
    match parsed.label {
        None => Ok(parsed),
        Some(_) => Err(ApiError::invalid(
            Reason::LabeledArn,
            format!("This operation does not take the ARN of a Map state: '{arn}'"),
        )),
    }
}

/// Checks that an ARN is that of no Map state, for an operation whose model has no error of its own
/// for that: there is no such state machine.
pub(crate) fn check_unlabeled(arn: &str) -> Result<(), ApiError> {
    match state_machine_arn(arn)?.label {
        None => Ok(()),
        Some(_) => Err(ApiError::state_machine_does_not_exist(arn)),
    }
}

/// Checks the ARN of a role: `arn:aws:iam::<12 digits>:role/<path and name>`.
pub(crate) fn check_role_arn(arn: &str) -> Result<(), ApiError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let is_role = match parts.as_slice() {
        ["arn", partition, "iam", "", account, resource] => {
            let name = resource.strip_prefix("role/");
            partition.starts_with("aws")
                && account.len() == 12
                && account.bytes().all(|byte| byte.is_ascii_digit())
                && name.is_some_and(|name| !name.is_empty())
        }
        _ => false,
    };
    match is_role {
        true => Ok(()),
        false => Err(ApiError::invalid_role_arn(arn)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_characters_that_arns_or_urls_need() {
        assert!(check_name("order-7_ä.b").is_ok());
        for name in ["a b", "a:b", "a/b", "a\u{7f}b", "a*", "a\u{ffff}"] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn an_arn_of_another_kind_says_so() {
        let refused = |arn| check_arn(arn, "execution").unwrap_err().to_string();
        assert_eq!(
            refused("arn:aws:states:us-east-1:123456789012:express:m:e:u"),
            "InvalidArn: Invalid Arn: 'Resource type not valid in this context: express'"
        );
        for arn in [
            "invalid_arn",
            "arn:aws:sns:us-east-1:123456789012:execution:m:e",
        ] {
            let message = format!("InvalidArn: Invalid Arn: 'Invalid ARN prefix: {arn}'");
            assert_eq!(refused(arn), message);
        }
    }

    #[test]
    fn a_label_is_refused_by_reason() {
        let arn = "arn:aws:states:us-east-1:123456789012:stateMachine:m/Each";
        assert_eq!(state_machine_arn(arn).unwrap().label, Some("Each"));
        let body = unlabeled_arn(arn).unwrap_err().into_response().body;
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["reason"], "API_DOES_NOT_SUPPORT_LABELED_ARNS");
        let message = format!("StateMachineDoesNotExist: State Machine Does Not Exist: '{arn}'");
        assert_eq!(check_unlabeled(arn).unwrap_err().to_string(), message);
    }

    #[test]
    fn only_a_role_is_a_role() {
        for arn in [
            "arn:aws:iam::123456789012:role/r",
            "arn:aws-cn:iam::123456789012:role/path/to/r",
        ] {
            assert!(check_role_arn(arn).is_ok(), "{arn}");
        }
        for arn in [
            "r",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:user/u",
            "arn:aws:iam::aws:policy/AWSBatchFullAccess",
        ] {
            let message = format!("InvalidArn: Invalid Role Arn: '{arn}'");
            assert_eq!(check_role_arn(arn).unwrap_err().to_string(), message);
        }
    }
}
