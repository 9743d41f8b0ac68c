//! Requests as they would be sent, and responses as they would be read, without a network: to compare
//! them with what other implementations of the same models write and read.

use aws_smithy_runtime_api::{
    client::orchestrator::{HttpRequest, HttpResponse, Metadata},
    http::StatusCode,
};
use aws_smithy_types::{
    body::SdkBody,
    config_bag::{ConfigBag, Layer},
};
use serde_json::{Map, Value};

use super::{Client, Operation, client::service_layer, model::Service, value::Naming};

impl Client {
    /// The request of a call with these parameters, unsigned.
    ///
    /// # Errors
    ///
    /// What the parameters lack or should not have.
    pub fn request(
        &self,
        operation: &'static Operation,
        parameters: &Map<String, Value>,
    ) -> Result<HttpRequest, String> {
        let config = configuration(self.service(), operation);
        self.prepared(operation, Naming::Sdk)
            .request(parameters, &config)
            .map_err(|error| error.to_string())
    }

    /// What a task returns that is answered so.
    ///
    /// # Errors
    ///
    /// The error's name and cause, or why the response cannot be read.
    pub fn output(
        &self,
        operation: &'static Operation,
        status: u16,
        headers: &[(String, String)],
        body: Vec<u8>,
    ) -> Result<Map<String, Value>, String> {
        let status = StatusCode::try_from(status).map_err(|error| error.to_string())?;
        let mut response = HttpResponse::new(status, SdkBody::from(body));
        for (name, value) in headers {
            response
                .headers_mut()
                .try_append(name.clone(), value.clone())
                .map_err(|error| error.to_string())?;
        }
        let config = configuration(self.service(), operation);
        let read = self
            .prepared(operation, Naming::Sdk)
            .response(&response, &config);
        match read {
            Ok(response) => Ok(response.value),
            Err(error) => Err(self.described(error)),
        }
    }
}

fn configuration(service: &Service, operation: &Operation) -> ConfigBag {
    let mut layer: Layer = service_layer(service);
    layer.store_put(Metadata::new(operation.name, service.id));
    ConfigBag::of_layers(vec![layer])
}
