//! What TestState is asked, and what can be said of it before the definition is read.

use std::{collections::BTreeMap, sync::Arc};

use segno_interpreter::payload::Payload;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{mock::Mock, response::Level};
use crate::ApiError;

/// A request. AWS:
/// [TestState](https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TestState {
    pub(super) definition: String,
    pub(super) state_name: Option<String>,
    pub(super) role_arn: Option<String>,
    pub(super) input: Option<String>,
    variables: Option<String>,
    pub(super) context: Option<String>,
    pub(super) mock: Option<Mock>,
    #[serde(default)]
    pub(super) state_configuration: StateConfiguration,
    #[serde(default)]
    pub(super) inspection_level: Level,
    #[serde(default)]
    reveal_secrets: bool,
}

/// `stateConfiguration`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StateConfiguration {
    retrier_retry_count: Option<i64>,
    pub(super) error_caused_by_state: Option<String>,
    map_iteration_failure_count: Option<i64>,
    pub(super) map_item_reader_data: Option<String>,
}

impl TestState {
    /// Checks what the definition has no part in.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        match &self.mock {
            Some(mock) => {
                mock.check()?;
                if self.reveal_secrets {
                    return Err(ApiError::validation(
                        "TestState does not support RevealSecrets when a mock is specified.",
                    ));
                }
            }
            None => self.check_without_mock()?,
        }
        Ok(())
    }

    /// AWS's model says that these need a mock; the words are ours.
    fn check_without_mock(&self) -> Result<(), ApiError> {
        let needless = [
            ("Context", self.context.is_some()),
            (
                "MapIterationFailureCount",
                self.state_configuration
                    .map_iteration_failure_count
                    .is_some(),
            ),
        ];
        match needless.iter().find(|(_, is_given)| *is_given) {
            Some((what, _)) => Err(ApiError::validation(format!(
                "TestState does not support {what} when no mock is specified."
            ))),
            None => Ok(()),
        }
    }

    /// `variables`, by name.
    pub(super) fn variables(&self) -> Result<BTreeMap<Arc<str>, Payload>, ApiError> {
        let text = self.variables.as_deref().unwrap_or("{}");
        let Ok(variables) = serde_json::from_str::<Map<String, Value>>(text) else {
            return Err(ApiError::validation("Variables must be a JSON object"));
        };
        let variables = variables.into_iter();
        Ok(variables
            .map(|(name, value)| (name.into(), value.into()))
            .collect())
    }
}

impl StateConfiguration {
    /// How often the state was tried again: as the configuration says, else as the context object
    /// that was made up says.
    pub(super) fn retries(&self, context: Option<&Map<String, Value>>) -> u32 {
        let in_context = || context?.get("State")?.get("RetryCount")?.as_u64();
        let configured = self.retrier_retry_count.map(i64::unsigned_abs);
        let count = configured.or_else(in_context).unwrap_or(0);
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// How many iterations failed.
    pub(super) fn failed_iterations(&self) -> u64 {
        self.map_iteration_failure_count
            .map_or(0, i64::unsigned_abs)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(fields: Value) -> TestState {
        let mut request = json!({ "definition": "{}" });
        for (name, value) in fields.as_object().unwrap() {
            request[name] = value.clone();
        }
        serde_json::from_value(request).unwrap()
    }

    fn refusal(fields: Value) -> String {
        request(fields).check().unwrap_err().to_string()
    }

    #[test]
    fn a_mock_and_revealed_secrets_exclude_one_another() {
        assert_eq!(
            refusal(json!({ "mock": { "result": "{}" }, "revealSecrets": true })),
            "ValidationException: TestState does not support RevealSecrets when a mock is specified."
        );
    }

    #[test]
    fn what_makes_sense_with_a_mock_only_needs_one() {
        for fields in [
            json!({ "context": "{}" }),
            json!({ "stateConfiguration": { "mapIterationFailureCount": 0 } }),
        ] {
            assert!(refusal(fields.clone()).ends_with(" when no mock is specified."));
            let mut mocked = fields;
            mocked["mock"] = json!({ "result": "{}" });
            assert!(request(mocked).check().is_ok());
        }
    }

    #[test]
    fn retries_are_counted_by_the_configuration_or_else_by_the_context_object() {
        let context = json!({ "State": { "RetryCount": 2 } });
        let context = context.as_object();
        let configured: StateConfiguration =
            serde_json::from_value(json!({ "retrierRetryCount": 1 })).unwrap();
        assert_eq!(configured.retries(context), 1);
        assert_eq!(StateConfiguration::default().retries(context), 2);
        assert_eq!(StateConfiguration::default().retries(None), 0);
    }

    #[test]
    fn variables_are_an_object() {
        let variables = request(json!({ "variables": "{\"x\": [1]}" })).variables();
        assert_eq!(variables.unwrap()["x"].text(), "[1]");
        assert!(request(json!({ "variables": "[1]" })).variables().is_err());
    }
}
