//! What every function's `main` needs: its configuration from the environment, its logs, the engine, and
//! the forms of what invokes it.

pub mod batch;
pub mod callback;
mod connect;
pub mod console;
pub mod environment;
pub mod http;
mod keys;
mod logs;
mod metrics;
pub mod resource;
mod status;
pub mod step;
pub mod trigger;

use segno_api::Api;
use segno_aws::{AwsBackend, tasks::AwsInvoker};
use segno_engine::{Engine, clock::SystemClock};

pub use self::{
    connect::{connect, connect_with_keys},
    environment::Environment,
    keys::KeyRing,
    logs::log,
    metrics::Metrics,
};

/// The engine of a deployed stack.
pub type AwsEngine = Engine<AwsBackend, AwsInvoker, SystemClock>;

/// The API of a deployed stack.
pub type AwsApi = Api<AwsBackend, AwsInvoker, SystemClock>;
