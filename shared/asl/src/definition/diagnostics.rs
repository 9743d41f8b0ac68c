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
    /// A warning: text that looks like a path, in a field whose name does not end in `.$`.
    pub const NO_DOLLAR: &str = "NO_DOLLAR";
    /// A warning: a path in the `Result` of a Pass state, where nothing is evaluated.
    pub const PASS_RESULT_IS_STATIC: &str = "PASS_RESULT_IS_STATIC";
    /// A warning: a state from which no way leads to an end.
    pub const NO_WAY_TO_AN_END: &str = "NO_WAY_TO_AN_END";
    /// A warning: a task that may wait for its token until the execution is a year old.
    pub const NO_TIMEOUT: &str = "NO_TIMEOUT";
    /// A warning: an error name that begins with `States.`, and is none of the language.
    pub const UNKNOWN_ERROR_NAME: &str = "UNKNOWN_ERROR_NAME";
    /// A warning: the last of two members of the same name is the one that counts.
    pub const DUPLICATE_KEY: &str = "DUPLICATE_KEY";
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
    /// What might have been meant. Not in AWS's words, so never in its answers.
    pub help: Option<String>,
}

impl Diagnostic {
    pub(crate) fn error(
        code: &'static str,
        location: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            location: location.into(),
            help: None,
        }
    }

    pub(crate) fn warning(
        code: &'static str,
        location: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, location, message)
        }
    }

    /// Whether the definition cannot run.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
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
