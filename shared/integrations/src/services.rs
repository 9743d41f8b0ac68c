//! Actions of AWS services: as `aws-sdk:` has them, and as the optimized integrations do.
//!
//! AWS: [Integrating services](https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html).

mod emr;
mod optimized;
pub(crate) mod response;

use std::sync::Arc;

use segno_asl::{
    data::number::to_json,
    errors::{StateError, names},
};
use serde_json::{Map, Value};

use self::optimized::Optimized;
use crate::{
    CallOutcome,
    aws::{Client, Clients, ErrorStyle, Naming, Operation, Response, Role, Service},
    sync::Api,
};

/// Calls the actions of AWS services.
#[derive(Debug)]
pub struct Services {
    clients: Arc<Clients>,
}

/// Who calls; by default nobody in particular, with the clients' own rights.
#[derive(Debug, Clone, Copy, Default)]
pub struct Caller<'a> {
    /// ARN of the execution.
    pub execution_arn: &'a str,
    /// ARN of its state machine.
    pub state_machine_arn: &'a str,
    /// ARN of the role that the state machine runs under, if that is to be assumed.
    pub role_arn: Option<&'a str>,
    /// ARN of the role that `Credentials` of the state names. That is assumed on top.
    pub credentials_role_arn: Option<&'a str>,
}

impl Services {
    /// Services behind these clients.
    pub fn new(clients: Clients) -> Self {
        let clients = Arc::new(clients);
        Self { clients }
    }

    /// The clients that have a caller's rights. Its roles are assumed when something is called.
    pub fn clients(&self, caller: Caller<'_>) -> Arc<Clients> {
        let roles = [caller.role_arn, caller.credentials_role_arn];
        let roles = roles.into_iter().flatten();
        roles.fold(Arc::clone(&self.clients), |clients, arn| {
            clients.assuming(Role::of_machine(arn, caller.state_machine_arn))
        })
    }

    /// Whether there is such an action, and if not, what is wrong with it.
    ///
    /// # Errors
    ///
    /// A sentence for whoever wrote the definition.
    pub fn accepts(&self, service: &str, action: &str) -> Result<(), String> {
        let target = Target::find(service, action)?;
        self.clients.of(target.service).map(|_| ())
    }

    /// Performs a task whose resource is `arn:aws:states:::SERVICE:ACTION`.
    ///
    /// # Errors
    ///
    /// The service's error, by the name that the integration gives it.
    pub async fn call(
        &self,
        service: &str,
        action: &str,
        parameters: &str,
        caller: Caller<'_>,
    ) -> CallOutcome {
        let given = serde_json::from_str(parameters).map_err(|error| runtime(&error))?;
        match self.result(service, action, given, caller).await {
            Ok(result) => Ok(to_json(&result)),
            // Nothing was sent.
            Err(error) if error.name.as_deref() == Some(names::RUNTIME) => {
                let why = error.cause.unwrap_or_default();
                Err(runtime(&format!(
                    "The Parameters '{parameters}' could not be used to start the Task: [{why}]"
                )))
            }
            Err(error) => Err(error),
        }
    }

    /// The same, with JSON values.
    ///
    /// # Errors
    ///
    /// The service's error, by the name that the integration gives it.
    pub async fn result(
        &self,
        service: &str,
        action: &str,
        parameters: Value,
        caller: Caller<'_>,
    ) -> Result<Value, StateError> {
        let target = Target::find(service, action).map_err(|why| runtime(&why))?;
        let client = self
            .clients(caller)
            .of(target.service)
            .map_err(|why| runtime(&why))?;
        let given = match parameters {
            Value::Object(given) => given,
            _ => return Err(runtime(&"The parameters of a service must be an object")),
        };
        match target.optimized {
            None => {
                let response = target.send(&client, given, Naming::Sdk).await?;
                Ok(Value::Object(response.value))
            }
            Some(optimized) => {
                let sent = optimized.request(action, given.clone(), caller);
                let sent = optimized.looked_up(action, sent, &client).await?;
                optimized.find_host(&sent).await?;
                let naming = Naming::Model {
                    has_empty_lists: optimized.has_empty_lists,
                };
                let response = target.send(&client, sent, naming).await?;
                optimized.result(action, &given, response)
            }
        }
    }
}

/// Services, and on whose behalf they are called.
#[derive(Debug, Clone, Copy)]
pub struct Behalf<'a> {
    /// What is called.
    pub services: &'a Services,
    /// Who calls.
    pub caller: Caller<'a>,
}

impl Api for Behalf<'_> {
    async fn call(
        &self,
        service: &str,
        action: &str,
        parameters: Value,
    ) -> Result<Value, StateError> {
        let called = self
            .services
            .result(service, action, parameters, self.caller);
        called.await
    }
}

/// What the table calls the service and the action of a resource.
pub(crate) fn model_names<'a>(service: &'a str, action: &'a str) -> (&'a str, &'a str) {
    match (
        service.strip_prefix("aws-sdk:"),
        Optimized::find(service, action),
    ) {
        (Some(service), _) => (service, action),
        (None, Some(optimized)) => (optimized.service, optimized.action(action)),
        (None, None) => (service, action),
    }
}

/// The action that finds out, before another one of an optimized integration, what that is about.
pub(crate) fn looks_up_with(service: &str, action: &str) -> Option<&'static str> {
    let by_name = Optimized::find(service, action)?.by_name(action)?;
    Some(by_name.listing)
}

/// What a resource calls.
struct Target {
    service: &'static Service,
    operation: &'static Operation,
    /// `None`: the action as it is.
    optimized: Option<&'static Optimized>,
}

impl Target {
    fn find(service: &str, action: &str) -> Result<Self, String> {
        let optimized = match service.strip_prefix("aws-sdk:") {
            Some(_) => None,
            None => Some(
                Optimized::find(service, action)
                    .ok_or_else(|| format!("there is no integration {service}:{action} here"))?,
            ),
        };
        let (name, action) = model_names(service, action);
        let found = Service::find(name).ok_or_else(|| format!("there is no service {name}"))?;
        let operation = found
            .operation(action)
            .ok_or_else(|| format!("{} has no action {action}", found.id()))?;
        if operation.flags.streams_events() {
            return Err(format!(
                "{name}:{action} answers with a stream of events, which no state can wait for"
            ));
        }
        Ok(Self {
            service: found,
            operation,
            optimized,
        })
    }

    async fn send(
        &self,
        client: &Client,
        parameters: Map<String, Value>,
        naming: Naming,
    ) -> Result<Response, StateError> {
        let style = self
            .optimized
            .map_or(ErrorStyle::Sdk, |optimized| optimized.errors);
        let called = client.call(self.operation, parameters, naming, &[]).await;
        called.map_err(|error| error.into_state_error(self.service, style))
    }
}

fn runtime(why: &dyn std::fmt::Display) -> StateError {
    StateError::new(names::RUNTIME, why.to_string())
}
