//! `${Token}`: what SAM, CDK and Terraform fill in when they deploy a definition.
//!
//! A token stands inside a string, or in JSON for a whole value without quotes. A definition with
//! tokens is filled in, or checked as far as it can be while they are unknown.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use serde_json::{Map, Value};

use super::{Diagnostic, Location, MachineType, Resource, check_value, codes, location::keys};

/// Tokens and what they stand for.
pub type Substitutions = BTreeMap<String, Value>;

/// Begins a string that was a token without quotes. No definition has this character.
const BARE: char = '\u{7f}';

/// Puts the tokens that stand without quotes into strings, so that the text is JSON.
///
/// Every other byte stays where it is: `${Seconds}` becomes a string of the same length.
pub fn quote(text: &str) -> Cow<'_, str> {
    let mut quoted = Cow::Borrowed(text);
    let mut is_in_string = false;
    let mut rest = 0;
    while let Some(found) = text[rest..].find(['"', '\\', '$']) {
        let at = rest + found;
        rest = at + 1;
        match text.as_bytes()[at] {
            b'"' => is_in_string = !is_in_string,
            b'\\' => rest += text[rest..].chars().next().map_or(0, char::len_utf8),
            _ if is_in_string => {}
            _ => {
                if let Some(token) = first_token(&text[at..]) {
                    rest = at + token.place.end;
                    // As many bytes: `"`, the mark, and `"` for `${` and `}`.
                    let string = format!("\"{BARE}{}\"", &text[at + 2..rest - 1]);
                    quoted.to_mut().replace_range(at..rest, &string);
                }
            }
        }
    }
    quoted
}

/// A text that is a token and stands without quotes, as in YAML; any other text as it is.
pub(super) fn quote_whole(text: &str) -> Cow<'_, str> {
    match whole(text) {
        Some(name) => Cow::Owned(format!("{BARE}{name}")),
        None => Cow::Borrowed(text),
    }
}

/// A string as it is written, though it may be a token that stood without quotes.
pub fn written(text: &str) -> Cow<'_, str> {
    match text.strip_prefix(BARE) {
        Some(name) => Cow::Owned(format!("${{{name}}}")),
        None => Cow::Borrowed(text),
    }
}

struct Token<'a> {
    name: &'a str,
    place: Range<usize>,
}

/// The first token in a text. `${!Name}` is none: it escapes one.
fn next_token(text: &str) -> Option<Token<'_>> {
    let mut starts = text.match_indices("${").map(|(start, _)| start);
    starts.find_map(|start| {
        let Token { name, place } = first_token(&text[start..])?;
        let place = start..start + place.end;
        Some(Token { name, place })
    })
}

/// The token that a text begins with.
fn first_token(text: &str) -> Option<Token<'_>> {
    let inner = text.strip_prefix("${")?;
    // No further than to the next one: a text may be full of them.
    let (name, rest) = inner.split_at(inner.find(['}', '$'])?);
    let name = name.trim_matches(' ');
    (rest.starts_with('}') && is_name(name)).then(|| Token {
        name,
        place: 0..text.len() - rest.len() + 1,
    })
}

/// `Name`, `Name.Attribute`, `AWS::Region`, `Token[Name.7]`. Not `a:b`, which groups in JSONata.
fn is_name(name: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_.:[]-".contains(c);
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(is_name)
        && !name.replace("::", "").contains(':')
}

/// The name of the token that a string is, and is nothing else.
fn whole(text: &str) -> Option<&str> {
    if let Some(name) = text.strip_prefix(BARE) {
        return Some(name.trim_matches(' '));
    }
    let token = next_token(text)?;
    (token.place == (0..text.len())).then_some(token.name)
}

/// A text with its tokens replaced; what `replace` does not know stays.
fn replaced(text: &str, replace: &dyn Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(token) = next_token(rest) {
        filled += &rest[..token.place.start];
        match replace(token.name) {
            Some(value) => filled += &value,
            None => filled += &rest[token.place.clone()],
        }
        rest = &rest[token.place.end..];
    }
    filled + rest
}

