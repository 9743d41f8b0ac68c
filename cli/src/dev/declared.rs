//! State machines as files declare them, before the API has seen them.

use std::{ops::Range, path::Path, sync::Arc};

use segno_asl::definition::{
    Diagnostic, MachineType, Severity,
    places::Document,
    tokens::{self, Substitutions},
};
use serde_json::Value;

use crate::{
    definition::{Source, machine_name},
    findings::{self, Finding},
    terminal::Palette,
};

/// A state machine that a file declares.
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) machine_type: MachineType,
    pub(super) role_arn: Option<String>,
    /// As CreateStateMachine takes it.
    pub(super) logging: Option<Value>,
    /// The definition, with its tokens filled in.
    pub(super) definition: Value,
    written: Written,
    /// Whether `definition` says what the text of the source says, so that the text can be kept.
    is_as_written: bool,
}

/// Where a definition stands.
#[derive(Clone)]
pub(super) struct Written {
    pub(super) source: Arc<Source>,
    pub(super) document: Arc<Document>,
    /// JSON Pointer into the document.
    pub(super) at: String,
}

/// Why there is no state machine, for the terminal.
pub(super) enum Problem {
    /// With the lines it is about.
    Framed(Arc<Source>, Box<Finding>),
    /// In a sentence.
    Plain(String),
}

impl Problem {
    /// Where in its text it is.
    pub(super) fn start(&self) -> usize {
        match self {
            Self::Framed(_, finding) => finding.place.start,
            Self::Plain(_) => 0,
        }
    }

    pub(super) fn render(&self, palette: Palette) -> String {
        match self {
            Self::Framed(source, finding) => findings::frame(source, finding, palette),
            Self::Plain(text) => format!("error: {text}"),
        }
    }

    /// An error that no other part of Segno reports, at a JSON Pointer.
    pub(super) fn at(
        written: &Written,
        code: &'static str,
        location: &str,
        message: String,
    ) -> Self {
        let place = written.document.place(location);
        let diagnostic = error(code, location, message);
        Self::Framed(
            Arc::clone(&written.source),
            Box::new(Finding { diagnostic, place }),
        )
    }
}

fn error(code: &'static str, location: &str, message: String) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        code,
        message,
        location: Some(location.to_owned()),
        pointer: location.to_owned(),
        help: None,
    }
}

impl Written {
    /// A whole text.
    pub(super) fn whole(source: Source) -> Result<Self, Problem> {
        let source = Arc::new(source);
        match source.document() {
            Ok(document) => Ok(Self {
                source,
                document: Arc::new(document),
                at: String::new(),
            }),
            Err(refused) => Err(Problem::Framed(source, Box::new(refused.into()))),
        }
    }
}

impl Declared {
    /// The state machine of a definition on its own. It is called as the file is.
    pub(super) fn of_file(path: &Path, substitutions: &Substitutions) -> Result<Self, Problem> {
        let written = Written::whole(read(path)?)?;
        let definition = written.document.value.clone();
        let name = machine_name(path);
        Ok(Self::new(name, written, &definition, substitutions))
    }

    /// A state machine of type STANDARD. `definition` is what stands there, with the functions of a
    /// template resolved.
    pub(super) fn new(
        name: String,
        written: Written,
        definition: &Value,
        substitutions: &Substitutions,
    ) -> Self {
        let filled = tokens::fill(definition, substitutions);
        let is_whole_json = written.at.is_empty() && !written.source.is_yaml;
        Self {
            name,
            machine_type: MachineType::Standard,
            role_arn: None,
            logging: None,
            is_as_written: is_whole_json && filled == written.document.value,
            definition: filled,
            written,
        }
    }

    /// The text that the API is given: as it was written, where that is possible.
    pub(super) fn text(&self) -> String {
        match self.is_as_written {
            true => self.written.source.text.clone(),
            false => format!("{:#}", self.definition),
        }
    }

    /// The file that it stands in.
    pub(super) fn file(&self) -> &str {
        &self.written.source.name
    }

    /// The errors of the definition. Warnings are what `segno validate` is for.
    pub(super) fn errors(&self) -> Vec<Problem> {
        let Written {
            source,
            document,
            at,
        } = &self.written;
        let found = findings::check(document, at, &self.definition, self.machine_type);
        let mut problems: Vec<Problem> = found
            .into_iter()
            .filter(|finding| finding.diagnostic.is_error())
            .map(|finding| Problem::Framed(Arc::clone(source), Box::new(finding)))
            .collect();
        for name in tokens::names(&self.definition) {
            problems.push(self.open_token(&name));
        }
        problems
    }

    fn open_token(&self, name: &str) -> Problem {
        let source = &self.written.source;
        let mut diagnostic = error(
            "TOKEN_WITHOUT_VALUE",
            "",
            format!("${{{name}}} has no value"),
        );
        diagnostic.help = Some(format!("give it one with --substitute {name}=VALUE"));
        let token = format!("${{{name}}}");
        let place = match source.text.find(&token) {
            Some(start) => start..start + token.len(),
            None => self.written.document.place(&self.written.at),
        };
        self.problem(diagnostic, place)
    }

    /// What is wrong with the task of a state: nothing performs it. What stands behind a semicolon is
    /// how to mend that.
    pub(super) fn unperformed(&self, state: &str, why: &str) -> Problem {
        let location = state_pointer(&self.definition, state).unwrap_or_default();
        let location = format!("{}{location}/Resource", self.written.at);
        let (message, help) = why.split_once("; ").unwrap_or((why, ""));
        let mut diagnostic = error("NOT_SUPPORTED", &location, message.to_owned());
        diagnostic.help = Some(help.to_owned()).filter(|help| !help.is_empty());
        self.problem(diagnostic, self.written.document.place(&location))
    }

    fn problem(&self, diagnostic: Diagnostic, place: Range<usize>) -> Problem {
        let source = Arc::clone(&self.written.source);
        Problem::Framed(source, Box::new(Finding { diagnostic, place }))
    }
}

pub(super) fn read(path: &Path) -> Result<Source, Problem> {
    let path = path.to_string_lossy();
    let path = path.strip_prefix("./").unwrap_or(&path);
    Source::read(path).map_err(|error| Problem::Plain(format!("{error:#}")))
}

/// JSON Pointer to a state, however deep it is. Names are unique within a definition.
fn state_pointer(definition: &Value, state: &str) -> Option<String> {
    match definition {
        Value::Object(members) => {
            if members
                .get("States")
                .and_then(|states| states.get(state))
                .is_some()
            {
                return Some(format!(
                    "/States/{}",
                    state.replace('~', "~0").replace('/', "~1")
                ));
            }
            members.iter().find_map(|(name, member)| {
                let inner = state_pointer(member, state)?;
                Some(format!(
                    "/{}{inner}",
                    name.replace('~', "~0").replace('/', "~1")
                ))
            })
        }
        Value::Array(elements) => elements.iter().enumerate().find_map(|(index, element)| {
            Some(format!("/{index}{}", state_pointer(element, state)?))
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_state_is_found_however_deep_it_is() {
        let definition = json!({ "StartAt": "P", "States": { "P": { "Branches": [
            { "States": { "x": {} } }, { "States": { "a/b": {} } } ] } } });
        assert_eq!(state_pointer(&definition, "P").unwrap(), "/States/P");
        let deep = state_pointer(&definition, "a/b").unwrap();
        assert_eq!(deep, "/States/P/Branches/1/States/a~1b");
        assert_eq!(definition.pointer(&deep), Some(&json!({})));
        assert_eq!(state_pointer(&definition, "nowhere"), None);
    }
}
