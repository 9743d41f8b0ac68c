//! `segno run`: one execution of one definition, here and now.

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, Mutex},
};

use anyhow::{Context, anyhow, bail};
use segno_asl::{
    definition::{StateKind, tokens},
    errors::StateError,
    limits,
};
use segno_engine::{
    Backend, Clock, Config, Engine, Invoker, Observer, Store,
    catalog::Machine,
    clock::{SkippingClock, SystemClock},
    memory::MemoryStore,
    operations::{StartRequest, arn},
    store::{Created, Head},
};
use segno_interpreter::{
    history::ExecutionData, key::ExecutionKey, payload::Payload, transition::Transition,
};
use serde_json::{Value, json};

use crate::{
    definition::{self, Source, Substitute},
    environment, exit, input,
    invoker::LocalInvoker,
    mock::MockFile,
    progress::{self, Progress},
    services::{self, Services},
    terminal::Palette,
};

/// Run a definition once: progress on standard error, the output on standard output.
///
/// Exit status: 0 succeeded, 1 failed, 2 wrong usage or unreadable, 3 timed out or aborted.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The definition: a file in the Amazon States Language, JSON or YAML, or - for standard input.
    file: PathBuf,

    #[command(flatten)]
    substitute: Substitute,

    /// The input: JSON, or @FILE to read it from a file.
    #[arg(long, default_value = "{}", value_name = "JSON|@FILE")]
    input: String,

    /// What performs a task, by the name of its function or of its state. TARGET is cmd:COMMAND (JSON
    /// on standard input and output; another exit status than 0 is an error, with standard error as
    /// its cause) or http://HOST:PORT/PATH (JSON as a POST).
    #[arg(long = "lambda", value_name = "NAME=TARGET")]
    lambdas: Vec<String>,

    #[command(flatten)]
    services: services::Options,

    /// Mocked tasks, in the configuration format of Step Functions Local.
    #[arg(long, value_name = "FILE", requires = "case")]
    mock: Option<PathBuf>,

    /// The test case of --mock.
    #[arg(long, requires = "mock")]
    case: Option<String>,

    /// Name of the state machine: in ARNs, and in --mock. Default: the file's name up to its first
    /// dot; in --mock the only one, if there is no other.
    #[arg(long)]
    name: Option<String>,

    /// Do not wait: time jumps over Wait states and retry delays.
    #[arg(long)]
    skip_waits: bool,

    /// Print the history instead of the output, as GetExecutionHistory answers.
    #[arg(long)]
    events: bool,

    /// No progress on standard error.
    #[arg(long, short)]
    quiet: bool,
}

/// Shows the progress of the one execution on standard error, unless it is to be quiet.
struct Shown(Option<Mutex<Progress>>);

impl Observer for Shown {
    fn committed(&self, _execution: &ExecutionKey, transition: &Transition) {
        if let Some(progress) = &self.0 {
            let mut progress = progress.lock().expect("nothing panics under the lock");
            for line in progress.commit(transition) {
                eprintln!("{line}");
            }
        }
    }
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let request = request(&arguments)?;
    let services = Services::connect(&arguments.services, &environment::region(), None).await?;
    let mut invoker = LocalInvoker::new(&arguments.lambdas, services)?;
    if let (Some(file), Some(case)) = (&arguments.mock, &arguments.case) {
        let definition = definition::machine_name(&arguments.file);
        let mocks = MockFile::read(file)?.mocks(case, arguments.name.as_deref(), &definition)?;
        invoker = invoker.with_mocks(mocks);
    }
    let progress = || Mutex::new(Progress::new(Palette::of(&std::io::stderr())));
    let progress = Shown((!arguments.quiet).then(progress));
    let store = MemoryStore::default();
    // Held to its end, so that time can jump.
    let config = Config {
        holds_on: true,
        ..Config::default()
    };
    if arguments.skip_waits {
        let engine = Engine::configured(store, invoker, SkippingClock::default(), config, progress);
        execute(&engine, request, &arguments).await
    } else {
        let engine = Engine::configured(store, invoker, SystemClock, config, progress);
        execute(&engine, request, &arguments).await
    }
}

/// Reads what the command line names.
fn request(arguments: &Arguments) -> anyhow::Result<StartRequest> {
    let definition = definition(arguments)?;
    let input = input::read("--input", &arguments.input)?;
    let input = Payload::parse(&input).context("--input is not JSON")?;
    if input.text().len() > limits::PAYLOAD_BYTES_MAX {
        bail!(
            "--input has {} bytes, and {} are allowed",
            input.text().len(),
            limits::PAYLOAD_BYTES_MAX
        );
    }
    let name = arguments
        .name
        .clone()
        .unwrap_or_else(|| definition::machine_name(&arguments.file));
    let (region, account) = (environment::region(), environment::account_id());
    let machine = Machine::new(
        arn::state_machine(&region, &account, &name),
        name,
        definition,
        format!("arn:aws:iam::{account}:role/segno-run"),
        SystemClock.now(),
    );
    let name = uuid::Uuid::new_v4().to_string();
    Ok(StartRequest::new(machine, name, input))
}

