//! Lambda functions: by their ARN, and through `arn:aws:states:::lambda:invoke`.
//!
//! AWS: [Invoke a Lambda function with Step Functions](https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html).

mod client;
mod parameters;
mod response;

pub use self::{client::Lambda, parameters::InvokeParameters, response::Invocation};
use segno_asl::errors::StateError;

use crate::CallOutcome;

/// The header that carries a trace.
///
/// AWS: [Tracing header](https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader).
pub(crate) const TRACE_HEADER: &str = "x-amzn-trace-id";

/// A function that is called by name, wherever it is.
///
/// The promise: one call is at most one request.
pub trait Function {
    /// Invokes it with a JSON event.
    fn invoke(
        &self,
        parameters: &InvokeParameters,
    ) -> impl Future<Output = Result<Invocation, StateError>> + Send;
}

/// Performs a task whose resource is the ARN of a function: the function's response is the result.
///
/// # Errors
///
/// The function's own error, or Lambda's. The cause is the function's raw response.
pub async fn call_arn(function: &impl Function, parameters: &InvokeParameters) -> CallOutcome {
    function.invoke(parameters).await?.into_result()
}

/// Performs a task whose resource is `arn:aws:states:::lambda:invoke`: the result is Lambda's response
/// with the payload parsed.
///
/// # Errors
///
/// The function's own error, or Lambda's. The cause is compact JSON.
pub async fn call_invoke(function: &impl Function, parameters: &InvokeParameters) -> CallOutcome {
    function.invoke(parameters).await?.into_response()
}

/// The name in the ARN of a function, or in the other forms that `FunctionName` may have.
///
/// ```
/// use segno_integrations::lambda::function_name;
/// assert_eq!(function_name("arn:aws:lambda:us-east-1:123456789012:function:charge:live"), "charge");
/// assert_eq!(function_name("123456789012:function:charge"), "charge");
/// assert_eq!(function_name("charge:live"), "charge");
/// ```
pub fn function_name(text: &str) -> &str {
    let after = text.rsplit_once("function:").map_or(text, |(_, name)| name);
    after.split(':').next().unwrap_or(after)
}
