//! What both clients are given.

use aws_config::{Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::{rt::sleep::TokioSleep, time::SystemTimeSource};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};

/// A configuration for a server on the loopback.
pub fn config(url: &str) -> SdkConfig {
    let credentials = Credentials::new("id", "secret", None, None, "bench");
    SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(
            Builder::new()
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .build_https(),
        )
        .sleep_impl(TokioSleep::new())
        .time_source(SystemTimeSource::new())
        .endpoint_url(url)
        .build()
}

/// The URL and how many calls, from the command line.
pub fn arguments() -> (String, u32) {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().expect("a URL");
    let calls = arguments.next().expect("a number of calls");
    (url, calls.parse().expect("a number"))
}
