//! The input of every operation: its members, and what they may be.
//!
//! AWS: [Actions](https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html).
//! Members are in the order of the service's model; so are violations in a message.

use segno_asl::limits::DEFINITION_BYTES_MAX;

use crate::constraint::{Kind, List, Member, Pattern};

const ARN: Kind = Kind::text(1, 256);
const LONG_ARN: Kind = Kind::text(1, 2_000);
const NAME: Kind = Kind::text(1, 80);
const DESCRIPTION: Kind = Kind::text(0, 256);
const DEFINITION: Kind = Kind::text(1, DEFINITION_BYTES_MAX);
const DATA: Kind = Kind::Data;
const ERROR: Kind = Kind::text(0, 256);
const CAUSE: Kind = Kind::text(0, 32_768);
const TASK_TOKEN: Kind = Kind::text(1, 2_048);
const MACHINE_TYPE: Kind = Kind::Enum(&["STANDARD", "EXPRESS"]);
const INCLUDED_DATA: Kind = Kind::Enum(&["ALL_DATA", "METADATA_ONLY"]);
const STATUS: Kind = Kind::Enum(&[
    "RUNNING",
    "SUCCEEDED",
    "FAILED",
    "TIMED_OUT",
    "ABORTED",
    "PENDING_REDRIVE",
]);
const COUNT: Kind = Kind::Integer {
    min: 0,
    max: i64::MAX,
};

const TRACE_HEADER: Kind = Kind::pattern(
    0,
    256,
    Pattern {
        text: r"\p{ASCII}*",
        matches: str::is_ascii,
    },
);

const ALIAS_NAME: Kind = Kind::pattern(
    1,
    80,
    Pattern {
        text: r"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$",
        matches: is_alias_name,
    },
);

const CLIENT_TOKEN: Kind = Kind::pattern(
    1,
    64,
    Pattern {
        text: "[!-~]+",
        matches: |text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()),
    },
);

/// Digits only would be a version.
fn is_alias_name(text: &str) -> bool {
    let is_mark = |c: char| matches!(c, '_' | '-' | '.');
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || is_mark(c))
        && text.chars().any(|c| c.is_ascii_alphabetic() || is_mark(c))
}

const MAX_RESULTS: Member = Member::new("maxResults", Kind::Integer { min: 0, max: 1_000 });
const NEXT_TOKEN: Member = Member::new("nextToken", Kind::text(1, 1_024));

static TAG: &[Member] = &[
    Member::new("key", Kind::text(1, 128)),
    Member::new("value", Kind::text(0, 256)),
];
static TAG_LIST: List = List {
    of: Kind::Structure(TAG),
    element: "Tag",
    min: 0,
    max: usize::MAX,
};
static TAG_KEY_LIST: List = List {
    of: Kind::text(1, 128),
    element: "TagKey",
    min: 0,
    max: usize::MAX,
};
const TAGS: Member = Member::new("tags", Kind::List(&TAG_LIST));

static LOG_GROUP: &[Member] = &[Member::new("logGroupArn", ARN)];
static LOG_DESTINATION: &[Member] = &[Member::new(
    "cloudWatchLogsLogGroup",
    Kind::Structure(LOG_GROUP),
)];
static LOG_DESTINATIONS: List = List {
    of: Kind::Structure(LOG_DESTINATION),
    element: "LogDestination",
    min: 0,
    max: usize::MAX,
};
static LOGGING: &[Member] = &[
    Member::new("level", Kind::Enum(&["ALL", "ERROR", "FATAL", "OFF"])),
    Member::new("includeExecutionData", Kind::Boolean),
    Member::new("destinations", Kind::List(&LOG_DESTINATIONS)),
];
static TRACING: &[Member] = &[Member::new("enabled", Kind::Boolean)];
static ENCRYPTION: &[Member] = &[
    Member::new("kmsKeyId", Kind::text(1, 2_048)),
    Member::new(
        "kmsDataKeyReusePeriodSeconds",
        Kind::Integer { min: 60, max: 900 },
    ),
    Member::new(
        "type",
        Kind::Enum(&["AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY"]),
    )
    .required(),
];
const LOGGING_CONFIGURATION: Member = Member::new("loggingConfiguration", Kind::Structure(LOGGING));
const TRACING_CONFIGURATION: Member = Member::new("tracingConfiguration", Kind::Structure(TRACING));
const ENCRYPTION_CONFIGURATION: Member =
    Member::new("encryptionConfiguration", Kind::Structure(ENCRYPTION));

