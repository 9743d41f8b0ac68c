//! Logs of the functions: a JSON object a line, as CloudWatch Logs reads them.

use tracing_subscriber::EnvFilter;

/// Begins to log. `RUST_LOG` says what, as usual; without it, what AWS's clients say is left out.
pub fn log() {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,segno=info"));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        // CloudWatch has the time of each line.
        .without_time()
        .with_env_filter(filter)
        .init();
}
