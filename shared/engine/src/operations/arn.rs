//! The names of things.
//!
//! AWS: [ARNs](https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html#awsstepfunctions-resources-for-iam-policies).

/// ARN of a state machine.
///
/// ```
/// assert_eq!(
///     segno_engine::operations::arn::state_machine("us-east-1", "123456789012", "order"),
///     "arn:aws:states:us-east-1:123456789012:stateMachine:order",
/// );
/// ```
pub fn state_machine(region: &str, account: &str, name: &str) -> String {
    format!("arn:aws:states:{region}:{account}:stateMachine:{name}")
}

/// ARN of an activity.
pub fn activity(region: &str, account: &str, name: &str) -> String {
    format!("arn:aws:states:{region}:{account}:activity:{name}")
}

/// ARN of an Express execution, which needs an id of its own: its name may be used again.
///
/// ```
/// # use segno_engine::operations::arn;
/// let machine = "arn:aws:states:us-east-1:123456789012:stateMachine:order";
/// let execution = "arn:aws:states:us-east-1:123456789012:express:order:one:id";
/// assert_eq!(arn::express(machine, "one", "id").as_deref(), Some(execution));
/// ```
pub fn express(state_machine: &str, name: &str, id: &str) -> Option<String> {
    let (prefix, machine) = state_machine.split_once(":stateMachine:")?;
    Some(format!("{prefix}:express:{machine}:{name}:{id}"))
}

/// ARN of an execution of a state machine. `None` if the first ARN is not that of a state machine.
///
/// ```
/// # use segno_engine::operations::arn;
/// let machine = "arn:aws:states:us-east-1:123456789012:stateMachine:order";
/// let execution = "arn:aws:states:us-east-1:123456789012:execution:order:one";
/// assert_eq!(arn::execution(machine, "one").as_deref(), Some(execution));
/// ```
pub fn execution(state_machine: &str, name: &str) -> Option<String> {
    let (prefix, machine) = state_machine.split_once(":stateMachine:")?;
    Some(format!("{prefix}:execution:{machine}:{name}"))
}

/// The ARN of a state machine, taken apart.
///
/// ```
/// use segno_engine::operations::arn::{Qualifier, StateMachineArn};
///
/// let text = "arn:aws:states:us-east-1:123456789012:stateMachine:order:7";
/// let arn = StateMachineArn::parse(text).unwrap();
/// assert_eq!((arn.name, arn.label, arn.qualifier), ("order", None, Qualifier::Version(7)));
/// assert_eq!(arn.unqualified(), "arn:aws:states:us-east-1:123456789012:stateMachine:order");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateMachineArn<'a> {
    prefix: &'a str,
    /// Name of the state machine.
    pub name: &'a str,
    /// Label of a Map state of it, if the ARN names one.
    pub label: Option<&'a str>,
    /// What is named of the state machine.
    pub qualifier: Qualifier<'a>,
}

/// What the end of a state machine's ARN names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qualifier<'a> {
    /// The state machine as it is now.
    None,
    /// A version.
    Version(u64),
    /// An alias. No alias has a name of digits only.
    Alias(&'a str),
}

impl<'a> StateMachineArn<'a> {
    /// Takes an ARN apart. `None` if it is not that of a state machine.
    pub fn parse(text: &'a str) -> Option<Self> {
        let kind = text.find(":stateMachine:")? + ":stateMachine:".len();
        let (prefix, rest) = text.split_at(kind);
        let (name, qualifier) = match rest.split_once(':') {
            None => (rest, Qualifier::None),
            Some((name, qualifier)) => match version_number(qualifier) {
                Some(number) => (name, Qualifier::Version(number)),
                None => (name, Qualifier::Alias(qualifier)),
            },
        };
        let (name, label) = match name.split_once('/') {
            None => (name, None),
            Some((name, label)) => (name, Some(label)),
        };
        (!name.is_empty()).then_some(Self {
            prefix,
            name,
            label,
            qualifier,
        })
    }

    /// The ARN of the state machine alone.
    pub fn unqualified(&self) -> String {
        format!("{}{}", self.prefix, self.name)
    }
}

/// A number as versions are numbered: without leading zeros, so that a version has one ARN.
fn version_number(text: &str) -> Option<u64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn qualifier(end: &str) -> Qualifier<'_> {
        // The tests' texts live as long as they do.
        let text = format!("arn:aws:states:us-east-1:123456789012:stateMachine:m{end}");
        StateMachineArn::parse(String::leak(text))
            .unwrap()
            .qualifier
    }

    #[test]
    fn digits_are_a_version_and_anything_else_an_alias() {
        assert_eq!(qualifier(""), Qualifier::None);
        assert_eq!(qualifier(":12"), Qualifier::Version(12));
        for name in ["live", "v2", "1.0", "007", "0", "99999999999999999999", ""] {
            assert_eq!(qualifier(&format!(":{name}")), Qualifier::Alias(name));
        }
    }

    #[test]
    fn a_label_is_no_part_of_the_name() {
        let text = "arn:aws:states:us-east-1:123456789012:stateMachine:m/Each";
        let arn = StateMachineArn::parse(text).unwrap();
        assert_eq!((arn.name, arn.label), ("m", Some("Each")));
        assert_eq!(arn.unqualified(), text.strip_suffix("/Each").unwrap());
    }

    #[test]
    fn other_arns_are_none_of_a_state_machine() {
        for text in [
            "order",
            "arn:aws:states:us-east-1:123456789012:execution:m:e",
            "arn:aws:states:us-east-1:123456789012:stateMachine:",
        ] {
            assert_eq!(StateMachineArn::parse(text), None);
        }
    }
}
