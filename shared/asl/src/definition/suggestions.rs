//! What might have been meant: `did you mean`, by a small edit distance.

use serde_json::Value;

use super::{Diagnostic, codes, location::keys};
use crate::limits;

/// Who has more mistakes than these in a definition is helped with the first of them: each is compared
/// with all names.
const SUGGESTIONS_MAX: usize = 20;

/// The fields of the language.
const FIELDS: &[&str] = &[
    "Arguments",
    "Assign",
    "BackoffRate",
    "BatchInput",
    "Branches",
    "CSVDelimiter",
    "CSVHeaderLocation",
    "CSVHeaders",
    "Catch",
    "Cause",
    "CausePath",
    "Choices",
    "Comment",
    "Credentials",
    "Default",
    "End",
    "Error",
    "ErrorEquals",
    "ErrorPath",
    "ExecutionType",
    "HeartbeatSeconds",
    "HeartbeatSecondsPath",
    "InputPath",
    "InputType",
    "IntervalSeconds",
    "ItemBatcher",
    "ItemProcessor",
    "ItemReader",
    "ItemSelector",
    "Items",
    "ItemsPath",
    "ItemsPointer",
    "Iterator",
    "JitterStrategy",
    "Label",
    "ManifestType",
    "MaxAttempts",
    "MaxConcurrency",
    "MaxConcurrencyPath",
    "MaxDelaySeconds",
    "MaxInputBytesPerBatch",
    "MaxInputBytesPerBatchPath",
    "MaxItems",
    "MaxItemsPath",
    "MaxItemsPerBatch",
    "MaxItemsPerBatchPath",
    "Mode",
    "Next",
    "Output",
    "OutputPath",
    "OutputType",
    "Parameters",
    "ProcessorConfig",
    "QueryLanguage",
    "ReaderConfig",
    "Resource",
    "Result",
    "ResultPath",
    "ResultSelector",
    "ResultWriter",
    "Retry",
    "Seconds",
    "SecondsPath",
    "StartAt",
    "States",
    "TimeoutSeconds",
    "TimeoutSecondsPath",
    "Timestamp",
    "TimestampPath",
    "ToleratedFailureCount",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
    "Transformation",
    "Type",
    "Version",
    "WriterConfig",
];

/// Those that only choice rules have.
const RULE_FIELDS: &[&str] = &[
    "And",
    "BooleanEquals",
    "BooleanEqualsPath",
    "Condition",
    "IsBoolean",
    "IsNull",
    "IsNumeric",
    "IsPresent",
    "IsString",
    "IsTimestamp",
    "Not",
    "NumericEquals",
    "NumericEqualsPath",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "NumericGreaterThanEqualsPath",
    "NumericGreaterThanPath",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericLessThanEqualsPath",
    "NumericLessThanPath",
    "Or",
    "StringEquals",
    "StringEqualsPath",
    "StringGreaterThan",
    "StringGreaterThanEquals",
    "StringGreaterThanEqualsPath",
    "StringGreaterThanPath",
    "StringLessThan",
    "StringLessThanEquals",
    "StringLessThanEqualsPath",
    "StringLessThanPath",
    "StringMatches",
    "TimestampEquals",
    "TimestampEqualsPath",
    "TimestampGreaterThan",
    "TimestampGreaterThanEquals",
    "TimestampGreaterThanEqualsPath",
    "TimestampGreaterThanPath",
    "TimestampLessThan",
    "TimestampLessThanEquals",
    "TimestampLessThanEqualsPath",
    "TimestampLessThanPath",
    "Variable",
];

/// Adds what might have been meant to the findings that are about a name.
pub(super) fn add(definition: &Value, found: &mut [Diagnostic]) {
    for diagnostic in found.iter_mut().take(SUGGESTIONS_MAX) {
        if let Some(meant) = meant(definition, diagnostic) {
            diagnostic.help = Some(format!("did you mean `{meant}`?"));
        }
    }
}

fn meant(definition: &Value, diagnostic: &Diagnostic) -> Option<String> {
    let at = &diagnostic.pointer;
    let (parent, last) = at.rsplit_once('/')?;
    if diagnostic.is_about_field() {
        let name = keys(at).last()?;
        let object = definition.pointer(parent)?.as_object()?;
        let of_rules = RULE_FIELDS.iter().filter(|_| parent.contains("/Choices/"));
        let fields = FIELDS.iter().chain(of_rules);
        let free = fields.filter(|field| !object.contains_key(**field));
        return nearest(&name, free.copied()).map(str::to_owned);
    }
    let value = definition.pointer(at)?.as_str()?;
    if diagnostic.code == codes::MISSING_TARGET {
        let states = match at.rfind("/States/") {
            Some(scope) if last != "StartAt" => format!("{}/States", &at[..scope]),
            _ => format!("{parent}/States"),
        };
        let states = definition.pointer(&states)?.as_object()?;
        return nearest(value, states.keys().map(String::as_str)).map(str::to_owned);
    }
    let (_, list) = diagnostic.message.split_once(": [")?;
    nearest(value, list.trim_end_matches(']').split(", ")).map(str::to_owned)
}

/// The name most like `name`, if one is like it; capitals do not count.
pub fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    if length > 2 * limits::STATE_NAME_CHARACTERS_MAX {
        return None;
    }
    let max = (length / 3).max(1);
    let folded = name.to_lowercase();
    let distance = |other: &str| strsim::osa_distance(&folded, &other.to_lowercase());
    names
        .filter(|other| other.chars().count().abs_diff(length) <= max)
        .map(|other| (distance(other), other))
        .min()
        .filter(|(distance, _)| *distance <= max)
        .map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::definition::{MachineType, check_value};

    fn helps(definition: &Value) -> Vec<String> {
        let found = check_value(definition, MachineType::Standard);
        found.into_iter().filter_map(|found| found.help).collect()
    }

    #[test]
    fn a_misspelt_field_state_or_type_is_recognized() {
        let field = json!({ "StartAt": "A", "States": {
            "A": { "Type": "Pass", "Nxet": "B", "Next": "B", "ResultPaht": "$.a" },
            "B": { "Type": "Succeed" },
        } });
        assert_eq!(helps(&field), ["did you mean `ResultPath`?"]);
        let state = json!({ "StartAt": "Charge card", "States": {
            "Charge card": { "Type": "Pass", "Next": "shipOrder" },
            "ShipOrder": { "Type": "Succeed" },
        } });
        assert_eq!(helps(&state), ["did you mean `ShipOrder`?"]);
        let kind = json!({ "StartAt": "A", "States": { "A": { "Type": "Suceed" } } });
        assert_eq!(helps(&kind), ["did you mean `Succeed`?"]);
    }

    #[test]
    fn what_is_like_nothing_has_no_suggestion() {
        assert_eq!(nearest("Foo", ["Next", "End"].into_iter()), None);
        assert_eq!(nearest("next", ["Next", "Not"].into_iter()), Some("Next"));
    }
}
