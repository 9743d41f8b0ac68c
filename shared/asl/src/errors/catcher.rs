//! `Catch`: where to go when retrying is over.
//!
//! Spec: [Fallback states](https://states-language.net/spec.html#fallback-states).

use super::ErrorPattern;
use crate::{
    data::{reference_path::ReferencePath, template::Template},
    definition::StateName,
};

/// One entry of a state's `Catch` array.
#[derive(Debug, Clone)]
pub struct Catcher {
    /// `ErrorEquals`: what is caught.
    pub error_equals: Vec<ErrorPattern>,
    /// `Next`: the state that takes over.
    pub next: StateName,
    /// Where the error output goes in the state's input. `ResultPath`, default `$`; `None` (JSON
    /// `null`) discards it.
    pub result_path: Option<ReferencePath>,
    /// `Output`, in JSONata; without it the error output is the output.
    pub output: Option<Template>,
    /// `Assign`: evaluated instead of the state's own.
    pub assign: Option<Template>,
}

impl Catcher {
    /// Whether an error of this name is caught.
    pub fn matches(&self, error: Option<&str>) -> bool {
        self.error_equals
            .iter()
            .any(|pattern| pattern.matches(error))
    }
}
