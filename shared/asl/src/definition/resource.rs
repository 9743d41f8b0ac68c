//! What a Task state calls.

mod optimized;

use std::fmt;

/// A parsed `Resource`.
///
/// AWS: [Task state](https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// The ARN of a Lambda function: the state's input is its event, its response is the result.
    LambdaFunction {
        /// The whole ARN, qualifier included.
        arn: String,
    },
    /// The ARN of an activity.
    Activity {
        /// The whole ARN.
        arn: String,
    },
    /// `arn:aws:states:::service:action[.pattern]`: an optimized integration, or any AWS action as
    /// `aws-sdk:service`.
    Service {
        /// `lambda`, `sqs`, `aws-sdk:s3`, …
        service: String,
        /// `invoke`, `sendMessage`, `getObject`, …
        action: String,
        /// What the state waits for.
        pattern: Pattern,
    },
}

/// What a service task waits for.
///
/// AWS: [Service integration patterns](https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// The response.
    RequestResponse,
    /// `.sync`: the end of the job.
    Sync,
    /// `.sync:2`: the end of the job, with its output parsed.
    Sync2,
    /// `.waitForTaskToken`: an answer to the token.
    WaitForTaskToken,
}

impl Pattern {
    /// As the ARN ends: `""`, `".sync"`, …
    pub fn suffix(self) -> &'static str {
        match self {
            Self::RequestResponse => "",
            Self::Sync => ".sync",
            Self::Sync2 => ".sync:2",
            Self::WaitForTaskToken => ".waitForTaskToken",
        }
    }
}

impl Resource {
    /// Parses the text of a `Resource` field; `None` if it is nothing that Step Functions calls.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let &["arn", partition, service, region, account, rest] = parts.as_slice() else {
            return None;
        };
        if !partition.starts_with("aws") {
            return None;
        }
        match (service, region, account) {
            ("lambda", _, _) if rest.strip_prefix("function:").is_some_and(is_function) => {
                Some(Self::LambdaFunction { arn: text.into() })
            }
            ("states", "", "") => Self::parse_service(rest),
            ("states", _, _)
                if rest
                    .strip_prefix("activity:")
                    .is_some_and(|n| !n.is_empty()) =>
            {
                Some(Self::Activity { arn: text.into() })
            }
            // Region and account say nothing, but are found in definitions.
            ("states", _, _) => Self::parse_service(rest),
            _ => None,
        }
    }

    fn parse_service(rest: &str) -> Option<Self> {
        let (rest, pattern) = [Pattern::WaitForTaskToken, Pattern::Sync2, Pattern::Sync]
            .into_iter()
            .find_map(|pattern| Some((rest.strip_suffix(pattern.suffix())?, pattern)))
            .unwrap_or((rest, Pattern::RequestResponse));
        let (service, action) = rest.rsplit_once(':')?;
        let is_known = match service.strip_prefix("aws-sdk:") {
            Some(service) => is_sdk_action(service, action, pattern),
            None => optimized::has(service, action, pattern),
        };
        is_known.then(|| Self::Service {
            service: service.into(),
            action: action.into(),
            pattern,
        })
    }

    /// The parameters that the call cannot do without, as far as AWS looks at definitions.
    pub(super) fn required_parameters(&self) -> &'static [&'static str] {
        match self {
            Self::Service {
                service, action, ..
            } => optimized::required(service, action),
            Self::LambdaFunction { .. } | Self::Activity { .. } => &[],
        }
    }

    /// The ARNs of all optimized integrations.
    pub fn optimized() -> impl Iterator<Item = String> {
        optimized::all().map(|action| format!("arn:aws:states:::{action}"))
    }
}

/// Any action of any service: only its spelling is looked at.
fn is_sdk_action(service: &str, action: &str, pattern: Pattern) -> bool {
    let is_service = |text: &str| {
        let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        !text.is_empty() && text.bytes().all(is_word)
    };
    let is_action = action.starts_with(|c: char| c.is_ascii_lowercase())
        && action.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_job = matches!(pattern, Pattern::Sync | Pattern::Sync2);
    is_service(service) && is_action && !is_job
}

/// A function's name, and which version of it or alias.
fn is_function(name: &str) -> bool {
    let (name, qualifier) = name.split_once(':').unwrap_or((name, "$LATEST"));
    let is_word = |text: &str| {
        let is_word = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        !text.is_empty() && text.chars().all(is_word)
    };
    is_word(name) && (qualifier == "$LATEST" || is_word(qualifier))
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LambdaFunction { arn } | Self::Activity { arn } => f.write_str(arn),
            Self::Service {
                service,
                action,
                pattern,
            } => {
                write!(f, "arn:aws:states:::{service}:{action}{}", pattern.suffix())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_resource_reads_back_as_written() {
        for text in [
            "arn:aws:lambda:us-east-1:123456789012:function:charge:live",
            "arn:aws:states:us-east-1:123456789012:activity:approve",
            "arn:aws:states:::lambda:invoke",
            "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "arn:aws:states:::states:startExecution.sync:2",
            "arn:aws:states:::aws-sdk:s3:getObject",
        ] {
            assert_eq!(Resource::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_no_resource() {
        for text in [
            "",
            "charge",
            "arn:aws:s3:::bucket",
            "arn:aws:lambda:r:a:function:",
            "arn:aws:lambda:r:a:function:charge:",
            "arn:aws:lambda:r:a:function:charge:$5",
            "arn:aws:states:::",
            "arn:aws:states:::dynamodb:query",
            "arn:aws:states:::lambda:invoke.sync",
            "arn:aws:states:::glue:startJobRun.waitForTaskToken",
            "arn:aws:states:::ecs:runTask.sync:2",
            "arn:aws:states:::aws-sdk:s3:GetObject",
            "arn:aws:states:::aws-sdk:glue:startJobRun.sync",
        ] {
            assert_eq!(Resource::parse(text), None, "{text}");
        }
    }
}
