//! ValidateStateMachineDefinition.

use segno_asl::definition::{Diagnostic, MachineType, check};
use segno_engine::{Backend, Clock, Invoker};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Api, ApiError};

/// Findings in one answer.
///
/// AWS: [ValidateStateMachineDefinition](https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html).
const RESULTS_MAX: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ValidateDefinition {
    definition: String,
    r#type: Option<String>,
    severity: Option<String>,
    max_results: Option<usize>,
}

impl ValidateDefinition {
    fn machine_type(&self) -> Result<MachineType, ApiError> {
        match self.r#type.as_deref() {
            None | Some("STANDARD") => Ok(MachineType::Standard),
            Some("EXPRESS") => Ok(MachineType::Express),
            Some(other) => Err(not_among(other, "type", "[STANDARD, EXPRESS]")),
        }
    }

    fn wants_warnings(&self) -> Result<bool, ApiError> {
        match self.severity.as_deref() {
            None | Some("ERROR") => Ok(false),
            Some("WARNING") => Ok(true),
            Some(other) => Err(not_among(other, "severity", "[ERROR, WARNING]")),
        }
    }

    /// How many findings are answered. 0 asks for as many as there may be.
    fn limit(&self) -> Result<usize, ApiError> {
        match self.max_results {
            None | Some(0) => Ok(RESULTS_MAX),
            Some(wanted) if wanted <= RESULTS_MAX => Ok(wanted),
            Some(wanted) => {
                let constraint = format!("have value less than or equal to {RESULTS_MAX}");
                Err(ApiError::constraint(wanted, "maxResults", &constraint))
            }
        }
    }
}

fn not_among(value: &str, field: &str, values: &str) -> ApiError {
    ApiError::constraint(value, field, &format!("satisfy enum value set: {values}"))
}

impl<S: Backend, I: Invoker, C: Clock> Api<S, I, C> {
    pub(crate) fn validate_definition(
        &self,
        request: ValidateDefinition,
    ) -> Result<Value, ApiError> {
        let (machine_type, limit) = (request.machine_type()?, request.limit()?);
        let wants_warnings = request.wants_warnings()?;
        let mut found = check(&request.definition, machine_type);
        found.retain(|diagnostic| wants_warnings || diagnostic.is_error());
        let is_valid = !found.iter().any(Diagnostic::is_error);
        let shown: Vec<Value> = found.iter().take(limit).map(shown).collect();
        Ok(json!({
            "result": if is_valid { "OK" } else { "FAIL" },
            "diagnostics": shown,
            "truncated": found.len() > limit,
        }))
    }
}

fn shown(diagnostic: &Diagnostic) -> Value {
    let severity = if diagnostic.is_error() {
        "ERROR"
    } else {
        "WARNING"
    };
    let mut shown = json!({
        "severity": severity,
        "code": diagnostic.code,
        "message": diagnostic.message,
    });
    if let Some(location) = &diagnostic.location {
        shown["location"] = location.as_str().into();
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(fields: Value) -> ValidateDefinition {
        let mut request = json!({ "definition": "{}" });
        for (name, value) in fields.as_object().unwrap() {
            request[name] = value.clone();
        }
        serde_json::from_value(request).unwrap()
    }

    #[test]
    fn a_request_asks_for_up_to_a_hundred_findings() {
        for (asked, limit) in [
            (json!({}), 100),
            (json!({ "maxResults": 0 }), 100),
            (json!({ "maxResults": 7 }), 7),
        ] {
            assert_eq!(request(asked).limit().unwrap(), limit);
        }
        let refused = request(json!({ "maxResults": 101 })).limit().unwrap_err();
        assert_eq!(
            refused.to_string(),
            "ValidationException: 1 validation error detected: Value '101' at 'maxResults' failed to \
             satisfy constraint: Member must have value less than or equal to 100"
        );
    }

    #[test]
    fn warnings_and_the_type_are_asked_for_by_name() {
        assert!(!request(json!({})).wants_warnings().unwrap());
        assert!(
            request(json!({ "severity": "WARNING" }))
                .wants_warnings()
                .unwrap()
        );
        assert!(
            request(json!({ "severity": "INFO" }))
                .wants_warnings()
                .is_err()
        );
        assert!(request(json!({ "type": "FAST" })).machine_type().is_err());
    }
}
