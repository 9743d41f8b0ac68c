//! The functions of templates, resolved as far as that can be done without an account.
//!
//! AWS: [Intrinsic functions](https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html),
//! [Pseudo parameters](https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/pseudo-parameter-reference.html).

use std::cell::Cell;

use segno_asl::definition::tokens::{self, Substitutions};
use serde_json::{Map, Value};

use super::resources;

/// A template with what its functions are resolved in.
pub(super) struct Scope<'a> {
    pub(super) template: &'a Value,
    pub(super) place: &'a Place,
    /// Values for parameters.
    pub(super) substitutions: &'a Substitutions,
    /// How many names are being resolved one inside the other.
    depth: Cell<usize>,
}

/// Where the resources of a template are supposed to be.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) region: String,
    pub(crate) account_id: String,
}

/// Why a value is not known, and the JSON Pointer of what asks for it.
#[derive(Debug, PartialEq)]
pub(super) struct Unresolved {
    pub(super) at: String,
    pub(super) message: String,
}

/// Names inside one another: more than that go in circles.
const DEPTH_MAX: usize = 50;

impl<'a> Scope<'a> {
    pub(super) fn new(
        template: &'a Value,
        place: &'a Place,
        substitutions: &'a Substitutions,
    ) -> Self {
        Self {
            template,
            place,
            substitutions,
            depth: Cell::new(0),
        }
    }

    /// A value with its functions resolved. `None` is `AWS::NoValue`: as if it were not there.
    pub(super) fn resolve(&self, value: &Value, at: &str) -> Result<Option<Value>, Unresolved> {
        match value {
            Value::Object(members) => match function(members) {
                Some((name, argument)) => self.call(name, argument, &format!("{at}/{name}")),
                None => self.members(members, at).map(Some),
            },
            Value::Array(elements) => {
                let mut resolved = Vec::with_capacity(elements.len());
                for (index, element) in elements.iter().enumerate() {
                    resolved.extend(self.resolve(element, &format!("{at}/{index}"))?);
                }
                Ok(Some(resolved.into()))
            }
            other => Ok(Some(other.clone())),
        }
    }

    fn members(&self, members: &Map<String, Value>, at: &str) -> Result<Value, Unresolved> {
        let mut resolved = Map::with_capacity(members.len());
        for (name, member) in members {
            let at = format!("{at}/{}", escape(name));
            if let Some(member) = self.resolve(member, &at)? {
                resolved.insert(name.clone(), member);
            }
        }
        Ok(resolved.into())
    }

    /// A value with its functions resolved, as text.
    pub(super) fn text(&self, value: &Value, at: &str) -> Result<String, Unresolved> {
        let resolved = self.resolve(value, at)?;
        let text = resolved.as_ref().and_then(text_of);
        text.ok_or_else(|| unresolved(at, "it must be text".into()))
    }

    fn list(&self, value: &Value, at: &str) -> Result<Vec<Value>, Unresolved> {
        match self.resolve(value, at)? {
            Some(Value::Array(elements)) => Ok(elements),
            _ => Err(unresolved(at, "it must be a list".into())),
        }
    }

    fn call(&self, name: &str, argument: &Value, at: &str) -> Result<Option<Value>, Unresolved> {
        match name {
            "Ref" => {
                let name = argument.as_str().unwrap_or_default();
                return self.reference(name, at);
            }
            "Fn::If" => return self.choose(argument, at),
            _ => {}
        }
        let value = match name {
            "Fn::GetAtt" => self.attribute_of(argument, at)?.into(),
            "Fn::Sub" => self.substitute(argument, at)?.into(),
            "Fn::Join" => self.join(argument, at)?.into(),
            "Fn::Split" => self.split(argument, at)?,
            "Fn::Select" => self.select(argument, at)?,
            "Fn::FindInMap" => self.find_in_map(argument, at)?,
            "Fn::ToJsonString" => {
                let value = self.resolve(argument, at)?.unwrap_or(Value::Null);
                value.to_string().into()
            }
            _ => {
                let message = format!("{name} cannot be resolved without an account");
                return Err(unresolved(at, message));
            }
        };
        Ok(Some(value))
    }

