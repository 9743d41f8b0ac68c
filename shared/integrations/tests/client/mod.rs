//! Clients without TLS, with credentials that no service of AWS takes.

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::{rt::sleep::TokioSleep, time::SystemTimeSource};
use aws_types::{SdkConfig, region::Region};
use segno_integrations::aws::{Clients, Limits, Reach};

/// Clients of the services of a region, or of what is at `url` in their place.
pub(crate) fn clients(
    region: &'static str,
    credentials: Credentials,
    url: Option<&str>,
    reach: Reach,
) -> Clients {
    let mut config = SdkConfig::builder()
        .region(Region::from_static(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .sleep_impl(TokioSleep::new())
        .time_source(SystemTimeSource::new());
    config.set_endpoint_url(url.map(str::to_owned));
    let limits = Limits {
        response_bytes_max: 1 << 20,
    };
    Clients::new(config.build(), reach, limits)
}