/// The definition as the engine takes it: in JSON, with no token left.
fn definition(arguments: &Arguments) -> anyhow::Result<String> {
    let source = Source::read(&arguments.file.to_string_lossy())?;
    let document = match source.document() {
        Ok(document) => document,
        Err(refused) if source.is_yaml => {
            bail!(
                "{} cannot run\n  {}",
                source.name,
                source.describe(&refused)
            )
        }
        // The engine says what is wrong with JSON.
        Err(_) => return Ok(source.text),
    };
    let definition = tokens::fill(&document.value, &arguments.substitute.read()?);
    let open: Vec<String> = tokens::names(&definition).into_iter().collect();
    if !open.is_empty() {
        bail!(
            "{} has tokens without a value: {}; give each with --substitute NAME=VALUE",
            source.name,
            open.join(", ")
        );
    }
    if source.is_yaml || definition != document.value {
        return Ok(definition.to_string());
    }
    Ok(source.text)
}

async fn execute<S: Backend, C: Clock>(
    engine: &Engine<S, LocalInvoker, C>,
    request: StartRequest,
    arguments: &Arguments,
) -> anyhow::Result<ExitCode> {
    check(engine, &request.machine.definition, arguments)?;
    let Created::New(head) = engine.start(request).await? else {
        bail!("the execution exists")
    };
    let arn = &head.key.arn;
    let ended = async {
        tokio::select! {
            () = engine.work() => engine.closed(arn).await,
            end = engine.closed(arn) => end,
        }
    };
    let end = tokio::select! {
        end = ended => end?,
        _ = tokio::signal::ctrl_c() => engine.stop(arn, interrupted()).await?,
    };
    let head = engine
        .store()
        .head(arn)
        .await?
        .context("the execution is gone")?;
    if arguments.events {
        println!(
            "{:#}",
            json!({ "events": history(engine.store(), &head).await? })
        );
    } else if let Some(output) = end.output {
        let output = engine.store().payload(&head.key, output).await?;
        println!("{}", output.context("the output is gone")?.text());
    }
    if !arguments.quiet {
        eprintln!("{}", summary(&head));
    }
    Ok(exit::of_execution(end.status.name()))
}

/// The last line: how it ended.
fn summary(head: &Head) -> String {
    let Some(end) = &head.shown.end else {
        return "the execution goes on".into();
    };
    let took = head.started_at.until(end.at);
    let error = end.error.as_ref();
    let text = |text: Option<&String>| text.map_or(Value::Null, |text| text.as_str().into());
    let name = text(error.and_then(|error| error.name.as_ref()));
    let cause = text(error.and_then(|error| error.cause.as_ref()));
    progress::summary(end.status.name(), took, &name, &cause)
}

fn interrupted() -> StateError {
    StateError {
        name: None,
        cause: Some("interrupted from the terminal".into()),
    }
}

/// Refuses a definition that is not valid, or has a task that nothing performs.
fn check<S: Backend, C: Clock>(
    engine: &Engine<S, LocalInvoker, C>,
    definition: &Arc<str>,
    arguments: &Arguments,
) -> anyhow::Result<()> {
    let file = arguments.file.display();
    let refuse = |problems: Vec<String>| anyhow!("{file} cannot run\n  {}", problems.join("\n  "));
    let machine = engine
        .compile(definition)
        .map_err(|found| refuse(found.0.iter().map(ToString::to_string).collect()))?;
    let mut problems = Vec::new();
    // A test case names the states that it comes to: what else has no target is an error only if the
    // execution comes to it all the same.
    let is_test_case = arguments.mock.is_some();
    for state in machine.states().filter(|_| !is_test_case) {
        if let StateKind::Task(task) = &state.kind {
            let accepted = engine.invoker().accepts(&state.name, task);
            problems.extend(
                accepted
                    .err()
                    .map(|why| format!("state `{}`: {why}", state.name)),
            );
        }
    }
    for state in engine.invoker().mocked_states() {
        if machine.state(state).is_none() {
            problems.push(format!(
                "the mocked state `{state}` is not in the definition"
            ));
        }
    }
    problems.sort();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(refuse(problems))
    }
}

async fn history(store: &impl Store, head: &Head) -> anyhow::Result<Vec<Value>> {
    let (events, payloads) = store.history(&head.key, 0, usize::MAX).await?;
    Ok(events
        .iter()
        .map(|event| event.to_json(&payloads, ExecutionData::Included))
        .collect())
}
