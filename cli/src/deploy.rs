//! `segno deploy`: Segno in an account, with the AWS SAM CLI.

use std::{
    io,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Context, bail};

use crate::{
    stack::{self, Stack},
    terminal::print,
};

/// Build Segno from its sources and deploy it into an account, with `sam build` and `sam deploy`.
///
/// It needs a checkout of Segno, the AWS SAM CLI, cargo-lambda, and credentials that may do it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The template of Segno.
    #[arg(long, value_name = "FILE", default_value = "template.yaml")]
    template: PathBuf,

    /// A parameter of the template: Keys=on, Mode=open, Architecture=x86_64, …
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = parameter)]
    parameters: Vec<String>,

    #[command(flatten)]
    stack: stack::Options,

    /// What else `sam deploy` is given, behind --
    #[arg(last = true, value_name = "OPTION")]
    sam: Vec<String>,
}

/// A program that is needed, and where people get it.
struct Tool {
    program: &'static str,
    /// What it is asked to see that it is there.
    probe: &'static [&'static str],
    install: &'static str,
}

const TOOLS: [Tool; 2] = [
    Tool {
        program: "sam",
        probe: &["--version"],
        install: "the AWS SAM CLI: `pipx install aws-sam-cli`, `brew install aws-sam-cli`, or \
                  https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/install-sam-cli.html",
    },
    Tool {
        program: "cargo",
        probe: &["lambda", "--version"],
        install: "cargo-lambda, which builds the functions: `pipx install cargo-lambda`, \
                  `brew install cargo-lambda/tap/cargo-lambda`, or https://www.cargo-lambda.info",
    },
];

/// As in the template.
const DEFAULT_ARCHITECTURE: &str = "Architecture=arm64";

/// Where `sam build` puts what `sam deploy` takes.
const BUILT_TEMPLATE: &str = ".aws-sam/build/template.yaml";

pub(crate) async fn deploy(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let template = &arguments.template;
    if !template.is_file() {
        bail!(
            "{} is not there: run this in a checkout of Segno, or say with --template where its template is",
            template.display()
        );
    }
    check_tools()?;
    let folder = match template.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    sam(folder, &build(&arguments)?)?;
    sam(folder, &rollout(&arguments))?;
    let stack = Stack::find(&arguments.stack).await?;
    print(&summary(&stack));
    Ok(ExitCode::SUCCESS)
}

fn parameter(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((name, _)) if !name.is_empty() => Ok(text.to_owned()),
        _ => Err("it must be KEY=VALUE".into()),
    }
}

/// Says everything that is missing, at once.
fn check_tools() -> anyhow::Result<()> {
    let missing: Vec<&str> = TOOLS
        .iter()
        .filter(|tool| !is_there(tool))
        .map(|tool| tool.install)
        .collect();
    match missing.is_empty() {
        true => Ok(()),
        false => bail!("to deploy, install\n  {}", missing.join("\n  ")),
    }
}

fn is_there(tool: &Tool) -> bool {
    let mut probe = Command::new(tool.program);
    let probe = probe
        .args(tool.probe)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    matches!(probe.stderr(Stdio::null()).status(), Ok(status) if status.success())
}

fn build(arguments: &Arguments) -> anyhow::Result<Vec<String>> {
    let name = arguments
        .template
        .file_name()
        .context("--template names no file")?;
    let name = name.to_str().context("--template is no text")?;
    // Building Rust is called a beta feature, and asked about otherwise.
    let mut build = words(&["build", "--beta-features", "--template-file", name]);
    build.extend(overrides(arguments));
    Ok(build)
}

fn rollout(arguments: &Arguments) -> Vec<String> {
    let Arguments { stack, sam, .. } = arguments;
    let mut deploy = words(&[
        "deploy",
        "--template-file",
        BUILT_TEMPLATE,
        "--stack-name",
        &stack.stack,
        "--resolve-s3",
        "--no-fail-on-empty-changeset",
        "--capabilities",
        "CAPABILITY_IAM",
        "CAPABILITY_AUTO_EXPAND",
    ]);
    if let Some(region) = &stack.region {
        deploy.extend(words(&["--region", region]));
    }
    deploy.extend(overrides(arguments));
    deploy.extend(sam.iter().cloned());
    deploy
}

/// The parameters. What is built must be what is deployed: an architecture that is not told here would be the
/// default of the one and the previous value of the other.
fn overrides(arguments: &Arguments) -> Vec<String> {
    let mut overrides = words(&["--parameter-overrides"]);
    overrides.extend(
        arguments
            .parameters
            .iter()
            .map(|parameter| quoted(parameter)),
    );
    let mut told = arguments.parameters.iter();
    if !told.any(|parameter| parameter.starts_with("Architecture=")) {
        overrides.push(DEFAULT_ARCHITECTURE.to_owned());
    }
    overrides
}

/// The AWS SAM CLI takes a value apart at blanks and quotes: JSON is in quotes of its own.
fn quoted(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((name, value)) if value.contains([' ', '"']) => {
            format!("{name}=\"{}\"", value.replace('"', "\\\""))
        }
        _ => parameter.to_owned(),
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// Runs the AWS SAM CLI. What it says is said on standard error: the result is what comes after it.
fn sam(folder: &Path, arguments: &[String]) -> anyhow::Result<()> {
    eprintln!("$ sam {}", arguments.join(" "));
    let mut sam = Command::new("sam");
    let sam = sam.args(arguments).current_dir(folder).stdout(io::stderr());
    let status = sam.status().context("sam")?;
    match status.success() {
        true => Ok(()),
        false => bail!("sam {} did not succeed: {status}", arguments[0]),
    }
}

/// Where the stack is, and how it is used.
fn summary(stack: &Stack) -> String {
    let output = |name| stack.output(name).unwrap_or_default();
    let Stack { name, region, .. } = stack;
    let mut lines = vec![
        format!("The stack {name} in {region}"),
        format!("  Endpoint        {}", output("Endpoint")),
        format!("  Administrators  {}", output("AdminEndpoint")),
        format!("  Function URL    {}", output("FunctionUrl")),
    ];
    match stack.output("KeysEndpoint") {
        Some(endpoint) => lines.extend([
            format!("  Keys            {endpoint}"),
            String::new(),
            format!("  segno keys create --stack {name} --region {region} --operations '*'"),
            format!("  export AWS_ENDPOINT_URL_SFN={endpoint}"),
        ]),
        None => lines.extend([
            String::new(),
            "  Requests to the endpoint are signed for execute-api. SDKs sign for states: `--parameter Keys=on`"
                .into(),
            "  gives them an endpoint of their own.".into(),
        ]),
    }
    lines.join("\n")
}
