//! Every persisted form that was ever written can be read. The files are added to, never edited.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::fs;

use segno_interpreter::checkpoint::{Checkpoint, Unreadable, VERSION};
use segno_tests::repository;
use serde_json::{Value, json};

fn read(path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(repository(path)).unwrap()).unwrap()
}

#[test]
fn every_version_ever_written_can_be_read() {
    for version in 1..=VERSION {
        let folder = format!("tests/checkpoints/v{version}");
        let files: Vec<_> = fs::read_dir(repository(&folder)).unwrap().collect();
        assert!(!files.is_empty(), "{folder} is empty");
        for file in files {
            let path = file.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            let checkpoint = Checkpoint::decode(&bytes)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(
                !checkpoint.frames.is_empty(),
                "{} shows nothing",
                path.display()
            );
        }
    }
}

#[test]
fn the_newest_version_is_written_as_its_files_have_it() {
    let golden = read(&format!("tests/checkpoints/v{VERSION}/everything.json"));
    let checkpoint = Checkpoint::decode(golden.to_string().as_bytes()).unwrap();
    let written: Value = serde_json::from_slice(&checkpoint.encode()).unwrap();
    assert_eq!(written, golden);
}

#[test]
fn a_newer_version_is_refused_by_its_number() {
    let newer = json!({ "version": VERSION + 1, "anything": "else" }).to_string();
    let refused = Checkpoint::decode(newer.as_bytes()).unwrap_err();
    assert!(matches!(refused, Unreadable::Version { found } if found == VERSION + 1));
}
