//! `segno`: runs AWS Step Functions state machines on a laptop.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line prints"
)]

mod answer;
mod aws;
mod client;
mod console;
mod definition;
mod deploy;
mod dev;
mod endpoint;
mod environment;
mod exit;
mod findings;
mod graph;
mod history;
mod iam;
mod input;
mod invoker;
mod keys;
mod list;
mod logs;
mod mock;
mod progress;
mod run;
mod services;
mod show;
mod stack;
mod start;
mod stop;
mod terminal;
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
    Iam(iam::Arguments),
    Start(start::Arguments),
    List(list::Arguments),
    Show(show::Arguments),
    History(history::Arguments),
    Logs(logs::Arguments),
    Stop(stop::Arguments),
    Redrive(stop::Redrive),
    SendSuccess(answer::Success),
    SendFailure(answer::Failure),
    SendHeartbeat(answer::Heartbeat),
    Deploy(deploy::Arguments),
    Keys(keys::Arguments),
    Console(console::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Command::Run(arguments) => run::run(arguments).await,
        Command::Dev(arguments) => dev::dev(arguments).await,
        Command::Graph(arguments) => graph::graph(&arguments),
        Command::Validate(arguments) => validate::validate(&arguments),
        Command::Iam(arguments) => iam::iam(&arguments),
        Command::Start(arguments) => start::start(arguments).await,
        Command::List(arguments) => list::list(arguments).await,
        Command::Show(arguments) => show::show(arguments).await,
        Command::History(arguments) => history::history(arguments).await,
        Command::Logs(arguments) => logs::logs(arguments).await,
        Command::Stop(arguments) => stop::stop(arguments).await,
        Command::Redrive(arguments) => stop::redrive(arguments).await,
        Command::SendSuccess(arguments) => answer::success(arguments).await,
        Command::SendFailure(arguments) => answer::failure(arguments).await,
        Command::SendHeartbeat(arguments) => answer::heartbeat(arguments).await,
        Command::Deploy(arguments) => deploy::deploy(arguments).await,
        Command::Keys(arguments) => keys::keys(arguments).await,
        Command::Console(arguments) => console::console(arguments).await,
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(exit::USAGE)
    })
}