static ROUTE: &[Member] = &[
    Member::new("stateMachineVersionArn", ARN).required(),
    Member::new("weight", Kind::Integer { min: 0, max: 100 }).required(),
];
static ROUTES: List = List {
    of: Kind::Structure(ROUTE),
    element: "RoutingConfigurationListItem",
    min: 1,
    max: 2,
};
const ROUTING_CONFIGURATION: Member = Member::new("routingConfiguration", Kind::List(&ROUTES));

static MOCK_ERROR: &[Member] = &[
    Member::new("error", ERROR).sensitive(),
    Member::new("cause", CAUSE).sensitive(),
];
static MOCK: &[Member] = &[
    Member::new("result", DATA).sensitive(),
    Member::new("errorOutput", Kind::Structure(MOCK_ERROR)),
    Member::new(
        "fieldValidationMode",
        Kind::Enum(&["STRICT", "PRESENT", "NONE"]),
    ),
];
static STATE_CONFIGURATION: &[Member] = &[
    Member::new("retrierRetryCount", COUNT),
    Member::new("errorCausedByState", NAME).sensitive(),
    Member::new("mapIterationFailureCount", COUNT),
    Member::new("mapItemReaderData", DATA).sensitive(),
];

static CREATE_ACTIVITY: &[Member] = &[
    Member::new("name", NAME).required(),
    TAGS,
    ENCRYPTION_CONFIGURATION,
];
static CREATE_STATE_MACHINE: &[Member] = &[
    Member::new("name", NAME).required(),
    Member::new("definition", DEFINITION).required().sensitive(),
    Member::new("roleArn", ARN).required(),
    Member::new("type", MACHINE_TYPE),
    LOGGING_CONFIGURATION,
    TAGS,
    TRACING_CONFIGURATION,
    Member::new("publish", Kind::Boolean),
    Member::new("versionDescription", DESCRIPTION).sensitive(),
    ENCRYPTION_CONFIGURATION,
];
static CREATE_STATE_MACHINE_ALIAS: &[Member] = &[
    Member::new("description", DESCRIPTION).sensitive(),
    Member::new("name", ALIAS_NAME).required(),
    ROUTING_CONFIGURATION.required(),
];
static OF_ACTIVITY: &[Member] = &[Member::new("activityArn", ARN).required()];
static OF_STATE_MACHINE: &[Member] = &[Member::new("stateMachineArn", ARN).required()];
static OF_ALIAS: &[Member] = &[Member::new("stateMachineAliasArn", ARN).required()];
static DELETE_STATE_MACHINE_VERSION: &[Member] =
    &[Member::new("stateMachineVersionArn", LONG_ARN).required()];
