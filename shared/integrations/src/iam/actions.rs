//! What IAM calls the operations of services: mostly as their models do, with well-known exceptions.
//!
//! The exceptions here are those that definitions meet most; AWS's
//! [Service Authorization Reference](https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html)
//! has all.

use crate::aws::Operation;

/// What AWS documents for logging to CloudWatch Logs.
pub(super) const LOGS: &[&str] = &[
    "logs:CreateLogDelivery",
    "logs:CreateLogStream",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutLogEvents",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
];

/// What AWS documents for tracing with X-Ray.
pub(super) const TRACES: &[&str] = &[
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];

/// What AWS documents for the writer of a distributed Map state's results.
pub(super) const WRITER: &[&str] = &[
    "AbortMultipartUpload",
    "GetObject",
    "ListMultipartUploadParts",
    "PutObject",
];

/// What AWS documents for the executions of a distributed Map state.
pub(super) const EXECUTIONS: &[&str] = &[
    "states:DescribeExecution",
    "states:RedriveExecution",
    "states:StopExecution",
];

/// Services whose actions begin otherwise than their requests are signed.
const PREFIXES: &[(&str, &str)] = &[
    ("cloudcontrol", "cloudformation"),
    ("cloudwatch", "cloudwatch"),
    ("iotdataplane", "iot"),
    ("iotsecuretunneling", "iot"),
    ("mturk", "mechanicalturk"),
    ("resourcegroupstaggingapi", "tag"),
];

/// Operations that other actions allow.
const RENAMED: &[(&str, &str, &[&str])] = &[
    ("bedrockruntime", "Converse", &["InvokeModel"]),
    ("dynamodb", "TransactGetItems", &["GetItem"]),
    (
        "dynamodb",
        "TransactWriteItems",
        &["ConditionCheckItem", "DeleteItem", "PutItem", "UpdateItem"],
    ),
    (
        "dynamodb",
        "ExecuteStatement",
        &[
            "PartiQLDelete",
            "PartiQLInsert",
            "PartiQLSelect",
            "PartiQLUpdate",
        ],
    ),
    ("lambda", "Invoke", &["InvokeFunction"]),
    ("lambda", "InvokeAsync", &["InvokeFunction"]),
    ("s3", "CompleteMultipartUpload", &["PutObject"]),
    ("s3", "CopyObject", &["GetObject", "PutObject"]),
    ("s3", "CreateMultipartUpload", &["PutObject"]),
    (
        "s3",
        "DeleteBucketEncryption",
        &["PutEncryptionConfiguration"],
    ),
    ("s3", "DeleteObjects", &["DeleteObject"]),
    ("s3", "GetBucketCors", &["GetBucketCORS"]),
    ("s3", "GetBucketEncryption", &["GetEncryptionConfiguration"]),
    (
        "s3",
        "GetBucketLifecycleConfiguration",
        &["GetLifecycleConfiguration"],
    ),
    (
        "s3",
        "GetBucketNotificationConfiguration",
        &["GetBucketNotification"],
    ),
    (
        "s3",
        "GetBucketReplication",
        &["GetReplicationConfiguration"],
    ),
    (
        "s3",
        "GetObjectAttributes",
        &["GetObject", "GetObjectAttributes"],
    ),
    ("s3", "HeadBucket", &["ListBucket"]),
    ("s3", "HeadObject", &["GetObject"]),
    ("s3", "ListBuckets", &["ListAllMyBuckets"]),
    (
        "s3",
        "ListMultipartUploads",
        &["ListBucketMultipartUploads"],
    ),
    ("s3", "ListObjectVersions", &["ListBucketVersions"]),
    ("s3", "ListObjects", &["ListBucket"]),
    ("s3", "ListObjectsV2", &["ListBucket"]),
    ("s3", "ListParts", &["ListMultipartUploadParts"]),
    ("s3", "PutBucketCors", &["PutBucketCORS"]),
    ("s3", "PutBucketEncryption", &["PutEncryptionConfiguration"]),
    (
        "s3",
        "PutBucketLifecycleConfiguration",
        &["PutLifecycleConfiguration"],
    ),
    (
        "s3",
        "PutBucketNotificationConfiguration",
        &["PutBucketNotification"],
    ),
    (
        "s3",
        "PutBucketReplication",
        &["PutReplicationConfiguration"],
    ),
    ("s3", "UploadPart", &["PutObject"]),
    ("s3", "UploadPartCopy", &["GetObject", "PutObject"]),
    ("sns", "PublishBatch", &["Publish"]),
    (
        "sqs",
        "ChangeMessageVisibilityBatch",
        &["ChangeMessageVisibility"],
    ),
    ("sqs", "DeleteMessageBatch", &["DeleteMessage"]),
    ("sqs", "SendMessageBatch", &["SendMessage"]),
];

/// What the names of a service's actions begin with.
pub(super) fn prefix(service: &str, signing_name: &'static str) -> &'static str {
    let other = PREFIXES.iter().find(|(name, _)| *name == service);
    other.map_or(signing_name, |(_, prefix)| prefix)
}

/// The names of the actions that allow an operation.
pub(super) fn of(service: &str, operation: &Operation) -> Vec<String> {
    // Its own API is allowed by the methods of its requests.
    if matches!(service, "apigateway" | "apigatewayv2") {
        return vec![operation.method.to_owned()];
    }
    let renamed = RENAMED
        .iter()
        .find(|(name, of, _)| *name == service && *of == operation.name);
    match renamed {
        Some((_, _, names)) => names.iter().map(|name| (*name).to_owned()).collect(),
        None => vec![operation.name.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Service;

    #[test]
    fn what_is_renamed_is_in_a_model() {
        for (name, renamed, _) in RENAMED {
            let service = Service::find(name).unwrap();
            let is_there = service
                .operations
                .iter()
                .any(|known| known.name == *renamed);
            assert!(is_there, "{name} {renamed}");
        }
        for (name, _) in PREFIXES {
            assert!(Service::find(name).is_some(), "{name}");
        }
    }
}
