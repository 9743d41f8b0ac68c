//! `segno dev`: a local server that speaks the Step Functions API.

mod guard;
mod server;

use std::{net::Ipv4Addr, process::ExitCode, sync::Arc};

use anyhow::{Context, bail};
use segno_api::{Api, Config};
use segno_engine::{Engine, clock::SystemClock, memory::MemoryStore};
use segno_integrations::lambda::{Endpoint, Lambda};
use tokio::net::TcpListener;

use crate::{environment, invoker::LocalInvoker};

/// Serve the Step Functions API on this machine.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Keep everything in memory: it is gone when the server stops.
    #[arg(long)]
    ephemeral: bool,

    /// The port to listen on, at 127.0.0.1.
    #[arg(long, default_value_t = 8083)]
    port: u16,

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
}

pub(crate) async fn dev(arguments: Arguments) -> anyhow::Result<ExitCode> {
    if !arguments.ephemeral {
        bail!("the durable store is not there yet: add --ephemeral to keep everything in memory");
    }
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing::Level::WARN)
        .init();
    let region = arguments.region.unwrap_or_else(environment::region);
    let account_id = arguments.account_id.unwrap_or_else(environment::account_id);
    if account_id.len() != 12 || !account_id.bytes().all(|b| b.is_ascii_digit()) {
        bail!("--account-id {account_id}: an account id has 12 digits");
    }
    let address = (Ipv4Addr::LOCALHOST, arguments.port);
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!(
            "cannot listen on 127.0.0.1:{}; --port takes another",
            arguments.port
        )
    })?;
    let port = listener.local_addr()?.port();

    let endpoint = lambda_endpoint(port)?;
    banner(port, &region, &account_id, endpoint.as_ref());
    let lambda =
        endpoint.map(|endpoint| Lambda::new(endpoint, region.clone(), environment::credentials()));
    let invoker = LocalInvoker::new(&arguments.lambdas, lambda)?.with_api();
    let engine = Engine::new(MemoryStore::default(), invoker, SystemClock);
    let worker = engine.clone();
    tokio::spawn(async move { worker.work().await });
    let api = Arc::new(Api::new(engine, Config { region, account_id }));
    axum::serve(listener, server::router(api))
        .with_graceful_shutdown(interrupted())
        .await?;
    Ok(ExitCode::SUCCESS)
}

async fn interrupted() {
    // Without the signal there is nothing to wait for: the server stops when it is killed.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Where Lambda is. An endpoint that is this server itself is no Lambda: whoever exports
/// `AWS_ENDPOINT_URL` for the AWS CLI has it in this shell, too.
fn lambda_endpoint(own_port: u16) -> anyhow::Result<Option<Endpoint>> {
    let Some((variable, endpoint)) = environment::lambda_endpoint()? else {
        return Ok(None);
    };
    if is_own(&endpoint, own_port) {
        eprintln!("{variable}={endpoint} is this server: it is not used for Lambda");
        return Ok(None);
    }
    Ok(Some(endpoint))
}

fn is_own(endpoint: &Endpoint, own_port: u16) -> bool {
    let text = endpoint.to_string();
    let authority = text.strip_prefix("http://").unwrap_or(&text);
    let authority = authority.split('/').next().unwrap_or(authority);
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
    port.parse() == Ok(own_port) && guard::is_loopback(host)
}

fn banner(port: u16, region: &str, account_id: &str, lambda: Option<&Endpoint>) {
    let lambda = lambda.map_or(
        "none (AWS_ENDPOINT_URL_LAMBDA, or --lambda NAME=TARGET)".into(),
        ToString::to_string,
    );
    eprintln!("Segno {}", env!("CARGO_PKG_VERSION"));
    eprintln!("  Endpoint   http://localhost:{port}");
    eprintln!("  Store      memory: everything is gone when the server stops");
    eprintln!("  Account    {account_id} in {region}");
    eprintln!("  Lambda     {lambda}");
    eprintln!();
    eprintln!("  export AWS_ENDPOINT_URL_SFN=http://localhost:{port}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_own(url: &str) -> bool {
        super::is_own(&Endpoint::parse(url).unwrap(), 8083)
    }

    #[test]
    fn this_server_is_no_lambda_by_any_of_its_names() {
        for url in [
            "http://localhost:8083",
            "http://127.0.0.1:8083/",
            "http://[::1]:8083",
            "http://sfn.localhost:8083",
        ] {
            assert!(is_own(url), "{url}");
        }
    }

    #[test]
    fn another_port_or_another_host_may_be_lambda() {
        for url in [
            "http://localhost:9000",
            "http://localhost",
            "http://lambda.test:8083",
        ] {
            assert!(!is_own(url), "{url}");
        }
    }
}