    /// What a name stands for: a pseudo parameter, a parameter or a resource.
    fn reference(&self, name: &str, at: &str) -> Result<Option<Value>, Unresolved> {
        if name == "AWS::NoValue" {
            return Ok(None);
        }
        if let Some(value) = self.pseudo_parameter(name) {
            return Ok(Some(value.into()));
        }
        if let Some(parameter) = self.template["Parameters"].get(name) {
            return self.parameter(name, parameter, at).map(Some);
        }
        self.deeper(at, || resources::reference(self, name))??
            .map(|value| Some(value.into()))
            .ok_or_else(|| {
                let message = format!("there is no parameter and no resource `{name}`");
                unresolved(at, message)
            })
    }

    fn pseudo_parameter(&self, name: &str) -> Option<String> {
        let Place { region, account_id } = self.place;
        Some(match name {
            "AWS::Region" => region.clone(),
            "AWS::AccountId" => account_id.clone(),
            "AWS::Partition" => "aws".into(),
            "AWS::URLSuffix" => "amazonaws.com".into(),
            "AWS::StackName" => "local".into(),
            "AWS::StackId" => {
                format!("arn:aws:cloudformation:{region}:{account_id}:stack/local/0")
            }
            _ => return None,
        })
    }

    fn parameter(&self, name: &str, parameter: &Value, at: &str) -> Result<Value, Unresolved> {
        let given = self.substitutions.get(name).or(parameter.get("Default"));
        let given = given.ok_or_else(|| {
            let message = format!(
                "the parameter `{name}` has no default; give it a value with --substitute {name}=VALUE"
            );
            unresolved(at, message)
        })?;
        let kind = parameter["Type"].as_str().unwrap_or_default();
        let is_list = kind == "CommaDelimitedList" || kind.starts_with("List<");
        Ok(match (is_list, given.as_str()) {
            (true, Some(text)) => text
                .split(',')
                .map(|part| Value::from(part.trim()))
                .collect(),
            _ => given.clone(),
        })
    }

    /// `"Resource.Attribute"` or `["Resource", "Attribute"]`.
    fn attribute_of(&self, argument: &Value, at: &str) -> Result<String, Unresolved> {
        let (name, attribute) = match argument {
            Value::Array(parts) if parts.len() == 2 => {
                let name = parts[0].as_str().unwrap_or_default();
                (name.to_owned(), self.text(&parts[1], &format!("{at}/1"))?)
            }
            other => {
                let text = other.as_str().unwrap_or_default();
                let (name, attribute) = text.split_once('.').unwrap_or((text, ""));
                (name.to_owned(), attribute.to_owned())
            }
        };
        self.attribute(&name, &attribute, at)
    }

    fn attribute(&self, name: &str, attribute: &str, at: &str) -> Result<String, Unresolved> {
        if attribute.starts_with("Outputs.") {
            // What another stack gives can only be told.
            let key = format!("{name}.{attribute}");
            let given = self.substitutions.get(&key).and_then(text_of);
            return given.ok_or_else(|| {
                let message = format!(
                    "`{key}` comes from another stack; give it a value with --substitute {key}=VALUE"
                );
                unresolved(at, message)
            });
        }
        self.deeper(at, || resources::attribute(self, name, attribute))??
            .ok_or_else(|| unresolved(at, format!("there is no resource `{name}`")))
    }

    /// `${Name}` and `${Name.Attribute}` in a text; `${!Name}` is left as `${Name}`.
    fn substitute(&self, argument: &Value, at: &str) -> Result<String, Unresolved> {
        let (text, variables) = match argument {
            Value::Array(parts) if parts.len() == 2 => (&parts[0], parts[1].as_object()),
            other => (other, None),
        };
        let text = text.as_str().map(tokens::written);
        let text = text.ok_or_else(|| unresolved(at, "it must be text".into()))?;
        let mut filled = String::with_capacity(text.len());
        let mut rest = &*text;
        while let Some(start) = rest.find("${") {
            filled += &rest[..start];
            let Some(length) = rest[start..].find('}') else {
                break;
            };
            let name = rest[start + 2..start + length].trim();
            match name.strip_prefix('!') {
                Some(literal) => filled += &format!("${{{literal}}}"),
                None => filled += &self.substituted(name, variables, at)?,
            }
            rest = &rest[start + length + 1..];
        }
        Ok(filled + rest)
    }

