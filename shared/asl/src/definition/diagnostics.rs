//! What is wrong with a definition: all of it at once, each with a JSON Pointer.

use std::fmt;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The definition cannot run.
    Error,
    /// It can run, but hardly as meant.
    Warning,
}

/// The codes that ValidateStateMachineDefinition reports.
pub mod codes {
    /// Not JSON at all.
    pub const INVALID_JSON: &str = "INVALID_JSON_DESCRIPTION";
    /// JSON, but not the language.
    pub const SCHEMA: &str = "SCHEMA_VALIDATION_FAILED";
    /// A `Next`, `Default` or `StartAt` that leads nowhere, or a state that nothing leads to.
    pub const MISSING_TARGET: &str = "MISSING_TRANSITION_TARGET";
    /// An expression that is no JSONata.
    pub const INVALID_JSONATA: &str = "INVALID_JSONATA_EXPRESSION";
    /// JSONata, but not what can be evaluated where it stands.
    pub const UNSUPPORTED_JSONATA: &str = "UNSUPPORTED_JSONATA_EXPRESSION";
    /// The language, but a part of it that this version does not run.
    pub const NOT_SUPPORTED: &str = "NOT_SUPPORTED";
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// One of [`codes`].
    pub code: &'static str,
    /// What is so, in AWS's words where they are known.
    pub message: String,
    /// JSON Pointer into the definition; empty if the text is no JSON object. The whole document is
    /// `/`, as AWS writes it.
    pub location: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        // The message of a text that is no JSON ends with the place already.
        if self.location.is_empty() || self.message.ends_with(&self.location) {
            Ok(())
        } else {
            write!(f, " at {}", self.location)
        }
    }
}

/// Why a definition was refused: at least one error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            diagnostic.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
