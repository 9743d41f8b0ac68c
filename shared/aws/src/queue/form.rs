//! The persisted form of messages.

use segno_asl::errors::StateError;
use segno_engine::queue::{Body, Message};
use segno_interpreter::{
    checkpoint::AttemptId,
    event::Outcome,
    key::{ExecutionKey, Nonce},
    payload::Payload,
};
use serde::{Deserialize, Serialize};

use crate::{
    AwsBackend,
    failure::{Failure, Unreadable},
    heads::Fixed,
    item::Key,
    log,
};

/// The version of messages that this release writes.
const VERSION: u64 = 1;

/// Bytes of a payload beyond which a message has the name of an object instead. SQS counts what is sent
/// in requests of 64 KB.
const PAYLOAD_BYTES_MAX: usize = 16 * 1024;

/// A message as it is sent.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Form {
    version: u64,
    arn: String,
    nonce: Nonce,
    body: StoredBody,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) recheck: bool,
    /// The row of the table that the message was made of: it is deleted with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) row: Option<Row>,
    /// How often it was sent back from the dead letters.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) drains: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Names a row of what waits long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) shard: u8,
    pub(super) sort: String,
}

impl Row {
    pub(super) fn key(&self) -> Key {
        Key::new(format!("k{}", self.shard), self.sort.clone())
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum StoredBody {
    Start {
        head: Box<Fixed>,
        input: Text,
    },
    Wake {
        number: u64,
    },
    Due {
        attempt: AttemptId,
    },
    Ended {
        attempt: AttemptId,
        outcome: Result<Text, StateError>,
    },
    Answered,
    ChildEnded {
        attempt: AttemptId,
        child: ExecutionKey,
    },
    Stop {
        error: StateError,
    },
    Redrive {
        number: u32,
    },
    Look,
}

/// A payload, or the name of the object that has it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Text {
    Text(String),
    Object(String),
}

impl Form {
    /// As it is sent: JSON without the characters that SQS refuses.
    pub(super) fn encode(&self) -> Result<String, serde_json::Error> {
        let text = serde_json::to_string(self)?;
        // They can only be within strings.
        Ok(text
            .replace('\u{FFFE}', "\\ufffe")
            .replace('\u{FFFF}', "\\uffff"))
    }

    /// Reads what was sent.
    pub(super) fn decode(text: &str) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        match serde_json::from_str::<Versioned>(text)?.version {
            1..=VERSION => Ok(serde_json::from_str(text)?),
            found => Err(Unreadable::Version {
                found,
                known: VERSION,
            }),
        }
    }

    /// The execution that it is about.
    pub(super) fn execution(&self) -> ExecutionKey {
        ExecutionKey {
            arn: self.arn.clone(),
            nonce: self.nonce,
        }
    }
}

impl AwsBackend {
    /// The form of a message. Its large payloads are in the bucket when this returns.
    pub(super) async fn form_of(&self, message: &Message) -> Result<Form, Failure> {
        let execution = &message.execution;
        let body = match &message.body {
            Body::Start(start) => StoredBody::Start {
                head: Box::new(Fixed::of(&start.0)),
                input: self.text_form(execution, &start.1).await?,
            },
            Body::Wake { number } => StoredBody::Wake { number: *number },
            Body::Due { attempt } => StoredBody::Due { attempt: *attempt },
            Body::Ended { attempt, outcome } => StoredBody::Ended {
                attempt: *attempt,
                outcome: match outcome {
                    Ok(output) => Ok(self.text_form(execution, output).await?),
                    Err(error) => Err(error.clone()),
                },
            },
            Body::Answered => StoredBody::Answered,
            Body::ChildEnded { attempt, child } => StoredBody::ChildEnded {
                attempt: *attempt,
                child: child.clone(),
            },
            Body::Stop { error } => StoredBody::Stop {
                error: error.clone(),
            },
            Body::Redrive { number } => StoredBody::Redrive { number: *number },
            Body::Look => StoredBody::Look,
        };
        Ok(Form {
            version: VERSION,
            arn: execution.arn.clone(),
            nonce: execution.nonce,
            body,
            recheck: message.is_recheck,
            row: None,
            drains: 0,
        })
    }

