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
