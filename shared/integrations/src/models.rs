//! The operation of a service's model that a resource calls, be it `aws-sdk` or an optimized integration.

use crate::{
    aws::{Operation, Service},
    services,
};

/// Actions of optimized integrations whose parameters are not those of the operation that they call.
const OWN_PARAMETERS: &[&str] = &[
    "bedrockagentcore:invokeHarness",
    "elasticmapreduce:addStep",
    "elasticmapreduce:cancelStep",
    "elasticmapreduce:modifyInstanceFleetByName",
    "elasticmapreduce:modifyInstanceGroupByName",
    "elasticmapreduce:setClusterTerminationProtection",
    "elasticmapreduce:terminateCluster",
];

/// The operation that `service:action` of a resource calls; `None` if no model has it.
pub(crate) fn called(
    service: &str,
    action: &str,
) -> Option<(&'static Service, &'static Operation)> {
    let (service, action) = services::model_names(service, action);
    let service = Service::find(service)?;
    Some((service, service.operation(action)?))
}

/// The operation whose parameters `service:action` of a resource takes. `None` if no model has it, or
/// if the integration has parameters of its own.
pub(crate) fn operation(
    service: &str,
    action: &str,
) -> Option<(&'static Service, &'static Operation)> {
    let has_own = OWN_PARAMETERS.contains(&&*format!("{service}:{action}"));
    called(service, action).filter(|_| !has_own)
}

#[cfg(test)]
mod tests {
    use segno_asl::definition::Resource;

    use super::*;

    #[test]
    fn every_optimized_action_calls_an_operation_or_is_no_api_of_a_service() {
        let none = ["apigateway:invoke", "eks:call", "eks:runJob", "http:invoke"];
        for name in Resource::optimized() {
            let Some(Resource::Service {
                service, action, ..
            }) = Resource::parse(&name)
            else {
                panic!("{name}");
            };
            let call = format!("{service}:{action}");
            let is_none = called(&service, &action).is_none();
            assert_eq!(is_none, none.contains(&&*call), "{name}");
        }
        for call in OWN_PARAMETERS {
            let (service, action) = call.split_once(':').unwrap();
            assert!(called(service, action).is_some(), "{call}");
        }
    }
}
