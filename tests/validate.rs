//! `segno validate`, as a person or a pipeline runs it; and YAML and tokens where definitions run.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod binary;

use std::path::PathBuf;

use serde_json::{Value, json};

use self::binary::segno;

/// A folder with one file, gone when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn with(name: &str, text: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("segno-validate-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), text).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left in the temporary folder does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const MISSPELT: &str = r#"{
  "StartAt": "Charge",
  "States": {
    "Charge": { "Type": "Pass", "Next": "Shp" },
    "Ship": { "Type": "Succeed" }
  }
}
"#;

const WITH_TOKENS: &str = "\
StartAt: Pause
States:
  Pause:
    Type: Wait
    Seconds: ${Seconds}
    Next: Greet
  Greet:
    Type: Pass
    Result: Hello, ${Name}!
    End: true
";

fn findings(definition: &str) -> Vec<Value> {
    let ran = segno(&["validate", "--format", "json", "-"], definition);
    assert!(matches!(ran.status, Some(0 | 1)), "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn the_examples_are_valid() {
    let ran = segno(&["validate", "docs/examples/*.asl.json"], "");
    assert_eq!(ran.status, Some(0), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("definitions: 0 errors, 0 warnings"),
        "{}",
        ran.stdout
    );
}

#[test]
fn an_error_is_shown_with_its_line_and_what_was_meant() {
    let ran = segno(&["validate", "-"], MISSPELT);
    assert_eq!(ran.status, Some(1));
    let frame = "\
error[MISSING_TRANSITION_TARGET]: Missing 'Next' target: Shp
 --> <stdin>:4:41
  |
4 |     \"Charge\": { \"Type\": \"Pass\", \"Next\": \"Shp\" },
  |                                         ^^^^^
  |
  = help: did you mean `Ship`?
";
    assert!(ran.stdout.starts_with(frame), "{}", ran.stdout);
    assert!(
        ran.stdout
            .ends_with("\n1 definition: 2 errors, 0 warnings\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn findings_are_listed_for_programs() {
    assert_eq!(
        findings(MISSPELT)[0],
        json!({
            "file": "<stdin>", "severity": "error", "code": "MISSING_TRANSITION_TARGET",
            "message": "Missing 'Next' target: Shp", "location": "/States/Charge/Next",
            "line": 4, "column": 41, "endLine": 4, "endColumn": 46,
            "help": "did you mean `Ship`?",
        })
    );
}

#[test]
fn findings_are_listed_for_code_scanning() {
    let folder = Folder::with("an order.asl.json", MISSPELT);
    let ran = segno(
        &[
            "validate",
            "--format",
            "sarif",
            &folder.path("an order.asl.json"),
        ],
        "",
    );
    assert_eq!(ran.status, Some(1));
    let sarif: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    assert_eq!(
        run["tool"]["driver"]["rules"],
        json!([{ "id": "MISSING_TRANSITION_TARGET" }])
    );
    let result = &run["results"][0];
    assert_eq!(result["level"], "error");
    assert_eq!(
        result["message"]["text"],
        "Missing 'Next' target: Shp; did you mean `Ship`?"
    );
    let place = &result["locations"][0]["physicalLocation"];
    let uri = place["artifactLocation"]["uri"].as_str().unwrap();
    assert!(uri.ends_with("an%20order.asl.json"), "{uri}");
    assert_eq!(
        place["region"],
        json!({ "startLine": 4, "startColumn": 41, "endLine": 4, "endColumn": 46 })
    );
}

#[test]
fn what_is_no_json_is_shown_where_it_stops_being_json() {
    for (text, place) in [
        ("{\"a\": nope}", (1, 10)),
        ("{\n \"a\" 1}", (2, 6)),
        ("{\"a\": [1,", (1, 9)),
        ("", (1, 1)),
    ] {
        let found = findings(text);
        assert_eq!(found[0]["code"], "INVALID_JSON_DESCRIPTION", "{text}");
        assert_eq!(
            (&found[0]["line"], &found[0]["column"]),
            (&json!(place.0), &json!(place.1)),
            "{text}"
        );
        assert_eq!(segno(&["validate", "-"], text).status, Some(1));
    }
}

#[test]
fn a_warning_is_no_error() {
    let definition = r#"{ "StartAt": "A", "States": { "A": { "Type": "Pass", "Type": "Pass",
        "Parameters": { "id": "$.id" }, "End": true } } }"#;
    let ran = segno(&["validate", "-"], definition);
    assert_eq!(ran.status, Some(0), "{}", ran.stdout);
    assert!(
        ran.stdout.ends_with("1 definition: 0 errors, 2 warnings\n"),
        "{}",
        ran.stdout
    );
    let found = findings(definition);
    assert_eq!(found[0]["code"], "DUPLICATE_KEY");
    assert_eq!(
        (&found[0]["line"], &found[0]["column"]),
        (&json!(1), &json!(54))
    );
    assert_eq!(found[1]["code"], "NO_DOLLAR");
    assert_eq!(found[1]["help"], "did you mean `id.$`?");
}

