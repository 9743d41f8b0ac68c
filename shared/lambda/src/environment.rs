//! What the template tells the functions.

#![allow(
    clippy::disallowed_methods,
    reason = "functions are configured by their environment"
)]

use std::{collections::BTreeMap, env, str::FromStr, time::Duration};

use anyhow::{Context, anyhow};
use segno_asl::choice::Pattern;
use segno_aws::{DELAY_MAX, Places, Queues};
use segno_integrations::Reach;
use segno_interpreter::bounds::Bounds;

use crate::console::Opening;

/// The configuration of a stack, as `template.yaml` writes it.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Where everything is.
    pub places: Places,
    /// Region of the stack.
    pub region: String,
    /// Account of the stack.
    pub account_id: String,
    /// How large executions may become.
    pub bounds: Bounds,
    /// How long closed executions are kept.
    pub retention: Duration,
    /// The longest delay that is left to SQS.
    pub delay_max: Duration,
    /// Roles that state machines may have: a pattern of ARNs.
    pub roles: Option<Pattern>,
    /// Name of the stack.
    pub stack: String,
    /// Name of the bus of EventBridge that is told of status changes, if one is.
    pub event_bus: Option<String>,
    /// How far answers to CloudFormation may go: no further than to AWS itself.
    pub answers_reach: Reach,
    /// State machines that are started by what has this ARN.
    pub triggers: BTreeMap<String, String>,
    /// The secret with the keys that requests may be signed with.
    pub keys_secret: Option<String>,
    /// What the console lets people do.
    pub console: Opening,
}

const DAY: Duration = Duration::from_secs(86_400);

impl Environment {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// Which variable is missing, or what is wrong with it.
    pub fn read() -> anyhow::Result<Self> {
        let delay_max = number("SEGNO_DELAY_MAX_SECONDS")?.map(Duration::from_secs);
        Ok(Self {
            places: Places {
                table: required("SEGNO_TABLE")?,
                bucket: required("SEGNO_BUCKET")?,
                queues: Queues {
                    main: required("SEGNO_QUEUE_URL")?,
                    second: required("SEGNO_SECOND_QUEUE_URL")?,
                    dead_letters: required("SEGNO_DEAD_LETTERS_URL")?,
                },
            },
            region: required("AWS_REGION")?,
            account_id: required("SEGNO_ACCOUNT_ID")?,
            bounds: match optional("SEGNO_MODE").as_deref() {
                None | Some("strict") => Bounds::STRICT,
                Some("open") => Bounds::OPEN,
                Some(other) => {
                    return Err(anyhow!("SEGNO_MODE={other}: it must be strict or open"));
                }
            },
            retention: DAY * number("SEGNO_RETENTION_DAYS")?.unwrap_or(90),
            delay_max: delay_max.unwrap_or(DELAY_MAX).min(DELAY_MAX),
            roles: match optional("SEGNO_ROLE_PATTERN") {
                Some(pattern) => Some(Pattern::compile(&pattern)?),
                None => None,
            },
            stack: required("SEGNO_STACK")?,
            answers_reach: match optional("AWS_ENDPOINT_URL") {
                None => Reach::Public,
                // Its place is taken by something on this machine, which is all that is reached without TLS.
                Some(_) => Reach::Loopback,
            },
            event_bus: optional("SEGNO_EVENT_BUS"),
            triggers: match optional("SEGNO_TRIGGERS") {
                Some(text) => serde_json::from_str(&text)
                    .context("SEGNO_TRIGGERS must be an object of ARNs and state machines")?,
                None => BTreeMap::new(),
            },
            keys_secret: optional("SEGNO_KEYS_SECRET"),
            console: match optional("SEGNO_CONSOLE").as_deref() {
                None | Some("off") => Opening::Closed,
                Some("read-only") => Opening::ReadOnly,
                Some("on") => Opening::Open,
                Some(other) => {
                    return Err(anyhow!(
                        "SEGNO_CONSOLE={other}: it must be off, read-only or on"
                    ));
                }
            },
        })
    }
}

fn required(name: &str) -> anyhow::Result<String> {
    optional(name).ok_or_else(|| anyhow!("{name} is not set: the template sets it"))
}

/// What is empty is not set: a template cannot leave a variable out.
fn optional(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn number<T: FromStr>(name: &str) -> anyhow::Result<Option<T>> {
    let Some(text) = optional(name) else {
        return Ok(None);
    };
    let number = text.parse();
    number
        .map(Some)
        .map_err(|_| anyhow!("{name}={text}: it must be a number"))
}
