//! Every quota of the language, with its unit and its source.

/// Bytes of a state's input, output or result, as compact JSON in UTF-8.
///
/// AWS: [Quotas](https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html), "maximum
/// input or output size for a task, state, or execution".
pub const PAYLOAD_BYTES_MAX: usize = 262_144;

/// Bytes of a definition.
///
/// AWS: [CreateStateMachine](https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html).
pub const DEFINITION_BYTES_MAX: usize = 1_048_576;

/// Unicode characters of a state's name.
///
/// Spec: [States](https://states-language.net/spec.html#states-fields).
pub const STATE_NAME_CHARACTERS_MAX: usize = 80;

/// Unicode characters of a variable's name.
///
/// AWS: [Variables](https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html).
pub const VARIABLE_NAME_CHARACTERS_MAX: usize = 80;

/// History events of one Standard execution.
///
/// AWS: [Quotas](https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
pub const HISTORY_EVENTS_MAX: u64 = 25_000;

/// Iterations of an inline Map state that run at the same time.
///
/// AWS: [Inline mode](https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html).
pub const INLINE_ITERATIONS_MAX: u64 = 40;

/// Seconds that a Wait state may last: 2³¹ − 1. AWS fails the execution beyond ("Wait state delay is
/// too long."); 24,855 days pass, 24,856 do not.
pub const WAIT_SECONDS_MAX: i64 = i32::MAX as i64;

/// Seconds that a definition may name, and retries.
///
/// AWS: [Task state](https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html).
pub const SECONDS_MAX: u64 = 99_999_999;

/// `MaxAttempts` of a retrier.
///
/// AWS: [Retrying after an error](https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html).
pub const RETRIES_MAX: u64 = 99_999_999;

/// A whole number in a definition that has no other bound: an integer of Java.
pub const INTEGER_MAX: u64 = i32::MAX as u64;

/// Unicode characters of the `Label` of a Map state.
///
/// AWS: [Distributed mode](https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html).
pub const LABEL_CHARACTERS_MAX: usize = 40;

/// Items of a distributed Map state.
///
/// AWS: [ItemReader](https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html), `MaxItems`.
pub const MAP_ITEMS_MAX: u64 = 100_000_000;

/// Bytes of all `CSVHeaders` together.
///
/// AWS: [ItemReader](https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html), `CSVHeaders`.
pub const CSV_HEADERS_BYTES_MAX: usize = 10 * 1024;

/// Bytes that `ItemsPointer` must be shorter than.
///
/// AWS: [ItemReader](https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html), `ItemsPointer`.
pub const ITEMS_POINTER_BYTES_BOUND: usize = 2_000;

/// Seconds that a test of one state may take.
///
/// AWS: [TestState](https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html).
pub const TEST_STATE_SECONDS_MAX: u64 = 300;

/// `MaxDelaySeconds` of a retrier, in seconds.
///
/// AWS: [Retrying after an error](https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html).
pub const RETRY_DELAY_SECONDS_MAX: u64 = 31_622_400;

/// Calls of intrinsic functions inside one another, the outermost included.
///
/// AWS: [Intrinsic functions](https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html).
pub const NESTED_INTRINSICS_MAX: usize = 10;

/// Items of an array that `States.ArrayRange` makes.
///
/// AWS: [Intrinsic functions](https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html).
pub const ARRAY_RANGE_ITEMS_MAX: usize = 1_000;

/// Unicode characters that `States.Base64Encode`, `States.Base64Decode` and `States.Hash` take.
///
/// AWS: [Intrinsic functions](https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html).
pub const INTRINSIC_TEXT_CHARACTERS_MAX: usize = 10_000;

/// Arrays and objects inside one another in a document. One more, and serde_json refuses to read
/// the text back.
pub const NESTING_LEVELS_MAX: usize = 127;

/// What one field may make while it is evaluated: values, each 64 bytes of text counted as one more.
/// Ours. It is many times a payload, and keeps a definition that names `$` a hundred thousand times
/// from filling the memory.
pub const EVALUATION_WEIGHT_MAX: usize = 2_000_000;

/// Seconds that one JSONata expression may take, and twice as many all those of one field.
///
/// AWS: [Transforming data](https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html),
/// "expression evaluation timeout".
pub const JSONATA_SECONDS_MAX: u64 = 1;

/// Steps that one JSONata expression may take. Ours: it ends an endless loop at the same place on
/// every machine, long before a fast one runs out of time.
pub const JSONATA_STEPS_MAX: u64 = 5_000_000;

/// Evaluations of a JSONata expression inside one another. AWS stops a recursion after about a
/// hundred calls, each of which is several evaluations.
pub const JSONATA_DEPTH_MAX: usize = 500;

/// Bytes of a string or of a result that a JSONata expression makes: what AWS's limit of memory was
/// measured to be.
pub const JSONATA_BYTES_MAX: usize = 6_990_256;

/// Items of an array that a JSONata expression makes: AWS was measured to make `[1..873782]`, and
/// not one more.
pub const JSONATA_ARRAY_ITEMS_MAX: usize = 873_782;

/// Bytes of strings and arrays that a JSONata expression makes in all, those it forgets included.
/// Ours.
pub const JSONATA_MADE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Elements that `$keys` and `$distinct` compare with one another in a JSONata expression; with more
/// of them they go another way. Ours; some milliseconds.
pub const JSONATA_COMPARED_ELEMENTS_MAX: usize = 2_000;

/// Days for which a Standard execution can be looked at after it has closed.
///
/// AWS: [Quotas](https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html), "execution
/// history retention time".
pub const RETENTION_DAYS: u16 = 90;

/// Seconds that a request of an HTTP Task may take.
///
/// AWS: [Quotas for HTTP Task](https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
pub const HTTP_TASK_SECONDS_MAX: u64 = 60;

/// Characters of a cause.
///
/// AWS: [SendTaskFailure](https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html).
pub const CAUSE_CHARACTERS_MAX: usize = 32_768;
