//! The optimized integrations: what there is to call, what can be waited for, and what a call needs.
//!
//! AWS: [Integrating optimized services](https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html).

use super::Pattern;

/// A service, some of its actions, and the patterns beside request and response that they have.
type Row = (&'static str, &'static [&'static str], &'static [Pattern]);

const JOB: &[Pattern] = &[Pattern::Sync];
const TOKEN: &[Pattern] = &[Pattern::WaitForTaskToken];
const JOB_OR_TOKEN: &[Pattern] = &[Pattern::Sync, Pattern::WaitForTaskToken];

const ACTIONS: &[Row] = &[
    ("apigateway", &["invoke"], TOKEN),
    ("athena", &["startQueryExecution"], JOB),
    (
        "athena",
        &["getQueryExecution", "getQueryResults", "stopQueryExecution"],
        &[],
    ),
    ("batch", &["submitJob"], JOB),
    ("bedrock", &["invokeModel"], TOKEN),
    ("bedrock", &["createModelCustomizationJob"], JOB_OR_TOKEN),
    ("bedrockagentcore", &["invokeHarness"], &[]),
    (
        "codebuild",
        &["startBuild", "startBuildBatch", "retryBuildBatch"],
        JOB,
    ),
    (
        "codebuild",
        &[
            "batchDeleteBuilds",
            "batchGetReports",
            "deleteBuildBatch",
            "stopBuild",
            "stopBuildBatch",
        ],
        &[],
    ),
    ("databrew", &["startJobRun"], JOB),
    (
        "dynamodb",
        &["deleteItem", "getItem", "putItem", "updateItem"],
        &[],
    ),
    ("ecs", &["runTask"], JOB_OR_TOKEN),
    (
        "eks",
        &[
            "call",
            "createCluster",
            "createFargateProfile",
            "createNodegroup",
            "deleteCluster",
            "deleteFargateProfile",
            "deleteNodegroup",
            "runJob",
        ],
        JOB_OR_TOKEN,
    ),
    (
        "elasticmapreduce",
        &["addStep", "createCluster", "terminateCluster"],
        JOB,
    ),
    (
        "elasticmapreduce",
        &[
            "cancelStep",
            "modifyInstanceFleetByName",
            "modifyInstanceGroupByName",
            "setClusterTerminationProtection",
        ],
        &[],
    ),
    (
        "emr-containers",
        &[
            "createVirtualCluster",
            "deleteVirtualCluster",
            "startJobRun",
        ],
        JOB,
    ),
    (
        "emr-serverless",
        &[
            "cancelJobRun",
            "createApplication",
            "deleteApplication",
            "startApplication",
            "startJobRun",
            "stopApplication",
        ],
        JOB,
    ),
    ("events", &["putEvents"], TOKEN),
    ("glue", &["startJobRun"], JOB),
    ("http", &["invoke"], &[]),
    ("lambda", &["invoke"], TOKEN),
    ("mediaconvert", &["createJob"], JOB),
    (
        "sagemaker",
        &[
            "createHyperParameterTuningJob",
            "createLabelingJob",
            "createProcessingJob",
            "createTrainingJob",
            "createTransformJob",
        ],
        JOB,
    ),
    (
        "sagemaker",
        &[
            "createEndpoint",
            "createEndpointConfig",
            "createModel",
            "updateEndpoint",
        ],
        &[],
    ),
    ("sns", &["publish"], TOKEN),
    ("sqs", &["sendMessage"], TOKEN),
    (
        "states",
        &["startExecution"],
        &[Pattern::Sync, Pattern::Sync2, Pattern::WaitForTaskToken],
    ),
];

/// What AWS refuses a definition without.
const REQUIRED: &[(&str, &str, &[&str])] = &[
    ("dynamodb", "getItem", &["TableName", "Key"]),
    ("dynamodb", "putItem", &["TableName", "Item"]),
    ("ecs", "runTask", &["TaskDefinition"]),
    ("events", "putEvents", &["Entries"]),
    ("glue", "startJobRun", &["JobName"]),
    ("lambda", "invoke", &["FunctionName"]),
    ("sns", "publish", &["Message"]),
    ("sqs", "sendMessage", &["QueueUrl", "MessageBody"]),
    ("states", "startExecution", &["StateMachineArn"]),
];

/// Whether there is such an action, and it has the pattern.
pub(super) fn has(service: &str, action: &str, pattern: Pattern) -> bool {
    ACTIONS.iter().any(|(name, actions, patterns)| {
        *name == service
            && actions.contains(&action)
            && (pattern == Pattern::RequestResponse || patterns.contains(&pattern))
    })
}

/// The parameters that a call cannot do without.
pub(super) fn required(service: &str, action: &str) -> &'static [&'static str] {
    REQUIRED
        .iter()
        .find(|(name, of, _)| *name == service && *of == action)
        .map_or(&[], |(_, _, fields)| fields)
}

/// All actions, as ARNs end.
pub(super) fn all() -> impl Iterator<Item = String> {
    ACTIONS.iter().flat_map(|(service, actions, patterns)| {
        actions.iter().flat_map(move |action| {
            let plain = std::iter::once(Pattern::RequestResponse);
            plain
                .chain(patterns.iter().copied())
                .map(move |pattern| format!("{service}:{action}{}", pattern.suffix()))
        })
    })
}
