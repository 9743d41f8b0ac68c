//! Parameters of the optimized integrations that are no operation of a model.

/// The parameters of a call: those that it needs, and the others.
pub(super) struct Own {
    pub(super) required: &'static [&'static str],
    pub(super) optional: &'static [&'static str],
}

impl Own {
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.required.iter().chain(self.optional).copied()
    }
}

/// AWS: [Integrating optimized services](https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html).
const OWN: &[(&str, Own)] = &[
    (
        "apigateway:invoke",
        Own {
            required: &["ApiEndpoint", "Method"],
            optional: &[
                "AllowNullValues",
                "AuthType",
                "Headers",
                "Path",
                "QueryParameters",
                "RequestBody",
                "Stage",
            ],
        },
    ),
    (
        "eks:call",
        Own {
            required: &[
                "CertificateAuthority",
                "ClusterName",
                "Endpoint",
                "Method",
                "Path",
            ],
            optional: &["QueryParameters", "RequestBody"],
        },
    ),
    (
        "eks:runJob",
        Own {
            required: &["CertificateAuthority", "ClusterName", "Endpoint", "Job"],
            optional: &["LogOptions", "Namespace"],
        },
    ),
    (
        "elasticmapreduce:addStep",
        Own {
            required: &["ClusterId", "Step"],
            optional: &["ExecutionRoleArn"],
        },
    ),
    (
        "elasticmapreduce:cancelStep",
        Own {
            required: &["ClusterId", "StepId"],
            optional: &["StepCancellationOption"],
        },
    ),
    (
        "elasticmapreduce:modifyInstanceFleetByName",
        Own {
            required: &["ClusterId", "InstanceFleet", "InstanceFleetName"],
            optional: &[],
        },
    ),
    (
        "elasticmapreduce:modifyInstanceGroupByName",
        Own {
            required: &["ClusterId", "InstanceGroup", "InstanceGroupName"],
            optional: &[],
        },
    ),
    (
        "elasticmapreduce:setClusterTerminationProtection",
        Own {
            required: &["ClusterId", "TerminationProtected"],
            optional: &[],
        },
    ),
    (
        "elasticmapreduce:terminateCluster",
        Own {
            required: &["ClusterId"],
            optional: &[],
        },
    ),
    (
        "http:invoke",
        Own {
            required: &["ApiEndpoint", "Method"],
            optional: &[
                "Authentication",
                "Headers",
                "InvocationConfig",
                "QueryParameters",
                "RequestBody",
                "Transform",
            ],
        },
    ),
];

/// The parameters of a call, if they are known.
pub(super) fn parameters(call: &str) -> Option<&'static Own> {
    OWN.iter()
        .find(|(name, _)| *name == call)
        .map(|(_, own)| own)
}

/// What an optimized integration takes beside the members of its operation, and which of them it does
/// without: `Body`, where there is `Input`.
pub(super) fn differences(call: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match call {
        "bedrock:invokeModel" => (&["Input", "Output"], &["Body"]),
        _ => (&[], &[]),
    }
}