#[test]
fn a_note_is_no_warning() {
    let definition = json!({ "StartAt": "A", "States": { "A": {
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": { "FunctionName": "f" }, "End": true } } });
    let ran = segno(&["validate", "-"], &definition.to_string());
    assert_eq!(ran.status, Some(0), "{}", ran.stdout);
    assert!(
        ran.stdout.starts_with("note[LOST_ATTEMPT]: "),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout
            .ends_with("1 definition: 0 errors, 0 warnings, 1 note\n"),
        "{}",
        ran.stdout
    );
    let found = findings(&definition.to_string());
    assert_eq!(found[0]["severity"], "note");
    assert_eq!(found[0]["location"], "/States/A/Resource");
}

#[test]
fn a_file_that_is_longer_than_any_definition_is_not_read() {
    let folder = Folder::with("long.json", &" ".repeat(4 * 1024 * 1024 + 1));
    let ran = segno(&["validate", &folder.path("long.json")], "");
    assert_eq!(ran.status, Some(2), "{}", ran.stdout);
    assert!(ran.stderr.contains("it is longer than"), "{}", ran.stderr);
}

#[test]
fn what_only_aws_runs_is_valid() {
    let definition = json!({ "StartAt": "All", "States": { "All": {
        "Type": "Map", "Label": "all", "End": true, "ItemProcessor": {
            "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS" },
            "StartAt": "One", "States": { "One": { "Type": "Succeed" } } } } } });
    let found = findings(&definition.to_string());
    let severities: Vec<_> = found
        .iter()
        .map(|found| (&found["code"], &found["severity"]))
        .collect();
    assert_eq!(severities, [(&json!("NOT_SUPPORTED"), &json!("warning"))]);
}

#[test]
fn an_express_machine_is_held_to_its_own_rules() {
    let definition = json!({ "StartAt": "A", "States": { "A": {
        "Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun.sync",
        "Parameters": { "JobName": "j" }, "End": true } } });
    let arguments = ["validate", "-", "--type", "express"];
    let ran = segno(&arguments, &definition.to_string());
    assert_eq!(ran.status, Some(1));
    assert!(
        ran.stdout
            .contains("does not support '.sync' service integration"),
        "{}",
        ran.stdout
    );
    assert_eq!(
        segno(&arguments[..2], &definition.to_string()).status,
        Some(0)
    );
}

#[test]
fn what_cannot_be_read_exits_with_2() {
    for arguments in [
        &["validate"][..],
        &["validate", "no/such/file.json"],
        &["validate", "no/such/*.json"],
        &["validate", "-", "--substitute", "nothing"],
    ] {
        let ran = segno(arguments, "{}");
        assert_eq!(ran.status, Some(2), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn a_definition_in_yaml_is_validated_drawn_and_run() {
    let folder = Folder::with("greet.asl.yaml", WITH_TOKENS);
    let file = folder.path("greet.asl.yaml");
    assert_eq!(segno(&["validate", &file], "").status, Some(0));
    assert_eq!(segno(&["validate", "-"], WITH_TOKENS).status, Some(0));
    let drawn = segno(&["graph", &file], "");
    assert!(drawn.stdout.contains("Greet"), "{}", drawn.stderr);
    let values = folder.path("values.yaml");
    std::fs::write(&values, "Name: Ada\nSeconds: 1\n").unwrap();
    let ran = segno(
        &[
            "run",
            &file,
            "--skip-waits",
            "--quiet",
            "--substitutions",
            &values,
            "--substitute",
            "Name=Grace",
        ],
        "",
    );
    assert_eq!(
        (ran.status, ran.stdout.as_str()),
        (Some(0), "\"Hello, Grace!\"\n"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_token_without_a_value_is_valid_but_does_not_run() {
    let definition = r#"{ "StartAt": "A", "TimeoutSeconds": ${Limit}, "States": { "A": {
        "Type": "Task", "Resource": "${Function.Arn}", "End": true } } }"#;
    assert_eq!(segno(&["validate", "-"], definition).status, Some(0));
    let ran = segno(&["run", "-", "--substitute", "Limit=5"], definition);
    assert_eq!(ran.status, Some(2));
    assert!(
        ran.stderr.contains("tokens without a value: Function.Arn;"),
        "{}",
        ran.stderr
    );
    let wrong = segno(&["validate", "-", "--substitute", "Limit=soon"], definition);
    assert_eq!(wrong.status, Some(1), "{}", wrong.stdout);
}

#[test]
fn calls_are_checked_against_the_models_of_all_services() {
    let found = findings(
        r#"{ "StartAt": "Read", "States": { "Read": { "Type": "Task", "End": true,
            "Resource": "arn:aws:states:::aws-sdk:dynamodb:getItem",
            "Retry": [{ "ErrorEquals": ["States.ALL"] }],
            "Parameters": { "TableNam": "orders", "Key": { "id": { "S": "7" } } } } } }"#,
    );
    let told = |found: &Value| (found["code"].clone(), found["location"].clone());
    let expected = [
        (json!("MISSING_PARAMETER"), json!("/States/Read/Parameters")),
        (
            json!("UNKNOWN_PARAMETER"),
            json!("/States/Read/Parameters/TableNam"),
        ),
    ];
    assert_eq!(found.iter().map(told).collect::<Vec<_>>(), expected);
    assert!(found.iter().all(|found| found["severity"] == "warning"));
    assert_eq!(found[1]["help"], "did you mean `TableName`?");
    let width = |found: &Value| found["endColumn"].as_u64().zip(found["column"].as_u64());
    let (end, start) = width(&found[1]).unwrap();
    assert_eq!(end - start, 10, "the name is marked");
}

#[test]
fn what_a_refused_resource_should_have_been_is_told() {
    let found = findings(
        r#"{ "StartAt": "A", "States": { "A": { "Type": "Task", "End": true, "Parameters": {},
            "Resource": "arn:aws:states:::aws-sdk:dynamodb:PutItem" } } }"#,
    );
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["severity"], "error");
    assert_eq!(
        found[0]["help"],
        "did you mean `arn:aws:states:::aws-sdk:dynamodb:putItem`?"
    );
}
