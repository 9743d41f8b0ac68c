//! `docs/compatibility.md` is made of the cases: it says nothing that no case shows.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use segno_tests::{
    case::{Case, Evidence},
    repository,
    state_test::StateTest,
};

const DOCUMENT: &str = "docs/compatibility.md";

const INTRODUCTION: &str = "\
# Compatibility

What Segno does, and how it is known that AWS does the same. This page is made of the cases in `tests/conformance` and of
`notes.json` there; each row is a case that runs in every build.

| evidence | means |
|---|---|
| recorded | AWS was seen doing so |
| documented | AWS's guide or the language's specification says so |
| judgement | neither; chosen, and open to correction |

Beside these, `jsonpath/cases.json` and `intrinsics/cases.json` have a row for each rule of paths and functions.
";

/// What a case shows, where the rule stands, and how it is known.
type Rule = (String, String, Evidence);

/// All cases, by section and name.
fn rules() -> BTreeMap<String, Vec<Rule>> {
    let mut sections: BTreeMap<String, Vec<Rule>> = BTreeMap::new();
    for folder in ["states", "timing"] {
        for path in files(folder) {
            let parent = path.parent().unwrap();
            let section = parent.file_name().unwrap().to_str().unwrap();
            let case = Case::read(&path).unwrap();
            let rules = sections.entry(section.replace('_', " ")).or_default();
            rules.push((case.about, case.source, case.evidence));
        }
    }
    for path in files("test_state") {
        let case = StateTest::read(&path).unwrap();
        let rules = sections.entry("TestState".into()).or_default();
        rules.push((case.about, case.source, case.evidence));
    }
    sections
}

/// The files of a folder of cases, sorted.
fn files(folder: &str) -> Vec<std::path::PathBuf> {
    let mut paths = Vec::new();
    collect(&repository("tests/conformance").join(folder), &mut paths);
    paths.sort();
    paths
}

fn collect(folder: &Path, paths: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths)
        } else {
            paths.push(path)
        }
    }
}

fn document() -> String {
    let mut text = INTRODUCTION.to_owned();
    for (section, rules) in rules() {
        writeln!(text, "\n## {section}\n\n| rule | evidence |\n|---|---|").unwrap();
        for (about, source, evidence) in rules {
            let evidence = match evidence {
                Evidence::Recorded => "recorded",
                Evidence::Documented => "documented",
                Evidence::Judgement => "judgement",
            };
            let about = about.replace('|', "\\|");
            writeln!(text, "| {about} | [{evidence}]({source}) |").unwrap();
        }
    }
    let notes = fs::read_to_string(repository("tests/conformance/notes.json")).unwrap();
    let notes: BTreeMap<String, Vec<(String, String)>> = serde_json::from_str(&notes).unwrap();
    for (heading, key) in [
        ("By judgement, without a case", "judgement"),
        ("Differs", "differs"),
        ("Not supported", "not supported"),
        ("Untested", "untested"),
    ] {
        writeln!(
            text,
            "\n## {heading}\n\n| where | what Segno does |\n|---|---|"
        )
        .unwrap();
        for (place, what) in &notes[key] {
            writeln!(text, "| {place} | {what} |").unwrap();
        }
    }
    text
}

#[test]
fn the_compatibility_page_says_what_the_cases_show() {
    let (path, expected) = (repository(DOCUMENT), document());
    if fs::read_to_string(&path).unwrap_or_default() == expected {
        return;
    }
    let fresh = repository("target").join("compatibility.md");
    fs::write(&fresh, expected).unwrap();
    panic!(
        "{DOCUMENT} is out of date: cp {} {DOCUMENT}",
        fresh.strip_prefix(repository(".")).unwrap().display()
    );
}
