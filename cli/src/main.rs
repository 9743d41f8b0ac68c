//! `segno`: runs AWS Step Functions state machines on a laptop.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line prints"
)]

mod definition;
mod dev;
mod environment;
mod graph;
mod invoker;
mod mock;
mod run;
mod validate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Runs AWS Step Functions state machines: the same definitions, API and histories, on a laptop.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(run::Arguments),
    Dev(dev::Arguments),
    Graph(graph::Arguments),
    Validate(validate::Arguments),
}

/// Exit status of wrong usage, and of what cannot be read. `clap` uses it, too.
const USAGE: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Command::Run(arguments) => run::run(arguments).await,
        Command::Dev(arguments) => dev::dev(arguments).await,
        Command::Graph(arguments) => graph::graph(&arguments),
        Command::Validate(arguments) => validate::validate(&arguments),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(USAGE)
    })
}
