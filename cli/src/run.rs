//! `segno run`: one execution of one definition, here and now.

mod progress;

use std::{fs, io::IsTerminal, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context, anyhow, bail};
use segno_asl::{
    definition::{StateKind, tokens},
    errors::StateError,
    limits,
};
use segno_engine::{
    Backend, Clock, Config, Engine, Invoker, Store,
    catalog::Machine,
    clock::{SkippingClock, SystemClock},
    memory::MemoryStore,
    operations::{StartRequest, arn},
    store::{Created, EndStatus, Head},
};
use segno_integrations::lambda::Lambda;
use segno_interpreter::{history::ExecutionData, payload::Payload};
use serde_json::{Value, json};

use self::progress::Progress;
use crate::{
    definition::{Source, Substitute},
    environment,
    invoker::LocalInvoker,
    mock::Mocks,
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

/// Exit status of an execution that timed out or was aborted.
const INTERRUPTED: u8 = 3;

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let request = request(&arguments)?;
    let lambda = environment::lambda_endpoint()?.map(|(_, endpoint)| {
        Lambda::new(endpoint, environment::region(), environment::credentials())
    });
    let mut invoker = LocalInvoker::new(&arguments.lambdas, lambda)?;
    if let (Some(file), Some(case)) = (&arguments.mock, &arguments.case) {
        let definition = machine_name(&arguments.file);
        invoker = invoker.with_mocks(Mocks::read(
            file,
            case,
            arguments.name.as_deref(),
            &definition,
        )?);
    }
    let progress = Progress::new(arguments.quiet, std::io::stderr().is_terminal());
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
    let input = match arguments.input.strip_prefix('@') {
        None => arguments.input.clone(),
        Some(path) => fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?,
    };
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
        .unwrap_or_else(|| machine_name(&arguments.file));
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

/// The file's name up to its first dot, with what no name may have replaced.
fn machine_name(file: &std::path::Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().unwrap_or_default();
    let name: String = stem
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || "-_".contains(c) {
                c
            } else {
                '-'
            }
        })
        .collect();
    if name.is_empty() {
        "state-machine".into()
    } else {
        name
    }
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
        eprintln!("{}", progress::summary(&head));
    }
    Ok(match end.status {
        EndStatus::Succeeded => ExitCode::SUCCESS,
        EndStatus::Failed => ExitCode::FAILURE,
        EndStatus::TimedOut | EndStatus::Aborted => ExitCode::from(INTERRUPTED),
    })
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
    for state in engine.invoker().mocks().states() {
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
