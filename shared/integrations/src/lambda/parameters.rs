//! What a call to a function is made of.

use segno_asl::{
    data::number::to_json,
    errors::{StateError, names},
};
use serde::Deserialize;
use serde_json::Value;

/// The request of Lambda's Invoke, as `Parameters` has it.
#[derive(Debug, Clone, PartialEq)]
pub struct InvokeParameters {
    /// Name or ARN of the function, qualifier included.
    pub function: String,
    /// `Qualifier`: a version or an alias.
    pub qualifier: Option<String>,
    /// The event: JSON text.
    pub payload: String,
    /// `InvocationType`: `RequestResponse` (the default), `Event` or `DryRun`.
    pub invocation_type: Option<String>,
    /// `LogType`: `Tail` asks for the end of the log.
    pub log_type: Option<String>,
    /// `ClientContext`, in base64.
    pub client_context: Option<String>,
    /// The trace that the call belongs to, in the form of the header `X-Amzn-Trace-Id`.
    pub trace_header: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    function_name: String,
    qualifier: Option<String>,
    payload: Option<Value>,
    invocation_type: Option<String>,
    log_type: Option<String>,
    client_context: Option<String>,
}

impl InvokeParameters {
    /// The plain call of a function with an event.
    pub fn of_function(arn: &str, event: &str) -> Self {
        Self {
            function: arn.into(),
            qualifier: None,
            payload: event.into(),
            invocation_type: None,
            log_type: None,
            client_context: None,
            trace_header: None,
        }
    }

    /// Reads the parameters of `arn:aws:states:::lambda:invoke`. Without `Payload` the event is `{}`.
    ///
    /// # Errors
    ///
    /// `States.Runtime` if a field is missing or has another type.
    pub fn parse(parameters: &str) -> Result<Self, StateError> {
        let wire: Wire = serde_json::from_str(parameters).map_err(|error| {
            StateError::new(
                names::RUNTIME,
                format!("The Parameters of lambda:invoke are not valid: {error}"),
            )
        })?;
        Ok(Self {
            function: wire.function_name,
            qualifier: wire.qualifier,
            payload: wire.payload.as_ref().map_or_else(|| "{}".into(), to_json),
            invocation_type: wire.invocation_type,
            log_type: wire.log_type,
            client_context: wire.client_context,
            trace_header: None,
        })
    }

    /// The same, as part of a trace.
    pub fn traced(self, trace_header: Option<String>) -> Self {
        Self {
            trace_header,
            ..self
        }
    }
}
