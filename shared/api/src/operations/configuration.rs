//! Logging, tracing and encryption: as requests have them, and as answers show them.

use segno_engine::{
    catalog::{Encryption, LogLevel, Logging, Revision},
    logs::Logs,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::ApiError;

/// Seconds for which a data key is used again, if nothing is said.
///
/// AWS: [EncryptionConfiguration](https://docs.aws.amazon.com/step-functions/latest/apireference/API_EncryptionConfiguration.html).
const KEY_REUSE_SECONDS_DEFAULT: u32 = 300;

/// The configurations of a state machine, as a request has them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Configuration {
    logging_configuration: Option<LoggingConfiguration>,
    tracing_configuration: Option<TracingConfiguration>,
    encryption_configuration: Option<EncryptionConfiguration>,
}

/// The same, read: what is `None` is as it was.
#[derive(Debug)]
pub(super) struct Configured {
    logging: Option<Logging>,
    tracing: Option<bool>,
    encryption: Option<Encryption>,
}

impl Configuration {
    pub(super) fn read(self) -> Result<Configured, ApiError> {
        let logging = self.logging_configuration.map(LoggingConfiguration::read);
        let tracing = self.tracing_configuration;
        let encryption = self
            .encryption_configuration
            .map(EncryptionConfiguration::read);
        Ok(Configured {
            logging: logging.transpose()?,
            tracing: tracing.map(|tracing| tracing.enabled.unwrap_or(false)),
            encryption: encryption.transpose()?,
        })
    }
}

impl Configured {
    /// Checks that the log groups are there.
    pub(super) async fn check_log_groups(&self, logs: &dyn Logs) -> Result<(), ApiError> {
        for arn in self
            .logging
            .iter()
            .flat_map(|logging| &logging.log_group_arns)
        {
            if !logs.has(arn).await {
                return Err(log_destination_not_found());
            }
        }
        Ok(())
    }

    /// Whether nothing changes.
    pub(super) fn is_none(&self) -> bool {
        self.logging.is_none() && self.tracing.is_none() && self.encryption.is_none()
    }