static DESCRIBE_STATE_MACHINE: &[Member] = &[
    Member::new("stateMachineArn", ARN).required(),
    Member::new("includedData", INCLUDED_DATA),
];
static DESCRIBE_OF_EXECUTION: &[Member] = &[
    Member::new("executionArn", ARN).required(),
    Member::new("includedData", INCLUDED_DATA),
];
static DESCRIBE_MAP_RUN: &[Member] = &[Member::new("mapRunArn", LONG_ARN).required()];
static GET_ACTIVITY_TASK: &[Member] = &[
    Member::new("activityArn", ARN).required(),
    Member::new("workerName", NAME),
];
static GET_EXECUTION_HISTORY: &[Member] = &[
    Member::new("executionArn", ARN).required(),
    MAX_RESULTS,
    Member::new("reverseOrder", Kind::Boolean),
    NEXT_TOKEN,
    Member::new("includeExecutionData", Kind::Boolean),
];
static LIST: &[Member] = &[MAX_RESULTS, NEXT_TOKEN];
static LIST_EXECUTIONS: &[Member] = &[
    Member::new("stateMachineArn", ARN),
    Member::new("statusFilter", STATUS),
    MAX_RESULTS,
    Member::new("nextToken", Kind::text(1, 3_096)),
    Member::new("mapRunArn", LONG_ARN),
    Member::new("redriveFilter", Kind::Enum(&["REDRIVEN", "NOT_REDRIVEN"])),
];
static LIST_OF_EXECUTION: &[Member] = &[
    Member::new("executionArn", ARN).required(),
    MAX_RESULTS,
    NEXT_TOKEN,
];
static LIST_OF_STATE_MACHINE: &[Member] = &[
    Member::new("stateMachineArn", ARN).required(),
    NEXT_TOKEN,
    MAX_RESULTS,
];
static LIST_TAGS_FOR_RESOURCE: &[Member] = &[Member::new("resourceArn", ARN).required()];
static PUBLISH_STATE_MACHINE_VERSION: &[Member] = &[
    Member::new("stateMachineArn", ARN).required(),
    Member::new("revisionId", Kind::text(0, usize::MAX)),
    Member::new("description", DESCRIPTION).sensitive(),
];
static REDRIVE_EXECUTION: &[Member] = &[
    Member::new("executionArn", ARN).required(),
    Member::new("clientToken", CLIENT_TOKEN),
];
static SEND_TASK_FAILURE: &[Member] = &[
    Member::new("taskToken", TASK_TOKEN).required(),
    Member::new("error", ERROR).sensitive(),
    Member::new("cause", CAUSE).sensitive(),
];
static SEND_TASK_HEARTBEAT: &[Member] = &[Member::new("taskToken", TASK_TOKEN).required()];
static SEND_TASK_SUCCESS: &[Member] = &[
    Member::new("taskToken", TASK_TOKEN).required(),
    Member::new("output", DATA).required().sensitive(),
];
static START_EXECUTION: &[Member] = &[
    Member::new("stateMachineArn", ARN).required(),
    Member::new("name", NAME),
    Member::new("input", DATA).sensitive(),
    Member::new("traceHeader", TRACE_HEADER),
];
static START_SYNC_EXECUTION: &[Member] = &[
    Member::new("stateMachineArn", ARN).required(),
    Member::new("name", NAME),
    Member::new("input", DATA).sensitive(),
    Member::new("traceHeader", TRACE_HEADER),
    Member::new("includedData", INCLUDED_DATA),
];
static STOP_EXECUTION: &[Member] = &[
    Member::new("executionArn", ARN).required(),
    Member::new("error", ERROR).sensitive(),
    Member::new("cause", CAUSE).sensitive(),
];
static TAG_RESOURCE: &[Member] = &[Member::new("resourceArn", ARN).required(), TAGS.required()];
static TEST_STATE: &[Member] = &[
    Member::new("definition", DEFINITION).required().sensitive(),
    Member::new("roleArn", ARN),
    Member::new("input", DATA).sensitive(),
    Member::new("inspectionLevel", Kind::Enum(&["INFO", "DEBUG", "TRACE"])),
    Member::new("revealSecrets", Kind::Boolean),
    Member::new("variables", DATA).sensitive(),
    Member::new("stateName", NAME).sensitive(),
    Member::new("mock", Kind::Structure(MOCK)),
    Member::new("context", DATA).sensitive(),
    Member::new("stateConfiguration", Kind::Structure(STATE_CONFIGURATION)),
];
static UNTAG_RESOURCE: &[Member] = &[
    Member::new("resourceArn", ARN).required(),
    Member::new("tagKeys", Kind::List(&TAG_KEY_LIST)).required(),
];
static UPDATE_MAP_RUN: &[Member] = &[
    Member::new("mapRunArn", LONG_ARN).required(),
    Member::new("maxConcurrency", COUNT),
    Member::new(
        "toleratedFailurePercentage",
        Kind::Float {
            min: 0.0,
            max: 100.0,
        },
    ),
    Member::new("toleratedFailureCount", COUNT),
];
static UPDATE_STATE_MACHINE: &[Member] = &[
    Member::new("stateMachineArn", ARN).required(),
    Member::new("definition", DEFINITION).sensitive(),
    Member::new("roleArn", ARN),
    LOGGING_CONFIGURATION,
    TRACING_CONFIGURATION,
    Member::new("publish", Kind::Boolean),
    Member::new("versionDescription", DESCRIPTION).sensitive(),
    ENCRYPTION_CONFIGURATION,
];
static UPDATE_STATE_MACHINE_ALIAS: &[Member] = &[
    Member::new("stateMachineAliasArn", ARN).required(),
    Member::new("description", DESCRIPTION).sensitive(),
    ROUTING_CONFIGURATION,
];
static VALIDATE_DEFINITION: &[Member] = &[
    // An empty one is a finding, not a violation.
    Member::new("definition", Kind::text(0, DEFINITION_BYTES_MAX))
        .required()
        .sensitive(),
    Member::new("type", MACHINE_TYPE),
    Member::new("severity", Kind::Enum(&["ERROR", "WARNING"])),
    Member::new("maxResults", Kind::Integer { min: 0, max: 100 }),
];

