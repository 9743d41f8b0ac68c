//! Pictures of state machines: nothing lies on anything else, and a picture depends on the definition
//! only.
//!
//! They are those of every definition in the repository, of those that people wrote, if
//! `../shared/corpus` is beside the checkout, and of scopes that nobody would write.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "this is a test: its size is told by the environment, and it prints its figures"
)]

mod fuzz;
mod geometry;

use std::{
    fs,
    path::{Path, PathBuf},
};

use libtest_mimic::{Arguments, Failed, Trial};
use segno_asl::definition::{StateMachine, compile, places::Document, tokens};
use segno_console::graph::{
    NodeKind, Open, Picture, Plain, Scope, ascii,
    layout::{self, lay_out},
    metrics::Metrics,
    svg,
};
use segno_tests::repository;
use serde_json::{Map, Value};

use self::{
    fuzz::{Dice, Sizes},
    geometry::{CELLS, Layout, Line, PIXELS, Tolerance, faults},
};

const CORPUS: &str = "../shared/corpus/samples";

/// Scopes that are laid out, unless SEGNO_GRAPH_SCOPES says otherwise.
const SCOPES: u64 = 1_500;

fn main() {
    let arguments = Arguments::from_args();
    let has_corpus = repository(CORPUS).is_dir();
    if !has_corpus {
        println!("SKIPPED: the definitions that people wrote: {CORPUS} is not there");
    }
    let trial = |name: &str, run: fn() -> Result<(), Failed>| Trial::test(name, run);
    let trials = vec![
        trial("scopes_in_pixels_have_no_overlap", || {
            fuzzed(&Metrics::PIXELS, fuzz::PIXELS, PIXELS)
        }),
        trial("scopes_in_cells_have_no_overlap", || {
            fuzzed(&Metrics::CELLS, fuzz::CELLS, CELLS)
        }),
        trial("definitions_of_the_repository", || {
            let mut definitions = files(&repository("docs/examples"), ".asl.json");
            definitions.extend(files(&repository("tests/conformance"), ".json"));
            all_well(&definitions, 120)
        }),
        trial("definitions_that_people_wrote", || {
            all_well(&files(&repository(CORPUS), ".json"), 280)
        })
        .with_ignored_flag(!has_corpus),
    ];
    libtest_mimic::run(&arguments, trials).exit();
}

fn fuzzed(metrics: &Metrics, sizes: Sizes, tolerance: Tolerance) -> Result<(), Failed> {
    let count = match std::env::var("SEGNO_GRAPH_SCOPES") {
        Ok(count) => count.parse()?,
        Err(_) => SCOPES,
    };
    let mut wrong = Vec::new();
    for seed in 0..count {
        let scope = fuzz::scope(seed, &sizes);
        let found = faults(placed(&scope, metrics), tolerance);
        if !found.is_empty() {
            wrong.push(format!("scope {seed}: {found:?}"));
        }
    }
    none(&wrong, &format!("{count} scopes"))
}

fn none(wrong: &[String], of: &str) -> Result<(), Failed> {
    match wrong {
        [] => Ok(()),
        [first, ..] => Err(format!("{} of {of}, such as {first}", wrong.len()).into()),
    }
}

fn placed(scope: &layout::Scope, metrics: &Metrics) -> Layout {
    let placed = lay_out(scope, metrics);
    let lines = scope.edges.iter().zip(placed.lines);
    Layout {
        nodes: placed.nodes,
        lines: lines
            .map(|(edge, line)| Line {
                from: edge.from,
                to: edge.to,
                points: line.points,
                label: line.label,
            })
            .collect(),
    }
}

/// Files below a folder.
fn files(folder: &Path, suffix: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, suffix));
        } else if path.to_string_lossy().ends_with(suffix) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Checks the pictures of all definitions that are valid, which must be so many at least.