/// The tokens of a definition.
pub fn names(definition: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(definition, &mut found);
    found
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    let mut collect_in = |text: &str| {
        if let Some(name) = text.strip_prefix(BARE) {
            found.insert(name.trim_matches(' ').into());
        }
        let mut rest = text;
        while let Some(token) = next_token(rest) {
            found.insert(token.name.into());
            rest = &rest[token.place.end..];
        }
    };
    match value {
        Value::String(text) => collect_in(text),
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, found)),
        Value::Object(members) => {
            members.keys().for_each(|key| collect_in(key));
            members.values().for_each(|member| collect(member, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A definition with its tokens filled in; those without a value stay.
///
/// As in CloudFormation it is text that is filled in: `"${Seconds}"` becomes a string, whatever the
/// value is, and `${Seconds}` the value.
pub fn fill(definition: &Value, substitutions: &Substitutions) -> Value {
    let text_of = |name: &str| match substitutions.get(name)? {
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    match definition {
        Value::String(text) => match text.strip_prefix(BARE) {
            Some(name) => match substitutions.get(name.trim_matches(' ')) {
                // What a command line gives is text; JSON is in it where it can be.
                Some(Value::String(text)) => {
                    serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into())
                }
                Some(value) => value.clone(),
                None => definition.clone(),
            },
            None => replaced(text, &text_of).into(),
        },
        Value::Array(elements) => elements
            .iter()
            .map(|element| fill(element, substitutions))
            .collect(),
        Value::Object(members) => {
            let members = members.iter().map(|(key, member)| {
                let key = replaced(key, &text_of);
                (key, fill(member, substitutions))
            });
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => definition.clone(),
    }
}

/// As [`check_value`], with tokens, each of which stands for something that is valid where it is; and
/// so does each function of CloudFormation, of which there is a warning.
pub fn check(definition: &Value, machine_type: MachineType) -> Vec<Diagnostic> {
    let supposed = stand_ins(definition);
    let mut found = check_value(&supposed, machine_type);
    if supposed == *definition && names(definition).is_empty() {
        return found;
    }
    found.retain(|diagnostic| !is_about_token(definition, diagnostic));
    if has_open_transition(definition) {
        found.retain(|diagnostic| !diagnostic.message.ends_with("is not reachable."));
    }
    template_functions(definition, &Location::default(), &mut found);
    found
}

/// Warns of what a template was to fill in.
fn template_functions(value: &Value, at: &Location, found: &mut Vec<Diagnostic>) {
    match value {
        Value::Object(members) => match template_function(members) {
            Some(name) => {
                let message = format!(
                    "{name} is a function of CloudFormation that is not resolved: \
                     whatever it comes to is taken to be valid here"
                );
                let code = codes::UNRESOLVED_INTRINSIC;
                found.push(Diagnostic::warning(code, at, message));
            }
            None => members
                .iter()
                .for_each(|(key, member)| template_functions(member, &at.member(key), found)),
        },
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .for_each(|(index, element)| template_functions(element, &at.element(index), found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A definition with something valid in the place of each token, as far as that can be known.
pub fn stand_ins(definition: &Value) -> Value {
    suppose("", definition)
}

fn is_about_token(definition: &Value, diagnostic: &Diagnostic) -> bool {
    if diagnostic.is_about_field() {
        let name = keys(&diagnostic.pointer).last().unwrap_or_default();
        return next_token(&name).is_some();
    }
    definition.pointer(&diagnostic.pointer).is_some_and(is_open)
}

/// Whether a value has tokens or functions of CloudFormation in it: it is not known before it is deployed.
pub fn is_open(value: &Value) -> bool {
    match value {
        Value::String(text) => text.starts_with(BARE) || next_token(text).is_some(),
        Value::Array(elements) => elements.iter().any(is_open),
        Value::Object(members) => template_function(members).is_some(),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The name of the function, if an object is one of CloudFormation, as where a definition stands in a
/// template: `{"Ref": …}`.
fn template_function(members: &Map<String, Value>) -> Option<&str> {
    let name = members.keys().next().filter(|_| members.len() == 1)?;
    (name == "Ref" || name.starts_with("Fn::")).then_some(name)
}

fn has_open_transition(value: &Value) -> bool {
    match value {
        Value::Array(elements) => elements.iter().any(has_open_transition),
        Value::Object(members) => members.iter().any(|(field, member)| {
            let is_transition = matches!(field.as_str(), "Next" | "Default" | "StartAt");
            (is_transition && is_open(member)) || has_open_transition(member)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// A definition with something in the place of each token. Keys stay, so that pointers do.
fn suppose(field: &str, value: &Value) -> Value {
    match value {
        Value::String(text) if is_open(value) => match field {
            "Next" | "Default" | "StartAt" => value.clone(),
            _ => match whole(text) {
                Some(_) => stand_in(field).unwrap_or_else(|| value.clone()),
                None => {
                    let supposed = Value::from(replaced(text, &|name| Some(part(name).into())));
                    let is_resource = supposed.as_str().and_then(Resource::parse).is_some();
                    match field {
                        "Resource" if !is_resource => {
                            stand_in(field).unwrap_or_else(|| value.clone())
                        }
                        _ => supposed,
                    }
                }
            },
        },
        Value::Object(members) if template_function(members).is_some() => {
            stand_in(field).unwrap_or_else(|| "${Token}".into())
        }
        Value::Object(members) => {
            let members = members.iter();
            let members = members.map(|(key, member)| (key.clone(), suppose(key, member)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(elements) => elements
            .iter()
            .map(|element| suppose("", element))
            .collect(),
        other => other.clone(),
    }
}

/// What a token inside a longer text may be.
fn part(name: &str) -> &'static str {
    match name {
        "AWS::Partition" => "aws",
        "AWS::Region" => "us-east-1",
        "AWS::AccountId" => "123456789012",
        _ => "token",
    }
}

/// What a token may be that is the whole value of a field; `None` where any text will do.
fn stand_in(field: &str) -> Option<Value> {
    let is_one_of = |beginnings: &[&str]| beginnings.iter().any(|word| field.starts_with(word));
    if field == "Resource" {
        Some("arn:aws:lambda:us-east-1:123456789012:function:token".into())
    } else if field.ends_with(".$") || field.ends_with("Path") || field == "Variable" {
        Some("$.token".into())
    } else if field.ends_with("Seconds")
        || is_one_of(&["Max", "BackoffRate", "Numeric", "Tolerated"])
    {
        Some(1.into())
    } else if field == "End" || is_one_of(&["Boolean", "Is"]) {
        Some(true.into())
    } else if field.starts_with("Timestamp") {
        Some("2024-01-01T00:00:00Z".into())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_without_quotes_becomes_a_string_of_the_same_length() {
        let text = r#"{ "Seconds": ${Wait}, "a\"": "${ Name } $", "b": [${AWS::Region}] }"#;
        let quoted = quote(text);
        assert_eq!(quoted.len(), text.len());
        let value: Value = serde_json::from_str(&quoted).unwrap();
        let expected = ["AWS::Region", "Name", "Wait"].map(str::to_owned);
        assert_eq!(names(&value), BTreeSet::from(expected));
        assert!(matches!(quote(r#"{ "a": "${Name}" }"#), Cow::Borrowed(_)));
    }

    #[test]
    fn tokens_are_filled_in_as_text() {
        let text = r#"{ "Seconds": ${Wait}, "Resource": "arn:${AWS::Partition}:x:${Fn.Arn}", "${Key}": "${!Key} ${Other}" }"#;
        let definition = serde_json::from_str(&quote(text)).unwrap();
        let substitutions = [
            ("Wait", json!("5")),
            ("AWS::Partition", json!("aws")),
            ("Fn.Arn", json!(7)),
            ("Key", json!("k")),
        ];
        let substitutions = substitutions.map(|(name, value)| (name.to_owned(), value));
        assert_eq!(
            fill(&definition, &substitutions.into()),
            json!({ "Seconds": 5, "Resource": "arn:aws:x:7", "k": "${!Key} ${Other}" })
        );
    }

    #[test]
    fn a_group_of_jsonata_is_no_token() {
        for text in ["{% items.${name: price} %}", "${", "${}", "$${", "${ }"] {
            assert_eq!(names(&text.into()), BTreeSet::new(), "{text}");
        }
    }

    #[test]
    fn a_token_is_valid_wherever_it_stands() {
        let text = r#"{ "StartAt": "A", "TimeoutSeconds": ${Limit}, "States": {
            "A": { "Type": "Task", "Resource": "${Arn}", "TimeoutSeconds": "${Limit}",
                   "Retry": [{ "ErrorEquals": ["${Error}"], "BackoffRate": "${Rate}" }],
                   "Parameters": { "x.$": "${Path}" }, "Next": "B" },
            "B": { "Type": "Task", "Resource": "arn:${AWS::Partition}:states:::lambda:invoke",
                   "Parameters": { "FunctionName": "${Arn}" },
                   "OutputPath": "$.${Field}", "Next": "C" },
            "C": { "Type": "Task", "Resource": { "Fn::GetAtt": ["Function", "Arn"] }, "Next": "${Next}" },
            "D": { "Type": "Succeed" } } }"#;
        let definition = serde_json::from_str(&quote(text)).unwrap();
        let found = check(&definition, MachineType::Standard);
        let found: Vec<_> = found
            .iter()
            .map(|found| (found.code, found.pointer.as_str()))
            .collect();
        assert_eq!(found, [(codes::UNRESOLVED_INTRINSIC, "/States/C/Resource")]);
    }

    #[test]
    fn a_misspelt_field_is_reported_whatever_is_in_it() {
        let definition = json!({ "StartAt": "A", "States": {
            "A": { "Type": "Pass", "Resutl": "${Token}", "End": true },
        } });
        let found = check(&definition, MachineType::Standard);
        assert_eq!(found[0].pointer, "/States/A/Resutl");
    }

    #[test]
    fn what_is_wrong_beside_a_token_is_reported() {
        let definition = json!({ "StartAt": "A", "States": {
            "A": { "Type": "Task", "Resource": "${Arn}", "Catch": [
                { "ErrorEquals": ["States.ALL"], "Next": "B" },
            ], "End": true },
        } });
        let found = check(&definition, MachineType::Standard);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].pointer, "/States/A/Catch/0/Next");
    }
}