    pub(super) fn apply(&self, revision: &mut Revision) {
        if let Some(logging) = &self.logging {
            revision.logging = logging.clone();
        }
        if let Some(tracing) = self.tracing {
            revision.tracing = tracing;
        }
        if let Some(encryption) = &self.encryption {
            revision.encryption = encryption.clone();
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoggingConfiguration {
    level: Option<LogLevel>,
    include_execution_data: Option<bool>,
    destinations: Option<Vec<LogDestination>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogDestination {
    cloud_watch_logs_log_group: Option<LogGroup>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogGroup {
    log_group_arn: Option<String>,
}

#[derive(Deserialize)]
struct TracingConfiguration {
    enabled: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EncryptionConfiguration {
    r#type: EncryptionType,
    kms_key_id: Option<String>,
    kms_data_key_reuse_period_seconds: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum EncryptionType {
    AwsOwnedKey,
    CustomerManagedKmsKey,
}

impl LoggingConfiguration {
    /// There is one destination, and none is needed if nothing is logged.
    fn read(self) -> Result<Logging, ApiError> {
        let level = self.level.unwrap_or_default();
        let destinations = self.destinations.unwrap_or_default();
        let fewest = if level == LogLevel::Off { 0 } else { 1 };
        if !(fewest..=1).contains(&destinations.len()) {
            return Err(ApiError::invalid_logging(
                "Must specify exactly one Log Destination.",
            ));
        }
        Ok(Logging {
            level,
            include_execution_data: self.include_execution_data.unwrap_or(false),
            log_group_arns: destinations
                .into_iter()
                .map(LogDestination::log_group_arn)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl LogDestination {
    fn log_group_arn(self) -> Result<String, ApiError> {
        let group = self.cloud_watch_logs_log_group;
        let arn = group
            .and_then(|group| group.log_group_arn)
            .unwrap_or_default();
        let parts: Vec<&str> = arn.split(':').collect();
        match parts.as_slice() {
            ["arn", _, "logs", _, _, "log-group", name, "*"] if !name.is_empty() => Ok(arn),
            ["arn", _, "logs", _, _, "log-group", ..] => Err(ApiError::invalid_logging(
                "Log Group ARN must be provided with '*' qualifier.",
            )),
            _ => Err(log_destination_not_found()),
        }
    }
}

fn log_destination_not_found() -> ApiError {
    ApiError::invalid_logging("Log Destination not found.")
}

impl EncryptionConfiguration {
    pub(super) fn read(self) -> Result<Encryption, ApiError> {
        match (self.r#type, self.kms_key_id) {
            (EncryptionType::CustomerManagedKmsKey, Some(kms_key_id)) => {
                let period = self.kms_data_key_reuse_period_seconds;
                Ok(Encryption::CustomerManagedKmsKey {
                    kms_key_id,
                    kms_data_key_reuse_period_seconds: period.unwrap_or(KEY_REUSE_SECONDS_DEFAULT),
                })
            }
            (EncryptionType::CustomerManagedKmsKey, None) => Err(ApiError::invalid_encryption(
                "kmsKeyId must be specified when type is CUSTOMER_MANAGED_KMS_KEY",
            )),
            (EncryptionType::AwsOwnedKey, None)
                if self.kms_data_key_reuse_period_seconds.is_none() =>
            {
                Ok(Encryption::AwsOwnedKey)
            }
            (EncryptionType::AwsOwnedKey, _) => Err(ApiError::invalid_encryption(
                "kmsKeyId and kmsDataKeyReusePeriodSeconds can only be specified when type is \
                 CUSTOMER_MANAGED_KMS_KEY",
            )),
        }
    }
}

pub(super) fn show_logging(logging: &Logging) -> Value {
    let destination = |arn: &String| json!({ "cloudWatchLogsLogGroup": { "logGroupArn": arn } });
    let destinations: Vec<Value> = logging.log_group_arns.iter().map(destination).collect();
    json!({
        "level": logging.level.name(),
        "includeExecutionData": logging.include_execution_data,
        "destinations": (!destinations.is_empty()).then_some(destinations),
    })
}

pub(super) fn show_tracing(is_enabled: bool) -> Value {
    json!({ "enabled": is_enabled })
}

pub(super) fn show_encryption(encryption: &Encryption) -> Value {
    match encryption {
        Encryption::AwsOwnedKey => json!({ "type": "AWS_OWNED_KEY" }),
        Encryption::CustomerManagedKmsKey {
            kms_key_id,
            kms_data_key_reuse_period_seconds,
        } => json!({
            "type": "CUSTOMER_MANAGED_KMS_KEY",
            "kmsKeyId": kms_key_id,
            "kmsDataKeyReusePeriodSeconds": kms_data_key_reuse_period_seconds,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logging(configuration: Value) -> Result<Logging, String> {
        let configuration: LoggingConfiguration = serde_json::from_value(configuration).unwrap();
        configuration.read().map_err(|error| error.to_string())
    }

    fn to(arn: &str) -> Value {
        json!({ "cloudWatchLogsLogGroup": { "logGroupArn": arn } })
    }

    const GROUP: &str = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/states/m:*";

    #[test]
    fn nothing_said_means_nothing_logged() {
        assert_eq!(logging(json!({})), Ok(Logging::default()));
        let shown = show_logging(&Logging::default());
        assert_eq!(
            shown,
            json!({ "level": "OFF", "includeExecutionData": false, "destinations": null })
        );
    }

    #[test]
    fn what_is_logged_goes_to_one_place() {
        for destinations in [json!([]), json!([to(GROUP), to(GROUP)]), json!(null)] {
            let refused = logging(json!({ "level": "ALL", "destinations": destinations }));
            assert_eq!(
                refused.unwrap_err(),
                "InvalidLoggingConfiguration: Invalid Logging Configuration: Must specify exactly one Log Destination."
            );
        }
        let one =
            json!({ "level": "OFF", "includeExecutionData": true, "destinations": [to(GROUP)] });
        assert_eq!(show_logging(&logging(one.clone()).unwrap()), one);
    }

    #[test]
    fn a_log_destination_is_a_log_group_with_a_star() {
        let without_star = GROUP.strip_suffix(":*").unwrap();
        let not_found = "Log Destination not found.";
        for (destination, message) in [
            (
                to(without_star),
                "Log Group ARN must be provided with '*' qualifier.",
            ),
            (to("x"), not_found),
            (json!({ "cloudWatchLogsLogGroup": {} }), not_found),
            (json!({}), not_found),
        ] {
            let refused = logging(json!({ "level": "ALL", "destinations": [destination] }));
            let message =
                format!("InvalidLoggingConfiguration: Invalid Logging Configuration: {message}");
            assert_eq!(refused.unwrap_err(), message);
        }
    }

    #[test]
    fn a_key_of_the_account_is_named_and_that_of_aws_is_not() {
        let read = |configuration: &Value| {
            let configuration: EncryptionConfiguration =
                serde_json::from_value(configuration.clone()).unwrap();
            configuration.read()
        };
        let owned = json!({ "type": "AWS_OWNED_KEY" });
        assert_eq!(show_encryption(&read(&owned).unwrap()), owned);
        let managed = json!({ "type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/a" });
        let shown = show_encryption(&read(&managed).unwrap());
        assert_eq!(shown["kmsDataKeyReusePeriodSeconds"], 300);
        for refused in [
            json!({ "type": "CUSTOMER_MANAGED_KMS_KEY" }),
            json!({ "type": "AWS_OWNED_KEY", "kmsKeyId": "alias/a" }),
            json!({ "type": "AWS_OWNED_KEY", "kmsDataKeyReusePeriodSeconds": 60 }),
        ] {
            let error = read(&refused).unwrap_err().to_string();
            assert!(
                error.starts_with("InvalidEncryptionConfiguration: "),
                "{error}"
            );
        }
    }
}
