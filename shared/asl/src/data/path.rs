//! Paths as the fields of a definition have them.

use std::borrow::Cow;

use super::{
    json_path::{InvalidPath, JsonPath, PathError},
    reference_path::ReferencePath,
    scope::Scope,
    value::Value,
};
use crate::errors::EvaluationError;

/// A path with its root: `$…` reads the input, `$$…` the context object, `$name…` a variable.
///
/// Spec: [Paths](https://states-language.net/spec.html#paths).
#[derive(Debug, Clone)]
pub struct Path {
    text: Box<str>,
    root: Root,
    path: JsonPath,
}

/// What a path starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// `$`: the document that the field is about.
    Input,
    /// `$$`: the context object.
    Context,
    /// `$name`: a variable.
    Variable(Box<str>),
}

impl Path {
    /// Compiles the text of a field.
    ///
    /// # Errors
    ///
    /// [`InvalidPath`] says what is wrong with the text.
    pub fn compile(text: &str) -> Result<Self, InvalidPath> {
        let (root, path) = if let Some(rest) = text.strip_prefix("$$") {
            (Root::Context, JsonPath::compile(&format!("${rest}"))?)
        } else if let Some((name, rest)) = variable_prefix(text) {
            (
                Root::Variable(name.into()),
                JsonPath::compile(&format!("${rest}"))?,
            )
        } else {
            (Root::Input, JsonPath::compile(text)?)
        };
        Ok(Self {
            text: text.into(),
            root,
            path,
        })
    }

    /// The path, if it leads to a single place.
    ///
    /// # Errors
    ///
    /// It may match more than one (`*`, `..`, `[1:]`, `[0,1]`, `[?(…)]`).
    ///
    /// Spec: [Reference paths](https://states-language.net/spec.html#ref-paths).
    pub fn into_reference(self) -> Result<Self, InvalidPath> {
        ReferencePath::compile(self.path.text())?;
        Ok(self)
    }

    /// The path as the definition has it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The path within what it starts from: `$.x` of `$.x`, of `$$.x` and of `$name.x`.
    pub fn within_root(&self) -> &str {
        self.path.text()
    }

    /// What it starts from.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The variable that it starts from, if it is one.
    pub fn variable(&self) -> Option<&str> {
        match &self.root {
            Root::Variable(name) => Some(name),
            Root::Input | Root::Context => None,
        }
    }

    /// `$`: the whole input, untouched.
    pub fn is_whole_input(&self) -> bool {
        self.root == Root::Input && self.path.text() == "$"
    }

    /// What the path selects: one value if it is definite, else an array of all matches.
    ///
    /// # Errors
    ///
    /// [`PathError`] in the words of the JSONPath library that AWS uses.
    pub fn read<'a>(&self, scope: &Scope<'a>) -> Result<Cow<'a, Value>, PathError> {
        match &self.root {
            Root::Input => self.path.read(scope.document),
            Root::Context => self.path.read(scope.surroundings.context()),
            Root::Variable(name) => match scope.surroundings.variable(name) {
                Some(value) => self.path.read(value),
                None => Err(PathError::NotFound(format!(
                    "Variable '{name}' is not assigned"
                ))),
            },
        }
    }

    /// As [`read`](Self::read), for the fields that select data (`InputPath`, `OutputPath`,
    /// `ItemsPath`, `TimeoutSecondsPath`, …).
    ///
    /// # Errors
    ///
    /// `States.Runtime`, "Invalid path '…' : …".
    pub fn select<'a>(&self, scope: &Scope<'a>) -> Result<Cow<'a, Value>, EvaluationError> {
        self.read(scope).map_err(|error| {
            EvaluationError::runtime(format!("Invalid path '{}' : {error}", self.text))
        })
    }
}

/// Splits `$name.rest` into `name` and `.rest`, if the text starts with a variable.
fn variable_prefix(text: &str) -> Option<(&str, &str)> {
    let after = text.strip_prefix('$')?;
    let length = after.find(['.', '[']).unwrap_or(after.len());
    let (name, rest) = after.split_at(length);
    (!name.is_empty()).then_some((name, rest))
}
