//! Lambda itself.

use std::sync::Arc;

use segno_asl::errors::StateError;
use serde_json::{Map, Value};

use super::{Function, Invocation, InvokeParameters, TRACE_HEADER};
use crate::aws::{Client, Clients, ErrorStyle, Naming, Operation, Service};

/// The functions of Lambda.
#[derive(Debug, Clone)]
pub struct Lambda {
    client: Arc<Client>,
    service: &'static Service,
    invoke: &'static Operation,
}

/// The names of Lambda's errors.
const ERRORS: ErrorStyle = ErrorStyle::Optimized {
    prefix: "Lambda",
    service: "AWSLambda",
    base: "AWSLambdaException",
};

impl Lambda {
    /// Lambda behind these clients. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// A sentence, if it cannot be called.
    pub fn new(clients: &Clients) -> Result<Self, String> {
        let service = Service::find("lambda").expect("the table has Lambda");
        Ok(Self {
            client: clients.of(service)?,
            service,
            invoke: service.operation("invoke").expect("Lambda has Invoke"),
        })
    }
}

impl Function for Lambda {
    async fn invoke(&self, parameters: &InvokeParameters) -> Result<Invocation, StateError> {
        let trace = parameters.trace_header.iter();
        let headers: Vec<_> = trace.map(|trace| (TRACE_HEADER, trace.clone())).collect();
        let request = request(parameters);
        let called = self
            .client
            .call(self.invoke, request, Naming::Sdk, &headers)
            .await;
        let response = called.map_err(|error| error.into_state_error(self.service, ERRORS))?;
        let payload = response.value.get("Payload").and_then(Value::as_str);
        Ok(Invocation {
            status: response.status,
            is_function_error: response.value.contains_key("FunctionError"),
            payload: payload.unwrap_or_default().to_owned(),
            headers: response.headers,
        })
    }
}

/// The input of Invoke.
fn request(parameters: &InvokeParameters) -> Map<String, Value> {
    let members = [
        ("FunctionName", Some(&parameters.function)),
        ("Qualifier", parameters.qualifier.as_ref()),
        ("InvocationType", parameters.invocation_type.as_ref()),
        ("LogType", parameters.log_type.as_ref()),
        ("ClientContext", parameters.client_context.as_ref()),
        ("Payload", Some(&parameters.payload)),
    ];
    let given = members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.as_str().into())));
    given.collect()
}