    fn substituted(
        &self,
        name: &str,
        variables: Option<&Map<String, Value>>,
        at: &str,
    ) -> Result<String, Unresolved> {
        if let Some(value) = variables.and_then(|variables| variables.get(name)) {
            return self.text(value, &format!("{at}/1/{}", escape(name)));
        }
        match name.split_once('.') {
            Some((resource, attribute)) => self.attribute(resource, attribute, at),
            None => {
                let value = self.reference(name, at)?;
                let text = value.as_ref().and_then(text_of);
                text.ok_or_else(|| unresolved(at, format!("`{name}` is not text")))
            }
        }
    }

    fn join(&self, argument: &Value, at: &str) -> Result<String, Unresolved> {
        let [delimiter, parts] = arguments(argument, at)?;
        let delimiter = self.text(delimiter, &format!("{at}/0"))?;
        let parts = self.list(parts, &format!("{at}/1"))?;
        let texts: Option<Vec<String>> = parts.iter().map(text_of).collect();
        let texts = texts.ok_or_else(|| unresolved(at, "all of its parts must be text".into()))?;
        Ok(texts.join(&delimiter))
    }

    fn split(&self, argument: &Value, at: &str) -> Result<Value, Unresolved> {
        let [delimiter, text] = arguments(argument, at)?;
        let delimiter = self.text(delimiter, &format!("{at}/0"))?;
        let text = self.text(text, &format!("{at}/1"))?;
        Ok(text.split(&delimiter).map(Value::from).collect())
    }

    fn select(&self, argument: &Value, at: &str) -> Result<Value, Unresolved> {
        let [index, list] = arguments(argument, at)?;
        let index: Option<usize> = self.text(index, &format!("{at}/0"))?.parse().ok();
        let list = self.list(list, &format!("{at}/1"))?;
        let selected = index.and_then(|index| list.get(index)).cloned();
        selected.ok_or_else(|| unresolved(at, "there is no such element".into()))
    }

    fn find_in_map(&self, argument: &Value, at: &str) -> Result<Value, Unresolved> {
        let keys = argument.as_array().filter(|keys| keys.len() >= 3);
        let keys = keys.ok_or_else(|| unresolved(at, "it takes a map and two keys".into()))?;
        let mut found = &self.template["Mappings"];
        for (index, key) in keys.iter().take(3).enumerate() {
            let key = self.text(key, &format!("{at}/{index}"))?;
            found = found
                .get(&key)
                .ok_or_else(|| unresolved(at, format!("the mappings have no `{key}` there")))?;
        }
        Ok(found.clone())
    }

    fn choose(&self, argument: &Value, at: &str) -> Result<Option<Value>, Unresolved> {
        let parts = argument.as_array().filter(|parts| parts.len() == 3);
        let parts = parts.ok_or_else(|| unresolved(at, "it takes three arguments".into()))?;
        let name = parts[0].as_str().unwrap_or_default();
        match self.holds(name, at)? {
            true => self.resolve(&parts[1], &format!("{at}/1")),
            false => self.resolve(&parts[2], &format!("{at}/2")),
        }
    }

    /// Whether a condition of the template holds.
    pub(super) fn holds(&self, name: &str, at: &str) -> Result<bool, Unresolved> {
        let condition = self.template["Conditions"].get(name);
        let condition =
            condition.ok_or_else(|| unresolved(at, format!("there is no condition `{name}`")))?;
        let at = format!("/Conditions/{}", escape(name));
        self.deeper(&at, || self.condition(condition, &at))?
    }

