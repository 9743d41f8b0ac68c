//! Aliases of state machines.
//!
//! AWS: [Aliases](https://docs.aws.amazon.com/step-functions/latest/dg/concepts-state-machine-alias.html).

use segno_engine::{
    Backend, Clock, Invoker,
    catalog::{self, ALIASES_MAX, Alias, Change, Decided, Route, StateMachineRecord},
    operations::arn::{Qualifier, StateMachineArn},
};
use segno_interpreter::event::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::versions::ListOfStateMachine;
use crate::{
    Api, ApiError,
    error::Reason,
    names::{check_arn, check_unlabeled, state_machine_arn, unlabeled_arn},
    seconds,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateAlias {
    name: String,
    description: Option<String>,
    routing_configuration: Vec<RouteRequest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateAlias {
    state_machine_alias_arn: String,
    description: Option<String>,
    routing_configuration: Option<Vec<RouteRequest>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RouteRequest {
    state_machine_version_arn: String,
    weight: u8,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfAlias {
    state_machine_alias_arn: String,
}

impl<S: Backend, I: Invoker, C: Clock> Api<S, I, C> {
    pub(crate) async fn create_alias(&self, request: CreateAlias) -> Result<Value, ApiError> {
        let routing = Routing::read(&request.routing_configuration)?;
        let now = self.engine.clock().now();
        let alias = Alias {
            description: request.description,
            routes: routing.routes,
            created_at: now,
            updated_at: now,
        };
        let machine = &routing.state_machine_arn;
        let decide = |record| create(machine, record, &request.name, &alias);
        let created_at = catalog::change(self.engine.store(), machine, decide).await?;
        Ok(json!({
            "stateMachineAliasArn": format!("{machine}:{}", request.name),
            "creationDate": seconds(created_at),
        }))
    }

    pub(crate) async fn update_alias(&self, request: UpdateAlias) -> Result<Value, ApiError> {
        let arn = AliasArn::read(&request.state_machine_alias_arn)?;
        let routing = request
            .routing_configuration
            .as_deref()
            .map(Routing::read)
            .transpose()?;
        if request.description.is_none() && routing.is_none() {
            return Err(ApiError::invalid(
                Reason::MissingParameter,
                "Either the description or the routing configuration must be specified",
            ));
        }
        if let Some(routing) = &routing
            && routing.state_machine_arn != arn.state_machine
        {
            return Err(of_one_machine(&routing.version_arns));
        }
        let update = Update {
            description: request.description,
            routes: routing.map(|routing| routing.routes),
            at: self.engine.clock().now(),
        };
        let decide = |record| update.decide(&arn, record);
        catalog::change(self.engine.store(), &arn.state_machine, decide).await?;
        Ok(json!({ "updateDate": seconds(update.at) }))
    }

    pub(crate) async fn describe_alias(&self, request: OfAlias) -> Result<Value, ApiError> {
        let arn = AliasArn::read(&request.state_machine_alias_arn)?;
        let record = self.engine.state_machine(&arn.state_machine).await?;
        let alias = record
            .as_ref()
            .and_then(|record| record.aliases.get(arn.name));
        let alias = alias.ok_or_else(|| ApiError::reference_not_found(arn.text))?;
        let route = |route: &Route| {
            json!({
                "stateMachineVersionArn": format!("{}:{}", arn.state_machine, route.version),
                "weight": route.weight,
            })
        };
        Ok(json!({
            "stateMachineAliasArn": arn.text,
            "name": arn.name,
            "description": alias.description,
            "routingConfiguration": alias.routes.iter().map(route).collect::<Vec<_>>(),
            "creationDate": seconds(alias.created_at),
            "updateDate": seconds(alias.updated_at),
        }))
    }

    /// By name. The ARN of a version asks for the aliases that route to it.
    pub(crate) async fn list_aliases(
        &self,
        request: ListOfStateMachine,
    ) -> Result<Value, ApiError> {
        let (asked, page) = (&request.state_machine_arn, &request.page);
        check_unlabeled(asked)?;
        let arn = state_machine_arn(asked)?;
        let machine = arn.unqualified();
        let record = self.active_record(&machine).await?;
        let names: Vec<&str> = match arn.qualifier {
            Qualifier::None => record.aliases.keys().map(String::as_str).collect(),
            Qualifier::Version(number) if record.version(number).is_some() => {
                record.aliases_of(number).collect()
            }
            _ => return Err(ApiError::resource_not_found(asked)),
        };
        let after = page.after()?;
        let rest = names
            .into_iter()
            .filter(|name| after.as_deref().is_none_or(|after| *name > after));
        let (names, next_token) = page.cut(rest, |name| (*name).to_owned());
        let item = |name| {
            json!({
                "stateMachineAliasArn": format!("{machine}:{name}"),
                "creationDate": seconds(record.aliases[name].created_at),
            })
        };
        let items: Vec<Value> = names.into_iter().map(item).collect();
        Ok(json!({ "stateMachineAliases": items, "nextToken": next_token }))
    }

    /// One that is not there is deleted already.
    pub(crate) async fn delete_alias(&self, request: OfAlias) -> Result<Value, ApiError> {
        let arn = AliasArn::read(&request.state_machine_alias_arn)?;
        let decide = |record: Option<StateMachineRecord>| {
            let change = record.map_or(Change::Keep, |mut record| {
                record.aliases.remove(arn.name);
                Change::Put(record)
            });
            Ok::<_, ApiError>((change, ()))
        };
        catalog::change(self.engine.store(), &arn.state_machine, decide).await?;
        Ok(json!({}))
    }
}

/// The ARN of an alias, taken apart.
struct AliasArn<'a> {
    text: &'a str,
    state_machine: String,
    name: &'a str,
}

impl<'a> AliasArn<'a> {
    fn read(text: &'a str) -> Result<Self, ApiError> {
        let arn = unlabeled_arn(text)?;
        match arn.qualifier {
            Qualifier::Alias(name) => Ok(Self {
                text,
                state_machine: arn.unqualified(),
                name,
            }),
            Qualifier::None | Qualifier::Version(_) => Err(ApiError::validation(format!(
                "The ARN must be that of a state machine alias. Received: {text}"
            ))),
        }
    }
}

/// A routing configuration that can be.
#[derive(Debug)]
struct Routing {
    /// The state machine whose versions it names.
    state_machine_arn: String,
    version_arns: Vec<String>,
    routes: Vec<Route>,
}

impl Routing {
    fn read(requested: &[RouteRequest]) -> Result<Self, ApiError> {
        let version_arns: Vec<String> = requested
            .iter()
            .map(|route| route.state_machine_version_arn.clone())
            .collect();
        let mut routes = Vec::new();
        let mut machines = Vec::new();
        for route in requested {
            let arn = &route.state_machine_version_arn;
            check_arn(arn, "stateMachine")?;
            let parsed = StateMachineArn::parse(arn).filter(|arn| arn.label.is_none());
            let Some((arn, Qualifier::Version(version))) = parsed.map(|arn| (arn, arn.qualifier))
            else {
                let message = "must contain state machine version ARNs.";
                return Err(invalid_routing(message, &version_arns));
            };
            machines.push(arn.unqualified());
            routes.push(Route {
                version,
                weight: route.weight,
            });
        }
        let is_repeated = |(index, arn)| version_arns[..index].contains(arn);
        if version_arns.iter().enumerate().any(is_repeated) {
            let message = "must contain distinct state machine version ARNs.";
            return Err(invalid_routing(message, &version_arns));
        }
        machines.dedup();
        let [state_machine_arn] = machines.as_slice() else {
            return Err(of_one_machine(&version_arns));
        };
        let weights: Vec<u8> = routes.iter().map(|route| route.weight).collect();
        if weights.iter().map(|weight| u32::from(*weight)).sum::<u32>() != 100 {
            return Err(ApiError::invalid(
                Reason::RoutingConfiguration,
                format!(
                    "Sum of routing configuration weights must equal 100. Received: {weights:?}"
                ),
            ));
        }
        Ok(Self {
            state_machine_arn: state_machine_arn.clone(),
            version_arns,
            routes,
        })
    }
}

fn invalid_routing(must: &str, version_arns: &[String]) -> ApiError {
    ApiError::invalid(
        Reason::RoutingConfiguration,
        format!(
            "Routing configuration {must} Received: [{}]",
            version_arns.join(", ")
        ),
    )
}

fn of_one_machine(version_arns: &[String]) -> ApiError {
    let message = "must contain version ARNs of the alias's own state machine only.";
    invalid_routing(message, version_arns)
}

/// Creates an alias. The same again is the same alias.
fn create(
    state_machine: &str,
    record: Option<StateMachineRecord>,
    name: &str,
    alias: &Alias,
) -> Decided<StateMachineRecord, Timestamp, ApiError> {
    let not_found = || ApiError::reference_not_found(state_machine);
    let mut record = record.ok_or_else(not_found)?;
    if record.is_deleting() {
        return Err(ApiError::state_machine_deleting(state_machine));
    }
    if !record.has_versions(&alias.routes) {
        return Err(not_found());
    }
    if let Some(existing) = record.aliases.get(name) {
        let is_same = existing.routes == alias.routes && existing.description == alias.description;
        return match is_same {
            true => Ok((Change::Keep, existing.created_at)),
            false => Err(ApiError::conflict(
                "Failed to create alias because an alias with the same name and a different \
                 routing configuration already exists.",
            )),
        };
    }
    record.add_alias(name, alias.clone()).map_err(|_| {
        ApiError::quota_exceeded(format!(
            "A state machine has at most {ALIASES_MAX} aliases: '{state_machine}'"
        ))
    })?;
    Ok((Change::Put(record), alias.created_at))
}

/// What is to change of an alias. `None` is as it was.
struct Update {
    description: Option<String>,
    routes: Option<Vec<Route>>,
    at: Timestamp,
}

impl Update {
    fn decide(
        &self,
        arn: &AliasArn<'_>,
        record: Option<StateMachineRecord>,
    ) -> Decided<StateMachineRecord, (), ApiError> {
        let not_found = || ApiError::reference_not_found(arn.text);
        let mut record = record.ok_or_else(not_found)?;
        if record.is_deleting() {
            return Err(ApiError::state_machine_deleting(&arn.state_machine));
        }
        if self
            .routes
            .as_ref()
            .is_some_and(|routes| !record.has_versions(routes))
        {
            return Err(not_found());
        }
        let alias = record.aliases.get_mut(arn.name).ok_or_else(not_found)?;
        if let Some(description) = &self.description {
            alias.description = Some(description.clone());
        }
        if let Some(routes) = &self.routes {
            alias.routes.clone_from(routes);
        }
        alias.updated_at = self.at;
        Ok((Change::Put(record), ()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:m";

    fn refused(routes: &[(&str, u8)]) -> String {
        let request = |&(end, weight): &(&str, u8)| RouteRequest {
            state_machine_version_arn: format!("{MACHINE}{end}"),
            weight,
        };
        let requested: Vec<RouteRequest> = routes.iter().map(request).collect();
        let refused = Routing::read(&requested).unwrap_err().to_string();
        refused.replace(MACHINE, "M")
    }

    #[test]
    fn a_routing_configuration_has_distinct_versions_of_one_machine_that_add_up() {
        for (routes, message) in [
            (
                &[("", 100)][..],
                "must contain state machine version ARNs. Received: [M]",
            ),
            (
                &[(":live", 100)],
                "must contain state machine version ARNs. Received: [M:live]",
            ),
            (
                &[(":1", 70), ("", 30)],
                "must contain state machine version ARNs. Received: [M:1, M]",
            ),
            (
                &[("/Each:1", 100)],
                "must contain state machine version ARNs. Received: [M/Each:1]",
            ),
            (
                &[(":1", 50), (":1", 50)],
                "must contain distinct state machine version ARNs. Received: [M:1, M:1]",
            ),
            (
                &[(":1", 50), ("2:1", 50)],
                "must contain version ARNs of the alias's own state machine only. Received: [M:1, M2:1]",
            ),
        ] {
            let message = format!("ValidationException: Routing configuration {message}");
            assert_eq!(refused(routes), message);
        }
        assert_eq!(
            refused(&[(":1", 70), (":2", 31)]),
            "ValidationException: Sum of routing configuration weights must equal 100. Received: [70, 31]"
        );
    }
}
