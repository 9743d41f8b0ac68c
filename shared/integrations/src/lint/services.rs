//! Names of services that are not in the table of models: other spellings, closed services, and what AWS
//! does not let tasks call.

use crate::aws::Service;

/// What boto3, the AWS CLI, IAM or a console call a service, and what a resource does.
const ALIASES: &[(&str, &str)] = &[
    ("ce", "costexplorer"),
    ("cognitoidp", "cognitoidentityprovider"),
    ("cur", "costandusagereport"),
    ("discovery", "applicationdiscovery"),
    ("dms", "databasemigration"),
    ("ds", "directory"),
    ("dsdata", "directoryservicedata"),
    ("elasticfilesystem", "efs"),
    ("elasticmapreduce", "emr"),
    ("elb", "elasticloadbalancing"),
    ("elbv2", "elasticloadbalancingv2"),
    ("email", "ses"),
    ("es", "elasticsearch"),
    ("events", "eventbridge"),
    ("iotdata", "iotdataplane"),
    ("iotjobsdata", "iotjobsdataplane"),
    ("lexmodels", "lexmodelbuilding"),
    ("lexv2models", "lexmodelsv2"),
    ("lexv2runtime", "lexruntimev2"),
    ("logs", "cloudwatchlogs"),
    ("meteringmarketplace", "marketplacemetering"),
    ("mgh", "migrationhub"),
    ("monitoring", "cloudwatch"),
    ("sdb", "simpledb"),
    ("serverlessrepo", "serverlessapplicationrepository"),
    ("states", "sfn"),
    ("stepfunctions", "sfn"),
    ("tagging", "resourcegroupstaggingapi"),
];

/// Services that Step Functions once could call, or that had an SDK, until AWS closed them.
const RETIRED: &[&str] = &[
    "alexaforbusiness",
    "apptest",
    "backupstorage",
    "codestar",
    "elasticinference",
    "elastictranscoder",
    "evidently",
    "finspace",
    "finspacedata",
    "gamesparks",
    "honeycode",
    "iot1clickdevices",
    "iot1clickprojects",
    "iotanalytics",
    "iotevents",
    "ioteventsdata",
    "iotfleethub",
    "iotroborunner",
    "lookoutmetrics",
    "lookoutvision",
    "macie",
    "mobile",
    "nimble",
    "opsworks",
    "opsworkscm",
    "panorama",
    "privatenetworks",
    "qldb",
    "qldbsession",
    "robomaker",
    "simspaceweaver",
    "sms",
    "worklink",
];

/// Operations that AWS excludes, beside those that are streams of events.
///
/// AWS: [Unsupported API actions](https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html).
const UNSUPPORTED: &[(&str, &[&str])] = &[
    (
        "applicationdiscovery",
        &["DescribeExportConfigurations", "ExportConfigurations"],
    ),
    (
        "codedeploy",
        &[
            "BatchGetDeploymentInstances",
            "GetDeploymentInstance",
            "ListDeploymentInstances",
            "SkipWaitTimeForInstanceTermination",
        ],
    ),
    ("comprehendmedical", &["DetectEntities"]),
    ("dataexchange", &["SendApiAsset"]),
    (
        "directconnect",
        &[
            "AllocateConnectionOnInterconnect",
            "DescribeConnectionLoa",
            "DescribeConnectionsOnInterconnect",
            "DescribeInterconnectLoa",
        ],
    ),
    ("efs", &["CreateTags"]),
    ("emr", &["DescribeJobFlows"]),
    (
        "iot",
        &[
            "AttachPrincipalPolicy",
            "DetachPrincipalPolicy",
            "ListPolicyPrincipals",
            "ListPrincipalPolicies",
        ],
    ),
    ("lambda", &["InvokeAsync"]),
    ("mediapackage", &["RotateChannelCredentials"]),
    ("rdsdata", &["ExecuteSql"]),
    ("shield", &["DeleteSubscription"]),
    (
        "sts",
        &[
            "AssumeRole",
            "AssumeRoleWithSAML",
            "AssumeRoleWithWebIdentity",
        ],
    ),
];

/// The service that a name means, however it is spelt: `cognito-idp` is `cognitoidentityprovider`.
pub(super) fn named(name: &str) -> Option<&'static str> {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    let plain = ALIASES
        .iter()
        .find(|(alias, _)| *alias == plain)
        .map_or(plain.as_str(), |(_, name)| name);
    Service::names().find(|known| *known == plain)
}

pub(super) fn is_retired(name: &str) -> bool {
    RETIRED.contains(&name)
}

pub(super) fn is_unsupported(service: &str, operation: &str) -> bool {
    UNSUPPORTED
        .iter()
        .any(|(name, operations)| *name == service && operations.contains(&operation))
}

#[cfg(test)]
mod tests {
    use segno_asl::definition::nearest;

    use super::*;

    #[test]
    fn another_spelling_means_a_service_that_there_is() {
        for (alias, name) in ALIASES {
            assert!(Service::find(name).is_some(), "{name}");
            assert!(
                Service::find(alias).is_none(),
                "{alias} needs no other name"
            );
        }
        assert_eq!(named("cognito-idp"), Some("cognitoidentityprovider"));
        assert_eq!(named("SecretsManager"), Some("secretsmanager"));
        assert_eq!(nearest("dynamobd", Service::names()), Some("dynamodb"));
    }

    #[test]
    fn what_is_retired_is_in_no_model_and_what_is_unsupported_is() {
        for name in RETIRED {
            assert!(Service::find(name).is_none(), "{name}");
        }
        for (name, operations) in UNSUPPORTED {
            let service = Service::find(name).unwrap();
            for operation in *operations {
                let is_there = service
                    .operations
                    .iter()
                    .any(|known| known.name == *operation);
                assert!(is_there, "{name} {operation}");
            }
        }
    }
}