/// The input of an operation; `None` if there is no operation of that name.
pub(crate) fn input(operation: &str) -> Option<&'static [Member]> {
    Some(match operation {
        "CreateActivity" => CREATE_ACTIVITY,
        "CreateStateMachine" => CREATE_STATE_MACHINE,
        "CreateStateMachineAlias" => CREATE_STATE_MACHINE_ALIAS,
        "DeleteActivity" | "DescribeActivity" => OF_ACTIVITY,
        "DeleteStateMachine" => OF_STATE_MACHINE,
        "DeleteStateMachineAlias" | "DescribeStateMachineAlias" => OF_ALIAS,
        "DeleteStateMachineVersion" => DELETE_STATE_MACHINE_VERSION,
        "DescribeExecution" | "DescribeStateMachineForExecution" => DESCRIBE_OF_EXECUTION,
        "DescribeMapRun" => DESCRIBE_MAP_RUN,
        "DescribeStateMachine" => DESCRIBE_STATE_MACHINE,
        "GetActivityTask" => GET_ACTIVITY_TASK,
        "GetExecutionHistory" => GET_EXECUTION_HISTORY,
        "ListActivities" | "ListStateMachines" => LIST,
        "ListExecutions" => LIST_EXECUTIONS,
        "ListMapRuns" => LIST_OF_EXECUTION,
        "ListStateMachineAliases" | "ListStateMachineVersions" => LIST_OF_STATE_MACHINE,
        "ListTagsForResource" => LIST_TAGS_FOR_RESOURCE,
        "PublishStateMachineVersion" => PUBLISH_STATE_MACHINE_VERSION,
        "RedriveExecution" => REDRIVE_EXECUTION,
        "SendTaskFailure" => SEND_TASK_FAILURE,
        "SendTaskHeartbeat" => SEND_TASK_HEARTBEAT,
        "SendTaskSuccess" => SEND_TASK_SUCCESS,
        "StartExecution" => START_EXECUTION,
        "StartSyncExecution" => START_SYNC_EXECUTION,
        "StopExecution" => STOP_EXECUTION,
        "TagResource" => TAG_RESOURCE,
        "TestState" => TEST_STATE,
        "UntagResource" => UNTAG_RESOURCE,
        "UpdateMapRun" => UPDATE_MAP_RUN,
        "UpdateStateMachine" => UPDATE_STATE_MACHINE,
        "UpdateStateMachineAlias" => UPDATE_STATE_MACHINE_ALIAS,
        "ValidateStateMachineDefinition" => VALIDATE_DEFINITION,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_has_a_letter_or_a_mark() {
        for name in ["live", "v2", "1.0", "-", "_7"] {
            assert!(is_alias_name(name), "{name}");
        }
        for name in ["", "7", "a b", "a:b", "ä", "a/b"] {
            assert!(!is_alias_name(name), "{name}");
        }
    }
}
