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
    r#type: Option<MachineType>,
    severity: Option<Severity>,
    max_results: Option<usize>,
}

/// The mildest findings that are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Severity {
    Error,
    Warning,
}

impl ValidateDefinition {
    /// How many findings are answered. 0 asks for as many as there may be.
    fn limit(&self) -> usize {
        match self.max_results {
            None | Some(0) => RESULTS_MAX,
            Some(wanted) => wanted,
        }
    }
}

impl<S: Backend, I: Invoker, C: Clock> Api<S, I, C> {
    pub(crate) fn validate_definition(
        &self,
        request: ValidateDefinition,
    ) -> Result<Value, ApiError> {
        let limit = request.limit();
        let wants_warnings = request.severity == Some(Severity::Warning);
        let mut found = check(&request.definition, request.r#type.unwrap_or_default());
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
            assert_eq!(request(asked).limit(), limit);
        }
    }
}
