//! The state machines that files declare, in the server: created and updated through its own API.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    sync::Arc,
};

use segno_api::{Api, Request};
use segno_asl::definition::{MachineType, StateKind, tokens::Substitutions};
use segno_engine::{Backend, Engine, Invoker, clock::SystemClock, operations::arn};
use serde_json::{Value, json};

use super::{
    declared::{Declared, Problem},
    discovery::{Discovered, discover},
    template::{Contents, Place, read_template},
    watch::Seen,
};
use crate::{
    definition::machine_name,
    invoker::LocalInvoker,
    terminal::{Color, Palette},
};

/// Keeps the state machines of the server as the files have them.
pub(super) struct Machines<S> {
    api: Arc<Api<S, LocalInvoker, SystemClock>>,
    engine: Engine<S, LocalInvoker, SystemClock>,
    /// Files and folders to look into.
    paths: Vec<PathBuf>,
    place: Place,
    substitutions: Substitutions,
    palette: Palette,
    /// What the server was given for each name.
    loaded: BTreeMap<String, Value>,
    /// The names whose files have problems.
    broken: BTreeSet<String>,
    /// The problems that were shown already.
    shown: BTreeSet<String>,
}

/// What is found in one look into the files.
#[derive(Default)]
struct Round {
    /// The file of each state machine.
    files: BTreeMap<String, String>,
    names: Vec<String>,
    changes: Vec<String>,
    problems: Vec<Problem>,
    broken: BTreeSet<String>,
    /// Whether something could not be read, which may have declared more.
    is_partial: bool,
}

/// What came of looking into the files.
#[derive(Default)]
pub(super) struct Loaded {
    /// The names of the state machines that run as the files have them.
    pub(super) names: Vec<String>,
    /// Everything that is wrong, for the terminal.
    pub(super) problems: Vec<String>,
    /// What is new, in a line each: state machines, and then problems.
    pub(super) news: Vec<String>,
    pub(super) seen: Seen,
}

impl<S: Backend> Machines<S> {
    pub(super) fn new(
        api: Arc<Api<S, LocalInvoker, SystemClock>>,
        engine: Engine<S, LocalInvoker, SystemClock>,
        paths: Vec<PathBuf>,
        place: Place,
        substitutions: Substitutions,
        palette: Palette,
    ) -> Self {
        Self {
            api,
            engine,
            paths,
            place,
            substitutions,
            palette,
            loaded: BTreeMap::new(),
            broken: BTreeSet::new(),
            shown: BTreeSet::new(),
        }
    }

    /// Looks into the files, and creates or updates what has changed.
    pub(super) async fn load(&mut self) -> Loaded {
        let mut discovered = discover(&self.paths);
        let mut round = Round {
            problems: complaints(&discovered),
            ..Round::default()
        };
        for (name, declared) in self.declared(&mut discovered) {
            match declared {
                Ok(declared) => self.take(&declared, &mut round).await,
                Err(problem) => {
                    // Without it, it is not known which state machines there would be.
                    round.is_partial = true;
                    round.broken.extend(name);
                    round.problems.push(problem);
                }
            }
        }
        let mut loaded = self.finish(round);
        loaded.seen = discovered.seen;
        loaded
    }

    /// The state machines of all files, with their names where a file gives it. A file that a template
    /// takes is none of its own.
    fn declared(
        &self,
        discovered: &mut Discovered,
    ) -> Vec<(Option<String>, Result<Declared, Problem>)> {
        let mut declared = Vec::new();
        let mut taken = BTreeSet::new();
        for path in &discovered.templates {
            let Contents { machines, files } =
                read_template(path, &self.place, &self.substitutions);
            declared.extend(machines.into_iter().map(|machine| (None, machine)));
            for file in files {
                discovered.seen.note(&file);
                taken.extend(fs::canonicalize(&file));
            }
        }
        for path in &discovered.definitions {
            if !fs::canonicalize(path).is_ok_and(|path| taken.contains(&path)) {
                let machine = Declared::of_file(path, &self.substitutions);
                declared.push((Some(machine_name(path)), machine));
            }
        }
        declared
    }

    async fn take(&mut self, declared: &Declared, round: &mut Round) {
        let (name, file) = (&declared.name, declared.file());
        if let Some(first) = round.files.get(name) {
            round.problems.push(Problem::Plain(format!(
                "{file}: there is a state machine `{name}` already, in {first}"
            )));
            return;
        }
        round.files.insert(name.clone(), file.to_owned());
        match self.put(declared).await {
            Ok(change) => {
                round.names.push(name.clone());
                let is_mended = self.broken.contains(name);
                let change = change.or(is_mended.then_some("is valid again"));
                round
                    .changes
                    .extend(change.map(|change| format!("{name} {change} ({file})")));
            }
            Err(problems) => {
                round.broken.insert(name.clone());
                round.problems.extend(problems);
            }
        }
    }

