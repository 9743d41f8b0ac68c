//! Definitions that people wrote, if they are beside the checkout: they are valid, and what is done
//! to them is found where it was done.
//!
//! `../shared/corpus` has samples of workflows, and fixtures: definitions on which other tools have a
//! verdict. Where AWS, and so Segno, differs, `corpus/exceptions.json` says why.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "this is a test, and prints its figures"
)]

#[path = "corpus/mutations.rs"]
mod mutations;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use libtest_mimic::{Arguments, Failed, Trial};
use segno_asl::definition::{Diagnostic, MachineType, codes, places::Document, tokens};
use segno_tests::repository;
use serde::Deserialize;
use serde_json::Value;

const FOLDER: &str = "../shared/corpus";

/// Of what is done to each sample.
const MUTATIONS_PER_SAMPLE: usize = 20;

/// How many in a hundred must be found.
const FOUND_PERCENT_MIN: usize = 95;

fn main() {
    let arguments = Arguments::from_args();
    let is_there = repository(FOLDER).is_dir();
    if !is_there {
        println!("SKIPPED: the definitions that people wrote: {FOLDER} is not there");
    }
    let trial = |name: &str, run: fn() -> Result<(), Failed>| {
        Trial::test(name, run).with_ignored_flag(!is_there)
    };
    let trials = vec![
        trial("samples_are_valid", samples_are_valid),
        trial("fixtures_are_judged_alike", fixtures_are_judged_alike),
        trial(
            "mutations_are_refused_where_they_are",
            mutations_are_refused,
        ),
    ];
    libtest_mimic::run(&arguments, trials).exit();
}

/// One definition, as the index of the corpus has it.
#[derive(Deserialize)]
struct Entry {
    file: String,
    group: String,
    /// What the tool that it comes from says of it.
    expect: Option<String>,
}

impl Entry {
    fn definition(&self) -> Result<Value, Failed> {
        let text = fs::read_to_string(repository(FOLDER).join(&self.file))?;
        let document = Document::json(&tokens::quote(&text));
        let document = document.map_err(|refused| format!("{}: {}", self.file, refused.message))?;
        Ok(document.value)
    }
}

fn corpus(group: &str) -> Result<Vec<Entry>, Failed> {
    let index: Vec<Entry> = read(&repository(FOLDER).join("index.json"))?;
    Ok(index
        .into_iter()
        .filter(|entry| entry.group == group)
        .collect())
}

fn read<T: serde::de::DeserializeOwned>(path: &PathBuf) -> Result<T, Failed> {
    Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
}

/// Why AWS differs: by a part of the file's name that no other one has.
fn exceptions(group: &str) -> Result<BTreeMap<String, String>, Failed> {
    let path = repository("tests/corpus/exceptions.json");
    let mut all: BTreeMap<String, BTreeMap<String, String>> = read(&path)?;
    Ok(all.remove(group).unwrap_or_default())
}

/// What AWS would refuse.
fn errors(definition: &Value) -> Vec<Diagnostic> {
    let mut found = tokens::check(definition, MachineType::Standard);
    found.retain(|found| found.is_error() && found.code != codes::NOT_SUPPORTED);
    found
}

/// Compares verdicts, and prints how many there were.
fn judge(group: &str, is_valid: impl Fn(&Entry) -> Option<bool>) -> Result<(), Failed> {
    let mut exceptions = exceptions(group)?;
    let (mut judged, mut differ, mut wrong) = (0, 0, Vec::new());
    for entry in corpus(group)? {
        let errors = errors(&entry.definition()?);
        let Some(is_valid) = is_valid(&entry) else {
            continue;
        };
        judged += 1;
        let is_alike = is_valid == errors.is_empty();
        let name = Path::new(&entry.file)
            .file_name()
            .unwrap()
            .to_string_lossy();
        let exception = exceptions.keys().find(|part| name.contains(*part)).cloned();
        match exception {
            Some(part) if is_alike => wrong.push(format!("{part} is no exception any more")),
            Some(part) => {
                exceptions.remove(&part);
                differ += 1;
            }
            None if is_alike => {}
            None => wrong.push(format!("{}: {errors:?}", entry.file)),
        }
    }
    println!("{group}: {judged} judged, {differ} of them otherwise, each for a reason");
    wrong.extend(
        exceptions
            .into_keys()
            .map(|part| format!("{part} names no file")),
    );
    match wrong.is_empty() && judged > 0 {
        true => Ok(()),
        false => Err(wrong.join("\n").into()),
    }
}

fn samples_are_valid() -> Result<(), Failed> {
    judge("samples", |_| Some(true))
}

fn fixtures_are_judged_alike() -> Result<(), Failed> {
    judge("fixtures", |entry| {
        Some(!entry.expect.as_ref()?.starts_with("invalid"))
    })
}

/// What became of the mutations of one kind.
#[derive(Default)]
struct Tally {
    tried: usize,
    found: usize,
    first_miss: Option<String>,
}

fn mutations_are_refused() -> Result<(), Failed> {
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    for entry in corpus("samples")? {
        let definition = entry.definition()?;
        // What is wrong already would be found in the place of what is done to it.
        if !errors(&definition).is_empty() {
            continue;
        }
        for mutation in mutations::of(&definition, &entry.file, MUTATIONS_PER_SAMPLE) {
            let errors = errors(&mutation.definition);
            let tally = tallies.entry(mutation.kind).or_default();
            tally.tried += 1;
            match errors.iter().any(|found| found.pointer == mutation.pointer) {
                true => tally.found += 1,
                false => {
                    let found: Vec<_> = errors.iter().map(|found| &found.pointer).collect();
                    let (at, file) = (&mutation.pointer, &entry.file);
                    tally
                        .first_miss
                        .get_or_insert(format!("{at} of {file}: {found:?}"));
                }
            }
        }
    }
    report(&tallies)
}

fn report(tallies: &BTreeMap<&str, Tally>) -> Result<(), Failed> {
    let tried: usize = tallies.values().map(|tally| tally.tried).sum();
    let found: usize = tallies.values().map(|tally| tally.found).sum();
    for (
        kind,
        Tally {
            tried,
            found,
            first_miss,
        },
    ) in tallies
    {
        println!("  {found:>4} of {tried:>4}  {kind}");
        if let Some(miss) = first_miss {
            println!("                missed at {miss}");
        }
    }
    let percent = found as f64 * 100.0 / tried.max(1) as f64;
    println!("mutations: {found} of {tried} are refused where they are: {percent:.2} %");
    match tried > 0 && found * 100 >= tried * FOUND_PERCENT_MIN {
        true => Ok(()),
        false => Err("too few mutations are refused where they are".into()),
    }
}