    fn condition(&self, condition: &Value, at: &str) -> Result<bool, Unresolved> {
        let known = condition
            .as_object()
            .and_then(|members| members.iter().next());
        let (function, argument) =
            known.ok_or_else(|| unresolved(at, "it is no condition".into()))?;
        let at = format!("{at}/{function}");
        let mut conditions = argument.as_array().into_iter().flatten();
        match function.as_str() {
            "Condition" => self.holds(argument.as_str().unwrap_or_default(), &at),
            "Fn::Equals" => {
                let [left, right] = arguments(argument, &at)?;
                Ok(self.resolve(left, &at)?.as_ref().map(text_of)
                    == self.resolve(right, &at)?.as_ref().map(text_of))
            }
            "Fn::Not" => match conditions.next() {
                Some(condition) => Ok(!self.condition(condition, &at)?),
                None => Err(unresolved(&at, "it takes one argument".into())),
            },
            "Fn::And" => conditions.try_fold(true, |all, c| Ok(all && self.condition(c, &at)?)),
            "Fn::Or" => conditions.try_fold(false, |any, c| Ok(any || self.condition(c, &at)?)),
            _ => Err(unresolved(&at, format!("{function} is no condition"))),
        }
    }

    fn deeper<T>(&self, at: &str, resolve: impl FnOnce() -> T) -> Result<T, Unresolved> {
        if self.depth.get() >= DEPTH_MAX {
            return Err(unresolved(at, "it refers to itself".into()));
        }
        self.depth.set(self.depth.get() + 1);
        let resolved = resolve();
        self.depth.set(self.depth.get() - 1);
        Ok(resolved)
    }
}

/// The function of `{"Ref": …}` or `{"Fn::…": …}`, with its argument.
fn function(members: &Map<String, Value>) -> Option<(&String, &Value)> {
    let (name, argument) = members.iter().next().filter(|_| members.len() == 1)?;
    (name == "Ref" || name.starts_with("Fn::")).then_some((name, argument))
}

fn arguments<'v>(argument: &'v Value, at: &str) -> Result<[&'v Value; 2], Unresolved> {
    match argument.as_array().map(Vec::as_slice) {
        Some([first, second]) => Ok([first, second]),
        _ => Err(unresolved(at, "it takes two arguments".into())),
    }
}

pub(super) fn unresolved(at: &str, message: String) -> Unresolved {
    let at = at.to_owned();
    Unresolved { at, message }
}

