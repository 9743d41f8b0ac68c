//! ValidateStateMachineDefinition.

use segno_asl::definition::{Severity, parse};
use segno_engine::{Clock, Invoker, Store};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Api, ApiError};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ValidateDefinition {
    definition: String,
}

impl<S: Store, I: Invoker, C: Clock> Api<S, I, C> {
    pub(crate) fn validate_definition(
        &self,
        request: ValidateDefinition,
    ) -> Result<Value, ApiError> {
        let diagnostics = parse(&request.definition)
            .err()
            .map_or_else(Vec::new, |found| found.0);
        let shown: Vec<Value> = diagnostics
            .iter()
            .map(|diagnostic| {
                let severity = match diagnostic.severity {
                    Severity::Error => "ERROR",
                    Severity::Warning => "WARNING",
                };
                let mut shown = json!({
                    "severity": severity,
                    "code": diagnostic.code,
                    "message": diagnostic.message,
                });
                if !diagnostic.location.is_empty() {
                    shown["location"] = diagnostic.location.as_str().into();
                }
                shown
            })
            .collect();
        let result = if shown.is_empty() { "OK" } else { "FAIL" };
        Ok(json!({ "result": result, "diagnostics": shown, "truncated": false }))
    }
}
