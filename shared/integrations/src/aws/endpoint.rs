//! Where requests go.
//!
//! AWS: [Service endpoints](https://docs.aws.amazon.com/general/latest/gr/rande.html).

use super::model::{EndpointTemplate, Service};

/// The parts of the cloud, by how the names of their regions begin. Whatever begins otherwise is in `aws`.
const PARTITIONS: &[Partition] = &[
    Partition::new(
        "aws-cn",
        "cn-",
        "amazonaws.com.cn",
        "api.amazonwebservices.com.cn",
    ),
    Partition::new("aws-us-gov", "us-gov-", "amazonaws.com", "api.aws"),
    Partition::new("aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    Partition::new("aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    Partition::new(
        "aws-iso-e",
        "eu-isoe-",
        "cloud.adc-e.uk",
        "api.cloud-aws.adc-e.uk",
    ),
    Partition::new(
        "aws-iso-f",
        "us-isof-",
        "csp.hci.ic.gov",
        "api.aws.hci.ic.gov",
    ),
    Partition::new(
        "aws-eusc",
        "eusc-",
        "amazonaws.eu",
        "api.amazonwebservices.eu",
    ),
];
const AWS: Partition = Partition::new("aws", "", "amazonaws.com", "api.aws");

struct Partition {
    id: &'static str,
    region_prefix: &'static str,
    suffix: &'static str,
    dual_stack_suffix: &'static str,
}

impl Partition {
    const fn new(
        id: &'static str,
        region_prefix: &'static str,
        suffix: &'static str,
        dual_stack_suffix: &'static str,
    ) -> Self {
        Self {
            id,
            region_prefix,
            suffix,
            dual_stack_suffix,
        }
    }

    fn of(region: &str) -> &'static Self {
        let is_in = |partition: &&Self| region.starts_with(partition.region_prefix);
        PARTITIONS.iter().find(is_in).unwrap_or(&AWS)
    }
}

/// Which of a service's endpoints is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variant {
    pub(crate) is_fips: bool,
    pub(crate) is_dual_stack: bool,
}

/// Where a service is, and for which region its requests are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) url: String,
    pub(crate) signing_region: String,
}

/// The endpoint of a service in a region.
pub(crate) fn resolve(service: &Service, region: &str, variant: Variant) -> Endpoint {
    let partition = Partition::of(region);
    let rule = service.endpoints.iter().find(|rule| {
        rule.partition == partition.id
            && rule.is_fips == variant.is_fips
            && rule.is_dual_stack == variant.is_dual_stack
    });
    let template: Option<EndpointTemplate> = rule.map(|rule| {
        let own = rule.regions.iter().find(|(name, _)| *name == region);
        own.map_or(rule.common, |(_, template)| *template)
    });
    let url = match template {
        Some(template) => template.url.replace("{region}", region),
        None => usual_url(service, region, variant, partition),
    };
    let signing_region = template.and_then(|template| template.signing_region);
    Endpoint {
        url,
        signing_region: signing_region.unwrap_or(region).to_owned(),
    }
}

fn usual_url(service: &Service, region: &str, variant: Variant, partition: &Partition) -> String {
    let fips = if variant.is_fips { "-fips" } else { "" };
    let suffix = match variant.is_dual_stack {
        true => partition.dual_stack_suffix,
        false => partition.suffix,
    };
    format!(
        "https://{}{fips}.{region}.{suffix}",
        service.endpoint_prefix
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Variant = Variant {
        is_fips: false,
        is_dual_stack: false,
    };

    #[track_caller]
    fn check(service: &str, region: &str, variant: Variant, url: &str, signing_region: &str) {
        let endpoint = resolve(Service::find(service).unwrap(), region, variant);
        assert_eq!(endpoint.url, url);
        assert_eq!(endpoint.signing_region, signing_region);
    }

    #[test]
    fn most_endpoints_follow_the_pattern() {
        check(
            "sqs",
            "eu-west-1",
            PLAIN,
            "https://sqs.eu-west-1.amazonaws.com",
            "eu-west-1",
        );
        check(
            "sqs",
            "cn-north-1",
            PLAIN,
            "https://sqs.cn-north-1.amazonaws.com.cn",
            "cn-north-1",
        );
    }

    #[test]
    fn a_global_service_has_one_host() {
        check(
            "iam",
            "eu-west-1",
            PLAIN,
            "https://iam.amazonaws.com",
            "us-east-1",
        );
        check(
            "route53",
            "ap-south-1",
            PLAIN,
            "https://route53.amazonaws.com",
            "us-east-1",
        );
    }

    #[test]
    fn variants_have_their_own() {
        let fips = Variant {
            is_fips: true,
            is_dual_stack: false,
        };
        check(
            "sqs",
            "us-east-1",
            fips,
            "https://sqs-fips.us-east-1.amazonaws.com",
            "us-east-1",
        );
        let dual_stack = Variant {
            is_fips: false,
            is_dual_stack: true,
        };
        check(
            "sqs",
            "us-east-1",
            dual_stack,
            "https://sqs.us-east-1.api.aws",
            "us-east-1",
        );
    }
}
