//! What may be a name, and which ARN is which.

use crate::ApiError;

const NAME_CHARACTERS_MAX: usize = 80;

/// Characters that no name may have, beside white space and control characters.
const FORBIDDEN: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";

/// Checks the name of a state machine or an execution.
///
/// AWS: [StartExecution](https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html),
/// `name`.
pub(crate) fn check_name(name: &str) -> Result<(), ApiError> {
    let length = name.chars().count();
    let is_fine = |c: char| {
        !c.is_whitespace()
            && !c.is_control()
            && !FORBIDDEN.contains(c)
            && !matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{10ffff}')
    };
    match (1..=NAME_CHARACTERS_MAX).contains(&length) && name.chars().all(is_fine) {
        true => Ok(()),
        false => Err(ApiError::invalid_name(name)),
    }
}

/// Checks that an ARN names a resource of one kind: `stateMachine`, `execution`, …
pub(crate) fn check_arn(arn: &str, kind: &str) -> Result<(), ApiError> {
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        ["arn", partition, "states", _, _, found, _, ..] if partition.starts_with("aws") => {
            match *found == kind {
                true => Ok(()),
                false => Err(ApiError::invalid_arn(format_args!(
                    "Resource type not valid in this context: {found}"
                ))),
            }
        }
        _ => Err(ApiError::invalid_arn(format_args!(
            "Invalid ARN prefix: {arn}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_characters_that_arns_or_urls_need() {
        assert!(check_name("order-7_ä.b").is_ok());
        for name in ["", "a b", "a:b", "a/b", "a\u{7f}b", "a*", &"x".repeat(81)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn an_arn_of_another_kind_says_so() {
        let express = "arn:aws:states:us-east-1:123456789012:express:m:e:u";
        let error = check_arn(express, "execution").unwrap_err();
        assert_eq!(
            error.to_string(),
            "InvalidArn: Invalid Arn: 'Resource type not valid in this context: express'"
        );
        let error = check_arn("invalid_arn", "execution").unwrap_err();
        assert_eq!(
            error.to_string(),
            "InvalidArn: Invalid Arn: 'Invalid ARN prefix: invalid_arn'"
        );
    }
}
