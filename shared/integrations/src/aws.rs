//! Any action of any AWS service, through one client: what differs between services is data.
//!
//! Requests and responses are written and read by the codecs of the official SDK, on its runtime, from
//! schemas that are built of a table of all services.

mod client;
mod customizations;
mod discovery;
mod endpoint;
mod error;
pub(crate) mod model;
mod operation;
pub mod preview;
mod roles;
mod schema;
mod timestamp;
mod value;

#[cfg(test)]
pub(crate) use self::model::{Shape, Target};
pub use self::{
    client::{Client, Clients, Limits, Reach},
    model::{Operation, Service},
    operation::Response,
    roles::Role,
    value::Naming,
};
pub(crate) use self::{error::ErrorStyle, roles::NotAssumed};
