//! The operation of a service's model that a resource calls, be it `aws-sdk` or an optimized integration.

use crate::aws::{Operation, Service};

/// Optimized integrations that are called otherwise than their model, and what the model calls them.
const OPTIMIZED: &[(&str, &str)] = &[
    ("emr-containers", "emrcontainers"),
    ("emr-serverless", "emrserverless"),
    ("events", "eventbridge"),
    ("states", "sfn"),
];

/// Actions whose parameters are not those of an operation, or not of the one that they are called as.
const OPTIMIZED_ACTIONS: &[(&str, Option<(&str, &str)>)] = &[
    ("apigateway:invoke", None),
    (
        "bedrock:invokeModel",
        Some(("bedrockruntime", "invokeModel")),
    ),
    ("bedrockagentcore:invokeHarness", None),
    ("eks:call", None),
    ("eks:runJob", None),
    ("elasticmapreduce:addStep", None),
    ("elasticmapreduce:cancelStep", None),
    (
        "elasticmapreduce:createCluster",
        Some(("emr", "runJobFlow")),
    ),
    ("elasticmapreduce:modifyInstanceFleetByName", None),
    ("elasticmapreduce:modifyInstanceGroupByName", None),
    ("elasticmapreduce:setClusterTerminationProtection", None),
    ("elasticmapreduce:terminateCluster", None),
    ("http:invoke", None),
];

/// The operation behind `service:action` of a resource. `None` if there is none in the models, or if
/// the integration has parameters of its own.
pub(crate) fn operation(
    service: &str,
    action: &str,
) -> Option<(&'static Service, &'static Operation)> {
    let (service, action) = match service.strip_prefix("aws-sdk:") {
        Some(service) => (service, action),
        None => optimized(service, action)?,
    };
    let service = Service::find(service)?;
    Some((service, service.operation(action)?))
}

fn optimized<'a>(service: &'a str, action: &'a str) -> Option<(&'a str, &'a str)> {
    let name = format!("{service}:{action}");
    if let Some((_, renamed)) = OPTIMIZED_ACTIONS.iter().find(|(own, _)| *own == name) {
        return *renamed;
    }
    let renamed = OPTIMIZED.iter().find(|(own, _)| *own == service);
    Some((renamed.map_or(service, |(_, model)| model), action))
}

#[cfg(test)]
mod tests {
    use segno_asl::definition::Resource;

    use super::*;

    #[test]
    fn every_optimized_action_has_a_model_or_its_own_parameters() {
        for name in Resource::optimized() {
            let Some(Resource::Service {
                service, action, ..
            }) = Resource::parse(&name)
            else {
                panic!("{name}");
            };
            let is_own = OPTIMIZED_ACTIONS
                .iter()
                .any(|(own, renamed)| *own == format!("{service}:{action}") && renamed.is_none());
            assert_eq!(operation(&service, &action).is_none(), is_own, "{name}");
        }
    }
}
