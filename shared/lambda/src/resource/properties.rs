//! What a template says of a state machine.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Objects;

/// Longest name of a state machine.
const NAME_CHARACTERS_MAX: usize = 80;

/// What a template says of a state machine, with the names of the Terraform examples.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Properties {
    /// Its name, if it is given one.
    pub(super) name: Option<String>,
    /// ARN of its role.
    pub(super) role_arn: String,
    /// STANDARD or EXPRESS, as the API has it.
    pub(super) machine_type: String,
    definition: Definition,
    log_group_arn: Option<String>,
}

/// Where a definition is.
#[derive(Debug, Clone, PartialEq)]
enum Definition {
    /// In the template.
    Text(String),
    /// In a bucket.
    Object { bucket: String, key: String },
}

impl Properties {
    /// Reads them: each that is missing or unknown is named.
    pub(super) fn read(properties: &Value) -> Result<Self, String> {
        const KNOWN: [&str; 7] = [
            "name",
            "role_arn",
            "stepfunc_type",
            "definition_file_path",
            "log_group_arn",
            "ServiceToken",
            "ServiceTimeout",
        ];
        let text = |name: &str| properties[name].as_str().filter(|text| !text.is_empty());
        let needed = |name: &str| {
            let text = text(name).map(str::to_owned);
            text.ok_or_else(|| format!("the property {name} is missing"))
        };
        let members = properties.as_object().ok_or("there are no properties")?;
        if let Some(unknown) = members.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(format!("there is no property {unknown}"));
        }
        Ok(Self {
            name: text("name").map(str::to_owned),
            role_arn: needed("role_arn")?,
            machine_type: text("stepfunc_type").unwrap_or("STANDARD").to_uppercase(),
            definition: match &properties["definition_file_path"] {
                // CloudFormation has made texts of its numbers.
                Value::Object(_) => return Err(Definition::FORM.to_owned()),
                _ => Definition::of(needed("definition_file_path")?)?,
            },
            log_group_arn: text("log_group_arn").map(str::to_owned),
        })
    }

    /// The text of the definition.
    pub(super) async fn definition(&self, objects: &dyn Objects) -> Result<String, String> {
        match &self.definition {
            Definition::Text(text) => Ok(text.clone()),
            Definition::Object { bucket, key } => objects.read(bucket, key).await,
        }
    }

    /// What fails is logged, with its data, if there is a log group.
    pub(super) fn logging(&self) -> Value {
        let Some(arn) = &self.log_group_arn else {
            return json!({ "level": "OFF" });
        };
        let arn = match arn.ends_with(":*") {
            true => arn.clone(),
            false => format!("{arn}:*"),
        };
        json!({
            "level": "ERROR",
            "includeExecutionData": true,
            "destinations": [{ "cloudWatchLogsLogGroup": { "logGroupArn": arn } }],
        })
    }
}

impl Definition {
    /// What it must be.
    const FORM: &str = "definition_file_path must be s3://BUCKET/KEY or the text of a definition: \
                        Fn::ToJsonString makes a text of an object";

    fn of(text: String) -> Result<Self, String> {
        let Some(place) = text.strip_prefix("s3://") else {
            return match text.trim_start().starts_with('{') {
                true => Ok(Self::Text(text)),
                false => Err(Self::FORM.to_owned()),
            };
        };
        match place.split_once('/') {
            Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => Ok(Self::Object {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
            }),
            _ => Err(format!("{text} has no bucket, or no key")),
        }
    }
}

/// The name of what is given none: the same whenever it is asked for, and nobody else's. What is of another
/// type is another state machine.
pub(super) fn derived_name(stack_id: &str, logical_id: &str, machine_type: &str) -> String {
    let stack = stack_id.split('/').nth(1).unwrap_or("stack");
    let hash = Sha256::digest(format!("{stack_id} {logical_id} {machine_type}"));
    let hash: String = hash[..6].iter().map(|byte| format!("{byte:02x}")).collect();
    let name: String = format!("{stack}-{logical_id}")
        .chars()
        .take(NAME_CHARACTERS_MAX - hash.len() - 1)
        .collect();
    format!("{name}-{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:iam::123456789012:role/segno/order";
    const TEXT: &str = r#"{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}"#;

    fn with(name: &str, value: Value) -> Result<Properties, String> {
        let mut properties = json!({
            "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:api",
            "role_arn": ROLE,
            "definition_file_path": TEXT,
        });
        properties[name] = value;
        Properties::read(&properties)
    }

    #[test]
    fn what_is_missing_unknown_or_no_definition_is_said() {
        let why = |name: &str, value: Value| with(name, value).map(|_| ()).unwrap_err();
        assert_eq!(
            why("role_arn", json!("")),
            "the property role_arn is missing"
        );
        assert_eq!(why("Name", json!("order")), "there is no property Name");
        for definition in [json!("order.asl.json"), json!({ "StartAt": "P" })] {
            assert_eq!(why("definition_file_path", definition), Definition::FORM);
        }
        let nothing = why("definition_file_path", json!("s3://bucket/"));
        assert_eq!(nothing, "s3://bucket/ has no bucket, or no key");
        assert!(Properties::read(&Value::Null).is_err());
    }

    #[test]
    fn a_definition_is_a_text_or_an_object_of_s3() {
        let text = with("name", json!("order")).unwrap();
        assert_eq!(text.definition, Definition::Text(TEXT.into()));
        assert_eq!(text.machine_type, "STANDARD");
        let object = with("definition_file_path", json!("s3://b/a/order.asl.json")).unwrap();
        let [bucket, key] = ["b", "a/order.asl.json"].map(str::to_owned);
        assert_eq!(object.definition, Definition::Object { bucket, key });
    }

    #[test]
    fn a_log_group_gets_what_fails() {
        assert_eq!(
            with("name", json!("order")).unwrap().logging(),
            json!({ "level": "OFF" })
        );
        let group = "arn:aws:logs:us-east-1:123456789012:log-group:order";
        for arn in [group.to_owned(), format!("{group}:*")] {
            let logging = with("log_group_arn", json!(arn)).unwrap().logging();
            let destination = &logging["destinations"][0]["cloudWatchLogsLogGroup"];
            assert_eq!(destination["logGroupArn"], format!("{group}:*"));
            assert_eq!(logging["level"], "ERROR");
        }
    }

    #[test]
    fn a_name_is_derived_of_the_stack_and_the_resource() {
        let stack = "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/1f0e";
        let name = derived_name(stack, "Order", "STANDARD");
        assert_eq!(name, derived_name(stack, "Order", "STANDARD"));
        assert!(
            name.starts_with("shop-Order-") && name.len() == 23,
            "{name}"
        );
        assert_ne!(name, derived_name(stack, "Refund", "STANDARD"));
        assert_ne!(name, derived_name(stack, "Order", "EXPRESS"));
        let again = "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/2a2b";
        assert_ne!(name, derived_name(again, "Order", "STANDARD"));
        let long = derived_name(stack, &"x".repeat(255), "STANDARD");
        assert_eq!(long.len(), NAME_CHARACTERS_MAX);
    }
}
