//! `segno console`: a link to the console of a stack in an account.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, bail};
use segno_integrations::{
    CallOutcome, api_gateway,
    services::{Caller, Services},
};
use serde_json::{Value, json};

use crate::{
    aws::{self, Aws, Choice},
    environment,
    stack::{self, told},
    terminal::print,
};

/// Print a link to the console of a deployed stack. It lets one browser in, within a minute.
///
/// The stack must have been deployed with the parameter Console=on or Console=read-only.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The stack.
    #[arg(long, value_name = "NAME", default_value = "segno")]
    stack: String,

    /// Where the stack's API is, instead of its name: its output Endpoint.
    #[arg(long, value_name = "URL", conflicts_with = "stack")]
    endpoint: Option<String>,

    /// The region of the stack. Default: AWS_REGION, then AWS_DEFAULT_REGION, then us-east-1.
    #[arg(long)]
    region: Option<String>,
}

/// How long the API may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) async fn console(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let region = arguments.region.unwrap_or_else(environment::region);
    // What stands in for AWS is named by the environment, as for any AWS tool.
    let is_aws = environment::endpoints().is_empty();
    let Aws { clients, apis, .. } =
        aws::connect(is_aws.then_some(&Choice::Account), &region, None).await?;
    let services = Services::new(clients);
    let endpoint = match arguments.endpoint {
        Some(endpoint) => endpoint,
        None => endpoint_of(&services, &arguments.stack)
            .await
            .with_context(|| format!("the stack {} in {region}", arguments.stack))?,
    };
    let endpoint = endpoint.trim_end_matches('/');
    let apis = apis.context(
        "AWS_ENDPOINT_URL_EXECUTE_API is not set: it says where the APIs of what stands in for AWS are",
    )?;
    let credentials = services.clients(Caller::default()).credentials();
    let client = api_gateway::Client::new(apis);
    let request = request(endpoint)?.to_string();
    let answer = client.call(&request, credentials, PATIENCE).await;
    let path = path(answer, endpoint)?;
    print(&format!("{endpoint}{path}"));
    Ok(ExitCode::SUCCESS)
}

/// Where the API of a stack is.
async fn endpoint_of(services: &Services, stack: &str) -> anyhow::Result<String> {
    let mut outputs = stack::outputs_of(services, stack).await?;
    outputs
        .remove("Endpoint")
        .context("it has no output Endpoint")
}

/// What asks for a link, as the parameters of a task that calls an API.
fn request(endpoint: &str) -> anyhow::Result<Value> {
    let host = endpoint
        .strip_prefix("https://")
        .with_context(|| format!("--endpoint {endpoint}: it must begin with https://"))?;
    Ok(json!({
        "ApiEndpoint": host,
        "Method": "POST",
        "Path": "/admin/console",
        "RequestBody": {},
        "AuthType": "IAM_ROLE",
    }))
}

/// The path of the link, on the host of the API.
fn path(answer: CallOutcome, endpoint: &str) -> anyhow::Result<String> {
    let answer = match answer {
        Ok(answer) => serde_json::from_str::<Value>(&answer)?,
        Err(error) if error.name.as_deref() == Some("ApiGateway.404") => bail!(
            "{endpoint} has no console: deploy the stack with the parameter Console=on, or \
             Console=read-only"
        ),
        Err(error) => return Err(told(error)),
    };
    let path = answer["ResponseBody"]["path"].as_str();
    let path = path.with_context(|| format!("{endpoint} does not give a link: {answer}"))?;
    Ok(path.to_owned())
}
