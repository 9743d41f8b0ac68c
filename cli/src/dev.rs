//! `segno dev`: a local server that speaks the Step Functions API.

mod activity;
mod banner;
mod console;
mod declared;
mod discovery;
pub(crate) mod guard;
mod log_lines;
mod logs;
mod machines;
mod metrics;
mod port;
mod prefix;
mod serve;
mod server;
mod signals;
mod tasks;
mod template;
mod watch;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use segno_asl::limits;
use segno_engine::memory::MemoryStore;
use segno_interpreter::bounds::Bounds;
use segno_local::{LocalStore, PayloadWork};

use self::serve::{Kept, serve};
use crate::{definition::Substitute, environment::PORT_DEFAULT, services, terminal::Palette};

/// Serve the Step Functions API on this machine, with the definitions that are here.
///
/// Definitions are files named *.asl.json, *.asl.yaml or *.asl.yml, and the state machines of SAM and
/// CloudFormation templates. They are watched: a state machine is updated when its file is.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Definitions and templates, or folders to look for them in. Default: this folder.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Look for no definitions: there is only what clients create.
    #[arg(long, conflicts_with = "paths")]
    no_discovery: bool,

    /// Keep everything in memory: it is gone when the server stops.
    #[arg(long)]
    ephemeral: bool,

    /// The folder to keep everything in. What has not ended goes on when the server is started again.
    #[arg(
        long,
        value_name = "FOLDER",
        default_value = ".segno",
        conflicts_with = "ephemeral"
    )]
    data: PathBuf,

    /// Days for which executions are kept after they have closed.
    #[arg(
        long,
        value_name = "DAYS",
        default_value_t = limits::RETENTION_DAYS,
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    retention_days: u16,

    /// The port to listen on, at 127.0.0.1. 0 is any that is free.
    #[arg(long, default_value_t = PORT_DEFAULT)]
    port: u16,

    /// Another name of this machine that clients may use. Repeat it for each.
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,

    /// The console only shows what there is: it starts, stops and answers nothing.
    #[arg(long)]
    read_only_console: bool,

    /// Whose limits hold.
    #[arg(long, value_enum, default_value_t = Mode::Strict)]
    mode: Mode,

    /// Account in the ARNs that are made. Default: AWS_ACCOUNT_ID, then 123456789012.
    #[arg(long, value_name = "12 DIGITS")]
    account_id: Option<String>,

    /// Region in the ARNs that are made. Default: AWS_REGION, then us-east-1.
    #[arg(long)]
    region: Option<String>,

    /// What performs a task, by the name of its function or of its state: cmd:COMMAND or
    /// http://HOST:PORT/PATH.
    #[arg(long = "lambda", value_name = "NAME=TARGET")]
    lambdas: Vec<String>,

    #[command(flatten)]
    services: services::Options,

    /// Mocked tasks, in the configuration format of Step Functions Local. An execution that is started
    /// with the ARN of its state machine and #CASE has that test case.
    #[arg(long, value_name = "FILE")]
    mock: Option<PathBuf>,

    /// The test case of executions that name none.
    #[arg(long, requires = "mock")]
    case: Option<String>,

    #[command(flatten)]
    substitute: Substitute,

    /// Say more: a line for every state. Twice: for every request, too.
    #[arg(long, short, action = clap::ArgAction::Count)]
    verbose: u8,
}

/// Whose limits hold.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mode {
    /// Those of AWS, so that what runs here runs there.
    Strict,
    /// None that is not needed.
    Open,
}

impl Mode {
    fn bounds(self) -> Bounds {
        match self {
            Self::Strict => Bounds::STRICT,
            Self::Open => Bounds::OPEN,
        }
    }
}

pub(crate) async fn dev(arguments: Arguments) -> anyhow::Result<ExitCode> {
    log(arguments.verbose);
    // The one place where the store is chosen.
    if arguments.ephemeral {
        let kept = Kept {
            shown: "memory: lost when the server stops".into(),
            fate: "lost with the store in memory",
            metrics: Arc::new(PayloadWork),
        };
        return serve(MemoryStore::default(), kept, &arguments).await;
    }
    let store = LocalStore::open(&arguments.data)?;
    let kept = Kept {
        shown: format!(
            "{}: what has not ended goes on after a restart",
            arguments.data.display()
        ),
        fate: "going on when the server is started again",
        metrics: store.metrics(),
    };
    serve(store, kept, &arguments).await
}

/// Logs of the server itself, on standard error.
fn log(verbose: u8) {
    let level = match verbose {
        0 => tracing::Level::WARN,
        1 => tracing::Level::INFO,
        _ => tracing::Level::DEBUG,
    };
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(Palette::of(&std::io::stderr()).has_colors)
        .with_max_level(level)
        .init();
}
