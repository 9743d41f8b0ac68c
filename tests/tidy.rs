//! What the tree promises: which crate may know which, and that the documents say what is there.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::{collections::BTreeMap, fs, process::Command};

use segno_tests::repository;

/// Each crate, and what it may depend on of this workspace.
const MAY_DEPEND_ON: [(&str, &[&str]); 16] = [
    ("shared/asl", &[]),
    ("shared/interpreter", &["segno-asl"]),
    ("shared/engine", &["segno-asl", "segno-interpreter"]),
    ("shared/integrations", &["segno-asl"]),
    ("shared/keys", &["segno-asl"]),
    (
        "shared/api",
        &["segno-asl", "segno-interpreter", "segno-engine"],
    ),
    (
        "shared/local",
        &["segno-asl", "segno-interpreter", "segno-engine"],
    ),
    (
        "shared/aws",
        &[
            "segno-asl",
            "segno-interpreter",
            "segno-engine",
            "segno-integrations",
        ],
    ),
    (
        "shared/lambda",
        &[
            "segno-asl",
            "segno-interpreter",
            "segno-engine",
            "segno-integrations",
            "segno-api",
            "segno-aws",
            "segno-keys",
            "segno-console",
        ],
    ),
    ("functions/api", &["segno-lambda"]),
    ("functions/callback", &["segno-lambda"]),
    ("functions/start", &["segno-lambda"]),
    ("functions/step", &["segno-lambda"]),
    ("shared/console", &["segno-asl", "segno-api"]),
    ("tests/fault-vfs", &[]),
    (
        "cli",
        &[
            "segno-asl",
            "segno-interpreter",
            "segno-engine",
            "segno-integrations",
            "segno-api",
            "segno-aws",
            "segno-console",
            "segno-keys",
            "segno-local",
        ],
    ),
];

fn manifest(folder: &str) -> toml::Table {
    let text = fs::read_to_string(repository(folder).join("Cargo.toml")).unwrap();
    text.parse().unwrap()
}

#[test]
fn crates_depend_in_one_direction() {
    for (folder, allowed) in MAY_DEPEND_ON {
        let manifest = manifest(folder);
        let dependencies = manifest["dependencies"].as_table().unwrap();
        for name in dependencies
            .keys()
            .filter(|name| name.starts_with("segno-"))
        {
            assert!(
                allowed.contains(&name.as_str()),
                "{folder} must not depend on {name}"
            );
        }
    }
}

#[test]
fn every_member_of_the_workspace_is_known_here() {
    let members = manifest(".")["workspace"]["members"]
        .as_array()
        .unwrap()
        .clone();
    let mut known: Vec<&str> = MAY_DEPEND_ON
        .iter()
        .map(|(folder, _)| *folder)
        .chain(["tests"])
        .collect();
    let mut members: Vec<&str> = members
        .iter()
        .map(|member| member.as_str().unwrap())
        .collect();
    known.sort_unstable();
    members.sort_unstable();
    assert_eq!(members, known);
}

#[test]
fn the_language_and_the_interpreter_know_no_runtime_and_no_randomness() {
    for package in ["segno-asl", "segno-interpreter"] {
        let tree = Command::new(env!("CARGO"))
            .args([
                "tree",
                "--offline",
                "--edges",
                "normal",
                "--prefix",
                "none",
                "--package",
                package,
            ])
            .current_dir(repository("."))
            .output()
            .unwrap();
        let tree = String::from_utf8(tree.stdout).unwrap();
        assert!(
            tree.contains(package),
            "cargo tree says nothing of {package}"
        );
        for impure in ["tokio", "getrandom", "reqwest", "aws-"] {
            let found = tree.lines().find(|line| line.starts_with(impure));
            assert_eq!(found, None, "{package} must stay pure");
        }
    }
}

#[test]
fn every_example_is_described_and_every_one_described_is_there() {
    let readme = fs::read_to_string(repository("README.md")).unwrap();
    let examples = fs::read_dir(repository("docs/examples")).unwrap();
    let names = examples.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    for name in names.filter(|name| name.ends_with(".asl.json")) {
        assert!(readme.contains(&name), "README.md does not mention {name}");
    }
    for word in readme.split(|c: char| !(c.is_alphanumeric() || "./_-".contains(c))) {
        if word.starts_with("docs/") || word.starts_with(".ci/") {
            let path = repository(word.trim_end_matches('.'));
            assert!(path.exists(), "README.md names {word}, which is not there");
        }
    }
}

#[test]
fn no_file_has_two_subjects() {
    const LINES_MAX: usize = 800;
    let mut long = BTreeMap::new();
    let mut folders = vec![repository("shared"), repository("cli"), repository("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let lines = fs::read_to_string(&path).unwrap().lines().count();
                if lines > LINES_MAX {
                    long.insert(path, lines);
                }
            }
        }
    }
    assert!(long.is_empty(), "more than {LINES_MAX} lines: {long:?}");
}