    fn finish(&mut self, round: Round) -> Loaded {
        let mut changes = round.changes;
        if !round.is_partial {
            changes.extend(self.gone(&round.files));
        }
        let sign = self.palette.paint(Color::Cyan, "↻");
        let mut news: Vec<String> = changes
            .iter()
            .map(|line| format!("{sign} {line}"))
            .collect();
        let render = |problem: Problem| problem.render(self.palette);
        let problems: Vec<String> = round.problems.into_iter().map(render).collect();
        let new = problems
            .iter()
            .filter(|problem| !self.shown.contains(*problem));
        let new: Vec<String> = new.cloned().collect();
        if !new.is_empty() {
            news.extend(new);
            let kept = round
                .broken
                .iter()
                .filter(|name| self.loaded.contains_key(*name));
            news.extend(kept.map(|name| format!("{sign} {name} stays as it was")));
        }
        self.shown = problems.iter().cloned().collect();
        self.broken = round.broken;
        Loaded {
            names: round.names,
            problems,
            news,
            seen: Seen::default(),
        }
    }

    /// A line for each state machine whose file is not there any more.
    fn gone(&mut self, names: &BTreeMap<String, String>) -> Vec<String> {
        let gone = |name: &&String| !names.contains_key(*name);
        let gone: Vec<String> = self.loaded.keys().filter(gone).cloned().collect();
        for name in &gone {
            self.loaded.remove(name);
        }
        let line = |name: &String| format!("{name} is in no file any more; it stays as it was");
        gone.iter().map(line).collect()
    }

    /// Creates or updates a state machine; what was done, if anything was.
    async fn put(&mut self, declared: &Declared) -> Result<Option<&'static str>, Vec<Problem>> {
        let mut problems = declared.errors();
        if problems.is_empty() {
            problems = self.unperformed(declared);
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let request = self.request(declared);
        if self.loaded.get(&declared.name) == Some(&request) {
            return Ok(None);
        }
        let outcome = self.create_or_update(&request).await;
        let verb = outcome
            .map_err(|refused| vec![Problem::Plain(format!("{}: {refused}", declared.file()))])?;
        self.loaded.insert(declared.name.clone(), request);
        Ok(Some(verb))
    }

    fn request(&self, declared: &Declared) -> Value {
        let account = &self.place.account_id;
        let role_arn = declared.role_arn.clone();
        let mut request = json!({
            "name": declared.name,
            "definition": declared.text(),
            "roleArn": role_arn.unwrap_or_else(|| format!("arn:aws:iam::{account}:role/segno-dev")),
            "type": match declared.machine_type {
                MachineType::Standard => "STANDARD",
                MachineType::Express => "EXPRESS",
            },
        });
        if let Some(logging) = &declared.logging {
            request["loggingConfiguration"] = logging.clone();
        }
        request
    }

    /// The tasks that nothing performs here.
    fn unperformed(&self, declared: &Declared) -> Vec<Problem> {
        // What cannot be compiled, creation refuses.
        let Ok(machine) = self.engine.compile(&declared.text().into()) else {
            return Vec::new();
        };
        let tasks = machine.states().filter_map(|state| {
            let StateKind::Task(task) = &state.kind else {
                return None;
            };
            let accepted = self.engine.invoker().accepts(&state.name, task);
            Some(declared.unperformed(&state.name, &accepted.err()?))
        });
        let mut problems: Vec<Problem> = tasks.collect();
        problems.sort_by_key(Problem::start);
        problems
    }

    /// What was done, as a verb.
    async fn create_or_update(&self, request: &Value) -> Result<&'static str, Refused> {
        match self.call("CreateStateMachine", request).await {
            Ok(_) => return Ok("is there"),
            Err(refused) if refused.name == "StateMachineAlreadyExists" => {}
            Err(refused) => return Err(refused),
        }
        let name = request["name"].as_str().unwrap_or_default();
        let arn = arn::state_machine(&self.place.region, &self.place.account_id, name);
        let mut update = json!({ "stateMachineArn": arn });
        let existing = self.call("DescribeStateMachine", &update).await?;
        if existing["type"] != request["type"] {
            return Err(Refused {
                name: "StateMachineAlreadyExists",
                message: format!(
                    "`{name}` is there, and its type cannot be changed from {} to {}: delete it first",
                    existing["type"], request["type"]
                ),
            });
        }
        for field in ["definition", "roleArn", "loggingConfiguration"] {
            if let Some(value) = request.get(field) {
                update[field] = value.clone();
            }
        }
        self.call("UpdateStateMachine", &update).await?;
        Ok("is updated")
    }

    async fn call(&self, operation: &str, request: &Value) -> Result<Value, Refused> {
        let target = format!("AWSStepFunctions.{operation}");
        let response = self
            .api
            .handle(&Request::new(&target, request.to_string().as_bytes()))
            .await;
        let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        match response.error_type {
            None => Ok(answer),
            Some(name) => Err(Refused {
                name,
                message: answer["message"].as_str().unwrap_or_default().to_owned(),
            }),
        }
    }
}

/// An error of the API.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {message}")]
struct Refused {
    name: &'static str,
    message: String,
}

/// What is wrong with the places that were looked into.
fn complaints(discovered: &Discovered) -> Vec<Problem> {
    let missing = discovered.missing.iter();
    let mut complaints: Vec<Problem> = missing
        .map(|path| Problem::Plain(format!("{} is not there", path.display())))
        .collect();
    if discovered.is_cut_short {
        complaints.push(Problem::Plain(
            "there are too many files here to look at them all; name the ones that count: \
             segno dev PATH…"
                .into(),
        ));
    }
    complaints
}