    /// The message of a form.
    pub(super) async fn message_of(&self, form: Form) -> Result<Message, Failure> {
        let execution = form.execution();
        let body = match form.body {
            StoredBody::Start { head, input } => {
                let head = head.into_head(execution.clone());
                Body::Start(Box::new((head, self.payload_of(input).await?)))
            }
            StoredBody::Wake { number } => Body::Wake { number },
            StoredBody::Due { attempt } => Body::Due { attempt },
            StoredBody::Ended { attempt, outcome } => Body::Ended {
                attempt,
                outcome: self.outcome_of(outcome).await?,
            },
            StoredBody::Answered => Body::Answered,
            StoredBody::ChildEnded { attempt, child } => Body::ChildEnded { attempt, child },
            StoredBody::Stop { error } => Body::Stop { error },
            StoredBody::Redrive { number } => Body::Redrive { number },
            StoredBody::Look => Body::Look,
        };
        Ok(Message {
            execution,
            body,
            is_recheck: form.recheck,
        })
    }

    async fn outcome_of(&self, outcome: Result<Text, StateError>) -> Result<Outcome, Failure> {
        Ok(match outcome {
            Ok(output) => Ok(self.payload_of(output).await?),
            Err(error) => Err(error),
        })
    }

    async fn text_form(
        &self,
        execution: &ExecutionKey,
        payload: &Payload,
    ) -> Result<Text, Failure> {
        let text = payload.text();
        if text.len() <= PAYLOAD_BYTES_MAX {
            return Ok(Text::Text(text.to_owned()));
        }
        let name = log::object_name(execution, text.as_bytes());
        self.inner.objects.put(&name, text.as_bytes()).await?;
        Ok(Text::Object(name))
    }

    async fn payload_of(&self, text: Text) -> Result<Payload, Failure> {
        match text {
            Text::Text(text) => Ok(Payload::stored(text)),
            Text::Object(name) => self.object(&name).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(cause: &str) -> Form {
        Form {
            version: VERSION,
            arn: "arn:aws:states:us-east-1:123456789012:execution:m:one".into(),
            nonce: Nonce([1; 16]),
            body: StoredBody::Stop {
                error: StateError::new("E", cause),
            },
            recheck: true,
            row: None,
            drains: 0,
        }
    }

    #[test]
    fn characters_that_sqs_refuses_are_escaped() {
        let cause = "\u{0}\u{1f}\u{FFFE}\u{FFFF}ü\u{10FFFF}";
        let text = form(cause).encode().unwrap();
        let is_taken = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
        assert!(text.chars().all(is_taken), "{text}");
        let StoredBody::Stop { error } = Form::decode(&text).unwrap().body else {
            panic!("{text}");
        };
        assert_eq!(error.cause.as_deref(), Some(cause));
    }

    /// The files of a version are never edited.
    #[test]
    fn what_version_1_sent_is_read() {
        let read = Form::decode(include_str!("../../golden/v1/message.json")).unwrap();
        assert_eq!(read.execution(), form("").execution());
        let row = Row {
            shard: 3,
            sort: "0123abc".into(),
        };
        assert_eq!((read.recheck, read.row, read.drains), (true, Some(row), 2));
        let StoredBody::Stop { error } = read.body else {
            panic!("{:?}", read.body);
        };
        assert_eq!(error, StateError::new("E", "because"));
    }

    #[test]
    fn a_message_of_a_newer_release_is_not_read() {
        let newer = form("")
            .encode()
            .unwrap()
            .replace(r#""version":1"#, r#""version":2"#);
        assert!(matches!(
            Form::decode(&newer),
            Err(Unreadable::Version { found: 2, known: 1 })
        ));
    }
}