fn all_well(files: &[PathBuf], count_min: usize) -> Result<(), Failed> {
    let (mut count, mut wrong) = (0, Vec::new());
    for (seed, file) in (0..).zip(files) {
        let text = fs::read_to_string(file)?;
        let Ok(document) = Document::json(&tokens::quote(&text)) else {
            continue;
        };
        let document = document.value;
        let definition = document.get("definition").unwrap_or(&document);
        let definition = tokens::stand_ins(definition);
        let Ok(machine) = compile(&definition) else {
            continue;
        };
        count += 1;
        let shuffled = compile(&shuffle(&definition, &mut Dice::new(seed))).unwrap();
        if let Err(fault) = is_well(&machine, &shuffled) {
            wrong.push(format!("{}: {fault}", file.display()));
        }
    }
    println!("{count} pictures");
    if count < count_min {
        return Err(format!("only {count} definitions were drawn").into());
    }
    none(&wrong, &format!("{count} definitions"))
}

fn is_well(machine: &StateMachine, shuffled: &StateMachine) -> Result<(), String> {
    for open in [Open::All, Open::None] {
        for (metrics, tolerance) in [(&Metrics::PIXELS, PIXELS), (&Metrics::CELLS, CELLS)] {
            let picture = Picture::of(machine, &open, metrics);
            has_no_faults(&picture.scope, tolerance)?;
            is_inside(&picture.scope, picture.size.width, picture.size.height)?;
            let drawn = [machine, shuffled].map(|machine| {
                let picture = Picture::of(machine, &open, metrics);
                (svg(&picture, &Plain), ascii(&picture))
            });
            if drawn[0] != (svg(&picture, &Plain), ascii(&picture)) {
                return Err("not twice the same".into());
            }
            if drawn[0] != drawn[1] {
                return Err("it depends on the order of the states".into());
            }
        }
    }
    Ok(())
}

fn has_no_faults(scope: &Scope, tolerance: Tolerance) -> Result<(), String> {
    let layout = Layout {
        nodes: scope.nodes.iter().map(|node| node.area).collect(),
        lines: scope
            .lines
            .iter()
            .map(|line| Line {
                from: line.from,
                to: line.to,
                points: line.points.clone(),
                label: line.label.as_ref().map(|label| label.area),
            })
            .collect(),
    };
    let found = faults(layout, tolerance);
    if let Some(fault) = found.first() {
        let names = scope.nodes.iter().map(|node| match &node.kind {
            NodeKind::State(state) => state.name.to_string(),
            bubble => format!("{bubble:?}"),
        });
        return Err(format!("{fault:?} of {:?}", names.collect::<Vec<_>>()));
    }
    let inner = scope.nodes.iter().flat_map(|node| &node.inner);
    inner
        .into_iter()
        .try_for_each(|scope| has_no_faults(scope, tolerance))
}

/// Whether everything is within its box, or within the picture.
fn is_inside(scope: &Scope, right: i32, bottom: i32) -> Result<(), String> {
    let areas = scope.nodes.iter().map(|node| node.area);
    let labels = scope
        .lines
        .iter()
        .filter_map(|line| Some(line.label.as_ref()?.area));
    for area in areas.chain(labels) {
        if area.x < 0 || area.y < 0 || area.x + area.width > right || area.y + area.height > bottom
        {
            return Err(format!("{area:?} sticks out"));
        }
    }
    for node in &scope.nodes {
        let (right, bottom) = (
            node.area.x + node.area.width,
            node.area.y + node.area.height,
        );
        for inner in &node.inner {
            is_inside(inner, right, bottom)?;
        }
    }
    Ok(())
}

/// The same with the members of all objects in another order. Arrays have one.
fn shuffle(value: &Value, dice: &mut Dice) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            let mut shuffled = Map::new();
            while !members.is_empty() {
                let (name, member) = members.swap_remove(dice.below(members.len()));
                shuffled.insert(name.clone(), shuffle(member, dice));
            }
            Value::Object(shuffled)
        }
        Value::Array(elements) => elements
            .iter()
            .map(|element| shuffle(element, dice))
            .collect(),
        other => other.clone(),
    }
}
