//! Clients of the engine's own.

use std::{sync::Arc, time::Duration};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{BeforeTransmitInterceptorContextMut, BeforeTransmitInterceptorContextRef},
            dyn_dispatch_hint,
        },
        orchestrator::Metadata,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{config_bag::ConfigBag, retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::SdkConfig;

use crate::Usage;

/// How often a request is tried. What throttles does so for a second or two; a whole invocation is not
/// to be lost to it.
const ATTEMPTS_MAX: u32 = 8;

/// How long the table may take to answer: what takes longer is not answered any more.
const TABLE_TIMEOUT: Duration = Duration::from_secs(10);

/// The same for a queue, which may wait for messages for 20 seconds.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) fn dynamodb(config: &SdkConfig, usage: Option<Arc<Usage>>) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::config::Builder::from(config)
        .retry_config(retries())
        .timeout_config(attempt(TABLE_TIMEOUT))
        .interceptor(Wire { usage })
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

pub(crate) fn sqs(config: &SdkConfig, usage: Option<Arc<Usage>>) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::config::Builder::from(config)
        .retry_config(retries())
        .timeout_config(attempt(QUEUE_TIMEOUT))
        .interceptor(Wire { usage })
        .build();
    aws_sdk_sqs::Client::from_conf(config)
}

/// How long one request may take.
fn attempt(timeout: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .operation_attempt_timeout(timeout)
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX)
}

/// Looks at each request as it goes out.
///
/// In a Lambda function the SDK adds the invocation's trace header to every request. A message that is
/// sent with it carries the lineage of the function that sent it on to the one that receives it, and
/// after 16 of these Lambda takes an execution that polls for a loop, and drops it. So it is taken out
/// again. It is no part of what is signed.
#[derive(Debug)]
struct Wire {
    usage: Option<Arc<Usage>>,
}

const LINEAGE: &str = "x-amzn-trace-id";

#[dyn_dispatch_hint]
impl Intercept for Wire {
    fn name(&self) -> &'static str {
        "Wire"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        context.request_mut().headers_mut().remove(LINEAGE);
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let (Some(usage), Some(operation)) = (&self.usage, config.load::<Metadata>()) {
            usage.request(operation.service(), operation.name());
        }
        Ok(())
    }
}
