//! What is wrong with a definition: all of it at once, each with its place.

use std::fmt;

use super::Location;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The definition cannot run.
    Error,
    /// It can run, but hardly as meant.
    Warning,
    /// It can run as meant, and there is something to know.
    Note,
}

impl Severity {
    /// As programs read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// The codes that ValidateStateMachineDefinition reports, and ours.
///
/// AWS: [ValidateStateMachineDefinitionDiagnostic](https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinitionDiagnostic.html).
pub mod codes {
    /// Not JSON at all.
    pub const INVALID_JSON: &str = "INVALID_JSON_DESCRIPTION";
    /// JSON, but not the language.
    pub const SCHEMA: &str = "SCHEMA_VALIDATION_FAILED";
    /// A transition that leads nowhere, or a state that nothing leads to.
    pub const MISSING_TARGET: &str = "MISSING_TRANSITION_TARGET";
    /// No state at which an execution could end.
    pub const MISSING_END: &str = "MISSING_END_STATE";
    /// Two states of one name.
    pub const DUPLICATE_STATE: &str = "DUPLICATE_STATE_NAME";
    /// A name that no state may have.
    pub const INVALID_STATE: &str = "INVALID_STATE_NAME";
    /// Two Map states with one label.
    pub const DUPLICATE_LABEL: &str = "DUPLICATE_LABEL_NAME";
    /// A label that no Map state may have.
    pub const INVALID_LABEL: &str = "INVALID_LABEL_NAME";
    /// A name that no variable may have.
    pub const INVALID_VARIABLE: &str = "INVALID_VARIABLE_NAME";
    /// `states`, which is the language's own.
    pub const RESERVED_VARIABLE: &str = "RESERVED_VARIABLE_NAME";
    /// An expression that is no JSONata.
    pub const INVALID_JSONATA: &str = "INVALID_JSONATA_EXPRESSION";
    /// JSONata, but not what can be evaluated where it stands.
    pub const UNSUPPORTED_JSONATA: &str = "UNSUPPORTED_JSONATA_EXPRESSION";
    /// Ours: the language, but a part of it that this version does not run.
    pub const NOT_SUPPORTED: &str = "NOT_SUPPORTED";
    /// A warning: text that looks like a path, in a field whose name does not end in `.$`.
    pub const NO_DOLLAR: &str = "NO_DOLLAR";
    /// A warning: a path in the `Result` of a Pass state, where nothing is evaluated.
    pub const PASS_RESULT_IS_STATIC: &str = "PASS_RESULT_IS_STATIC";
    /// A warning of ours: a state from which no way leads to an end.
    pub const NO_WAY_TO_AN_END: &str = "NO_WAY_TO_AN_END";
    /// A warning of ours: a state that no execution comes to, though another one leads to it.
    pub const UNREACHABLE: &str = "UNREACHABLE_STATE";
    /// A warning of ours: a task that may wait for its token until the execution is a year old.
    pub const NO_TIMEOUT: &str = "NO_TIMEOUT";
    /// A warning of ours: an error name that begins with `States.`, and is none of the language.
    pub const UNKNOWN_ERROR_NAME: &str = "UNKNOWN_ERROR_NAME";
    /// A warning of ours: a function of CloudFormation where its value should be.
    pub const UNRESOLVED_INTRINSIC: &str = "UNRESOLVED_INTRINSIC";
    /// A warning of ours: the last of two members of the same name is the one that counts.
    pub const DUPLICATE_KEY: &str = "DUPLICATE_KEY";
    /// A warning of ours: a service that AWS does not have.
    pub const UNKNOWN_SERVICE: &str = "UNKNOWN_SERVICE";
    /// A warning of ours: a service that AWS has closed.
    pub const RETIRED_SERVICE: &str = "RETIRED_SERVICE";
    /// A warning of ours: an action that its service does not have.
    pub const UNKNOWN_ACTION: &str = "UNKNOWN_ACTION";
    /// An action that its service has, and no task can call.
    pub const UNSUPPORTED_ACTION: &str = "UNSUPPORTED_ACTION";
    /// A warning of ours: a parameter that a call does not take.
    pub const UNKNOWN_PARAMETER: &str = "UNKNOWN_PARAMETER";
    /// A warning of ours: a call without a parameter that it needs.
    pub const MISSING_PARAMETER: &str = "MISSING_PARAMETER";
    /// A warning of ours: a parameter that is not what the call takes there.
    pub const PARAMETER_TYPE: &str = "PARAMETER_TYPE";
    /// A note of ours: a task that fails for good if a worker is lost.
    pub const LOST_ATTEMPT: &str = "LOST_ATTEMPT";
    /// A note of ours: what is beyond a limit of AWS that the open mode does not have.
    pub const NEEDS_OPEN_MODE: &str = "NEEDS_OPEN_MODE";
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
    /// Where, as AWS says it: `/States/Pay/Choices[0]`. `None` where AWS names no place.
    pub location: Option<String>,
    /// JSON Pointer to what it is about: at `location`, or at a field of the object there. Empty for
    /// the whole document.
    pub pointer: String,
    /// What might have been meant, or why. Not in AWS's words, so never in its answers.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A finding that no execution gets past, about a place that AWS names as well.
    pub fn error(code: &'static str, at: &Location, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            location: Some(at.to_string()),
            pointer: at.pointer().into(),
            help: None,
        }
    }

    /// A finding that stops nothing.
    pub fn warning(code: &'static str, at: &Location, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, at, message)
        }
    }

    pub(crate) fn note(code: &'static str, at: &Location, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Note,
            ..Self::error(code, at, message)
        }
    }

    /// Of a text that is no definition; `location` is where Jackson says so.
    pub(crate) fn unreadable(message: impl Into<String>, location: Option<String>) -> Self {
        Self {
            location,
            ..Self::error(codes::INVALID_JSON, &Location::default(), message)
        }
    }

    /// The finding about this place, while AWS names the object that it is in.
    pub(crate) fn about(self, place: &Location) -> Self {
        Self {
            pointer: place.pointer().into(),
            ..self
        }
    }

    /// The finding with what might have been meant, or why.
    pub fn with_help(self, help: impl fmt::Display) -> Self {
        Self {
            help: Some(help.to_string()),
            ..self
        }
    }

    /// Whether the definition cannot run.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Whether it is about a field that cannot stand where it does, and so about its name.
    pub fn is_about_field(&self) -> bool {
        self.code == codes::UNKNOWN_PARAMETER
            || self.message.starts_with("Field '") && self.message.ends_with("' is not supported")
    }
}

/// As InvalidDefinition has it.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        match &self.location {
            // The message of a text that is no JSON ends with the place already.
            _ if self.code == codes::INVALID_JSON => Ok(()),
            Some(location) => write!(f, " at {location}"),
            None => f.write_str(" at null"),
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
