//! The parameters of a task, field by field: what is wrong with any of them is told at once, in AWS's
//! words.

use http::{HeaderName, HeaderValue, Method};
use segno_asl::errors::{StateError, names};
use serde_json::{Map, Value};

/// The methods that an HTTP Task and a task of API Gateway may have.
const METHODS: [Method; 7] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::PATCH,
    Method::OPTIONS,
    Method::HEAD,
];

/// Fields that have not been looked at, and what is wrong with those that have.
pub(crate) struct Fields<'a> {
    text: &'a str,
    members: Map<String, Value>,
    problems: Vec<String>,
}

/// A header as it is sent.
pub(crate) type Header = (HeaderName, HeaderValue);

impl<'a> Fields<'a> {
    /// Reads the parameters of a task.
    pub(crate) fn read(text: &'a str) -> Result<Self, StateError> {
        match serde_json::from_str(text) {
            Ok(Value::Object(members)) => Ok(Self {
                text,
                members,
                problems: Vec::new(),
            }),
            Ok(_) | Err(_) => Err(refusal(text, &["The value is not a JSON object".into()])),
        }
    }

    /// A field that may be left out; `null` is as good as nothing.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        let value = self.members.shift_remove(name);
        value.filter(|value| !value.is_null())
    }

    /// A string.
    pub(crate) fn string(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            _ => self.invalid(name),
        }
    }

    /// A field that must be there, and have a form.
    pub(crate) fn required<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(String) -> Option<T>,
    ) -> Option<T> {
        if !self.members.contains_key(name) {
            return self.missing(name);
        }
        let read = self.string(name).and_then(read);
        if read.is_none() && !self.problems.contains(&invalid(name)) {
            return self.invalid(name);
        }
        read
    }

    /// `Method`, of an HTTP Task or a task of API Gateway.
    pub(crate) fn method(&mut self) -> Option<Method> {
        self.method_of(&METHODS)
    }

    /// `Method`, which is one of these.
    pub(crate) fn method_of(&mut self, methods: &[Method]) -> Option<Method> {
        if !self.members.contains_key("Method") {
            return self.missing("Method");
        }
        let named = self.string("Method")?;
        let method = methods.iter().find(|method| method.as_str() == named);
        if method.is_none() {
            let list: Vec<_> = methods.iter().map(Method::as_str).collect();
            let list = list.join(", ");
            self.problem(format!(
                "The field 'Method' should have one of these values: [{list}]"
            ));
        }
        method.cloned()
    }

    /// An object of lists: each name with each of its values.
    pub(crate) fn lists(&mut self, name: &str) -> Vec<(String, String)> {
        let Some(value) = self.take(name) else {
            return Vec::new();
        };
        let listed = listed(&value);
        if listed.is_none() {
            self.invalid::<()>(name);
        }
        listed.unwrap_or_default()
    }

    /// Makes headers of names and values, without those that a definition must not have.
    pub(crate) fn headers(
        &mut self,
        values: Vec<(String, String)>,
        is_forbidden: fn(&str) -> bool,
    ) -> Vec<Header> {
        let mut headers = Vec::new();
        let mut forbidden = Vec::new();
        for (name, value) in values {
            let lower = name.to_ascii_lowercase();
            if is_forbidden(&lower) {
                forbidden.push(lower);
                continue;
            }
            match header(&name, &value) {
                Some(header) => headers.push(header),
                None => drop(self.invalid::<()>("Headers")),
            }
        }
        forbidden.dedup();
        if !forbidden.is_empty() {
            let list = forbidden.join(", ");
            self.problem(format!(
                "The 'Headers' field contains unsupported values: [{list}]"
            ));
        }
        headers
    }

    /// A field must be there.
    pub(crate) fn missing<T>(&mut self, name: &str) -> Option<T> {
        self.problem(format!("The field '{name}' is required but was missing"));
        None
    }

    /// A field has a value that it cannot have.
    pub(crate) fn invalid<T>(&mut self, name: &str) -> Option<T> {
        self.problem(invalid(name));
        None
    }

    pub(crate) fn problem(&mut self, problem: String) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// `States.Runtime` if anything is wrong, or if there are fields that nobody has taken.
    pub(crate) fn end(mut self) -> Result<(), StateError> {
        let unknown: Vec<String> = self.members.keys().cloned().collect();
        for name in unknown {
            self.problem(format!(
                "The field '{name}' is not supported by Step Functions"
            ));
        }
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(refusal(self.text, &self.problems))
        }
    }
}

/// Parameters that a task cannot be started with.
pub(crate) fn refusal(parameters: &str, problems: &[String]) -> StateError {
    let list = problems.join(", ");
    let cause =
        format!("The Parameters '{parameters}' could not be used to start the Task: [{list}]");
    StateError::new(names::RUNTIME, cause)
}

/// A header, if it can be sent.
pub(crate) fn header(name: &str, value: &str) -> Option<Header> {
    let name = HeaderName::try_from(name).ok()?;
    let value = HeaderValue::try_from(value).ok()?;
    Some((name, value))
}

/// A string, number or boolean as text.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The names of an object of lists, with each of their values.
pub(crate) fn listed(value: &Value) -> Option<Vec<(String, String)>> {
    let mut listed = Vec::new();
    for (name, values) in value.as_object()? {
        let values = values.as_array()?.iter().map(scalar);
        for value in values.collect::<Option<Vec<_>>>()? {
            listed.push((name.clone(), value));
        }
    }
    Some(listed)
}

fn invalid(name: &str) -> String {
    format!("The value of the field '{name}' has an invalid format")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let text = r#"{"Method":"FETCH","Path":7,"Colour":"red"}"#;
        let mut fields = Fields::read(text).unwrap();
        fields.method();
        fields.string("Path");
        fields.required("ApiEndpoint", Some);
        let error = fields.end().unwrap_err();
        assert_eq!(error.name.as_deref(), Some("States.Runtime"));
        assert_eq!(
            error.cause.unwrap(),
            format!(
                "The Parameters '{text}' could not be used to start the Task: \
                 [The field 'Method' should have one of these values: \
                 [GET, POST, PUT, DELETE, PATCH, OPTIONS, HEAD], \
                 The value of the field 'Path' has an invalid format, \
                 The field 'ApiEndpoint' is required but was missing, \
                 The field 'Colour' is not supported by Step Functions]"
            )
        );
    }

    #[test]
    fn forbidden_headers_are_told_in_lower_case() {
        let mut fields = Fields::read("{}").unwrap();
        let values = [("Authorization", "a"), ("X-Id", "b"), ("X-Break", "c\nd")];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let headers = fields.headers(values.into(), |name| name == "authorization");
        assert_eq!(headers, [header("x-id", "b").unwrap()]);
        let cause = fields.end().unwrap_err().cause.unwrap();
        assert!(
            cause.ends_with(
                "[The value of the field 'Headers' has an invalid format, \
                 The 'Headers' field contains unsupported values: [authorization]]"
            ),
            "{cause}"
        );
    }
}
