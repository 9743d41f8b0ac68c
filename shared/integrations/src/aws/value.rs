//! JSON as Step Functions writes it, to and from Smithy's data model.

mod read;
mod write;

pub(crate) use self::{
    read::read_output,
    write::{Structured, member_index},
};
use aws_smithy_schema::serde::SerdeError;

/// How the members of a response are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// As in the AWS SDK for Java 2.x: what `aws-sdk:` tasks return.
    Sdk,
    /// As in the model, with a capital: what optimized integrations return.
    Model {
        /// Lists that the service did not send are there, and empty.
        has_empty_lists: bool,
    },
}

fn refused(message: impl Into<String>) -> SerdeError {
    SerdeError::custom(message)
}