/// A scalar as CloudFormation puts it into a text.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(tokens::written(text).into_owned()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A name as a part of a JSON Pointer.
pub(super) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resolve(value: Value) -> Result<Option<Value>, Unresolved> {
        let template = json!({
            "Parameters": {
                "Stage": { "Type": "String", "Default": "dev" },
                "Zones": { "Type": "CommaDelimitedList", "Default": "a, b" },
                "Secret": { "Type": "String" },
                "Given": { "Type": "Number", "Default": 1 },
            },
            "Mappings": { "Sizes": { "dev": { "Seconds": 5 } } },
            "Conditions": {
                "IsDev": { "Fn::Equals": [{ "Ref": "Stage" }, "dev"] },
                "IsNotDev": { "Fn::Not": [{ "Condition": "IsDev" }] },
                "Both": { "Fn::And": [{ "Condition": "IsDev" }, { "Condition": "IsNotDev" }] },
                "Either": { "Fn::Or": [{ "Condition": "IsNotDev" }, { "Condition": "IsDev" }] },
                "Circle": { "Condition": "Circle" },
            },
            "Resources": {
                "Charge": { "Type": "AWS::Serverless::Function",
                            "Properties": { "FunctionName": { "Fn::Sub": "charge-${Stage}" } } },
                "Orders": { "Type": "AWS::SQS::Queue" },
                "Loop": { "Type": "AWS::SQS::Queue", "Properties": { "QueueName": { "Ref": "LoopName" } } },
                "LoopName": { "Type": "AWS::S3::Bucket", "Properties": { "BucketName": { "Fn::GetAtt": "Loop.QueueName" } } },
            },
        });
        let place = Place {
            region: "eu-central-1".into(),
            account_id: "111122223333".into(),
        };
        let substitutions = [("Given".to_owned(), json!("7"))].into();
        Scope::new(&template, &place, &substitutions).resolve(&value, "")
    }

    fn text(value: Value) -> String {
        resolve(value)
            .unwrap()
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned()
    }

    #[test]
    fn names_stand_for_parameters_and_resources() {
        assert_eq!(text(json!({ "Ref": "AWS::Region" })), "eu-central-1");
        assert_eq!(text(json!({ "Ref": "Stage" })), "dev");
        assert_eq!(
            text(json!({ "Ref": "Given" })),
            "7",
            "what is given comes first"
        );
        assert_eq!(
            resolve(json!({ "Ref": "Zones" })),
            Ok(Some(json!(["a", "b"])))
        );
        let arn = "arn:aws:lambda:eu-central-1:111122223333:function:charge-dev";
        assert_eq!(text(json!({ "Fn::GetAtt": "Charge.Arn" })), arn);
        assert_eq!(text(json!({ "Fn::GetAtt": ["Charge", "Arn"] })), arn);
        assert_eq!(text(json!({ "Ref": "Charge" })), "charge-dev");
    }

    #[test]
    fn texts_are_put_together() {
        let sub = json!({ "Fn::Sub": ["${x}-${Stage}-${Charge.Arn}-${!Kept}", { "x": { "Ref": "Given" } }] });
        let arn = "arn:aws:lambda:eu-central-1:111122223333:function:charge-dev";
        assert_eq!(text(sub), format!("7-dev-{arn}-${{Kept}}"));
        let join = json!({ "Fn::Join": ["", ["a", { "Ref": "Stage" }, 1]] });
        assert_eq!(text(join), "adev1");
        let second = json!({ "Fn::Select": [1, { "Fn::Split": [":", "a:b:c"] }] });
        assert_eq!(text(second), "b");
        let found = json!({ "Fn::FindInMap": ["Sizes", { "Ref": "Stage" }, "Seconds"] });
        assert_eq!(resolve(found), Ok(Some(json!(5))));
    }

    #[test]
    fn conditions_choose_and_no_value_is_as_if_it_were_not_there() {
        for (condition, expected) in [
            ("IsDev", "y"),
            ("IsNotDev", "n"),
            ("Both", "n"),
            ("Either", "y"),
        ] {
            assert_eq!(text(json!({ "Fn::If": [condition, "y", "n"] })), expected);
        }
        let value = json!({ "a": { "Fn::If": ["IsDev", { "Ref": "AWS::NoValue" }, 1] }, "b": 2 });
        assert_eq!(resolve(value), Ok(Some(json!({ "b": 2 }))));
    }

    #[test]
    fn what_is_not_known_is_said_with_its_place() {
        for (value, at, message) in [
            (
                json!({ "a": [{ "Ref": "Nothing" }] }),
                "/a/0/Ref",
                "no resource `Nothing`",
            ),
            (
                json!({ "Ref": "Secret" }),
                "/Ref",
                "--substitute Secret=VALUE",
            ),
            (
                json!({ "Fn::GetAtt": "Nothing.Arn" }),
                "/Fn::GetAtt",
                "no resource `Nothing`",
            ),
            (
                json!({ "Fn::GetAtt": "Stack.Outputs.Arn" }),
                "/Fn::GetAtt",
                "another stack",
            ),
            (
                json!({ "Fn::ImportValue": "x" }),
                "/Fn::ImportValue",
                "without an account",
            ),
            (
                json!({ "Fn::If": ["Circle", 1, 2] }),
                "/Conditions/Circle",
                "refers to itself",
            ),
            (json!({ "Ref": "Loop" }), "", "refers to itself"),
        ] {
            let found = resolve(value).unwrap_err();
            assert!(found.at.starts_with(at), "{}", found.at);
            assert!(found.message.contains(message), "{}", found.message);
        }
    }
}
