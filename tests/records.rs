//! Every record that was ever written can be read. The files in `tests/checkpoints/records` are added
//! to, never edited.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::fs;

use segno_asl::definition::MachineType;
use segno_engine::catalog::{
    ActivityRecord, Alias, ContentHash, Encryption, Entry, LogLevel, Logging, Machine, Revision,
    Route, StateMachineRecord, StateMachineStatus, Unreadable, Version,
};
use segno_interpreter::event::Timestamp;
use segno_tests::repository;
use serde_json::{Value, json};

fn revision() -> Revision {
    Revision {
        id: Some("5a7b3c1e-0000-4000-8000-000000000001".into()),
        definition: ContentHash::of(b"{}"),
        role_arn: "arn:aws:iam::123456789012:role/any".into(),
        logging: Logging {
            level: LogLevel::Error,
            include_execution_data: true,
            log_group_arns: vec!["arn:aws:logs:us-east-1:123456789012:log-group:any:*".into()],
        },
        tracing: true,
        encryption: Encryption::CustomerManagedKmsKey {
            kms_key_id: "alias/any".into(),
            kms_data_key_reuse_period_seconds: 300,
        },
    }
}

/// A state machine that has everything.
fn state_machine() -> StateMachineRecord {
    let version = |number| Version {
        number,
        revision: ContentHash::of(&revision().encode()),
        description: (number == 3).then(|| "the third".into()),
        created_at: Timestamp(2_000),
    };
    let route = |version, weight| Route { version, weight };
    let alias = Alias {
        description: Some("what is live".into()),
        routes: vec![route(1, 90), route(3, 10)],
        created_at: Timestamp(3_000),
        updated_at: Timestamp(4_000),
    };
    StateMachineRecord {
        name: "machine".into(),
        machine_type: MachineType::Express,
        created_at: Timestamp(1_000),
        updated_at: Some(Timestamp(1_500)),
        status: StateMachineStatus::Deleting,
        revision: revision(),
        last_version: 4,
        versions: vec![version(1), version(3)],
        aliases: [("live".into(), alias)].into(),
        tags: [
            ("team".into(), "orders".into()),
            ("empty".into(), String::new()),
        ]
        .into(),
    }
}

fn activity() -> ActivityRecord {
    ActivityRecord {
        name: "activity".into(),
        created_at: Timestamp(1_000),
        encryption: Encryption::AwsOwnedKey,
        tags: [("team".into(), "orders".into())].into(),
    }
}

fn golden(file: &str) -> Vec<u8> {
    fs::read(repository("tests/checkpoints/records").join(file)).unwrap_or_default()
}

/// The newest file is what this release writes, and every older one still reads.
fn check<T: Entry + PartialEq + std::fmt::Debug>(kind: &str, written: &T) {
    let body: Value = serde_json::from_slice(&written.encode()).unwrap();
    let newest = format!("{kind}-v{}.json", T::VERSION);
    let stored: Option<Value> = serde_json::from_slice(&golden(&newest)).ok();
    assert_eq!(
        stored.as_ref(),
        Some(&body),
        "{newest}: this release writes\n{body:#}"
    );
    for version in 1..=T::VERSION {
        let file = format!("{kind}-v{version}.json");
        let read = T::decode(&golden(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(&read, written, "{file}");
    }
}

#[test]
fn records_read_back_in_every_version_ever_written() {
    check("state-machine", &state_machine());
    check("activity", &activity());
}

/// A revision is stored under the hash of its own text: it must not be written differently, ever.
#[test]
fn a_revision_is_written_as_it_always_was() {
    let written = String::from_utf8(revision().encode()).unwrap();
    let stored = String::from_utf8(golden("revision.json")).unwrap();
    assert_eq!(stored.trim_end(), written);
    assert_eq!(
        serde_json::from_str::<Revision>(&stored).unwrap(),
        revision()
    );
}

#[test]
fn an_execution_keeps_its_machine_without_the_text() {
    let mut machine = Machine::new("arn", "machine", "{}", "role", Timestamp(1));
    machine.alias_arn = Some("arn:live".into());
    machine.version_arn = Some("arn:3".into());
    let written = serde_json::to_value(&machine).unwrap();
    let stored: Option<Value> = serde_json::from_slice(&golden("machine.json")).ok();
    assert_eq!(
        stored.as_ref(),
        Some(&written),
        "this release writes\n{written:#}"
    );
    let read: Machine = serde_json::from_value(written).unwrap();
    assert_eq!(
        read,
        Machine {
            definition: "".into(),
            ..machine
        }
    );
}

#[test]
fn a_newer_version_is_refused_by_its_number() {
    let newer = json!({ "version": 2, "anything": "else" }).to_string();
    let refused = ActivityRecord::decode(newer.as_bytes()).unwrap_err();
    assert!(
        matches!(refused, Unreadable::Version { found: 2, known: 1 }),
        "{refused}"
    );
}
