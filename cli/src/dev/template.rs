//! SAM and CloudFormation templates: the state machines that they declare.
//!
//! AWS: [AWS::Serverless::StateMachine](https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-statemachine.html),
//! [AWS::StepFunctions::StateMachine](https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html).

mod functions;
mod resources;

use std::path::{Path, PathBuf};

use segno_asl::definition::{MachineType, tokens::Substitutions};
use serde_json::{Map, Value, json};

pub(crate) use self::functions::Place;
use self::functions::{Scope, Unresolved, escape, unresolved};
use super::declared::{Declared, Problem, Written, read};
use crate::definition::Source;

/// The types of resources that are state machines, as SAM and as CloudFormation have them.
const SAM: &str = "AWS::Serverless::StateMachine";
const CLOUDFORMATION: &str = "AWS::StepFunctions::StateMachine";

/// Whether a text may be a template with state machines.
pub(super) fn has_machines(text: &str) -> bool {
    text.contains(SAM) || text.contains(CLOUDFORMATION)
}

/// What a template declares.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) machines: Vec<Result<Declared, Problem>>,
    /// The files that it takes definitions from: they are no state machines on their own.
    pub(super) files: Vec<PathBuf>,
}

/// Reads a template.
pub(super) fn read_template(path: &Path, place: &Place, given: &Substitutions) -> Contents {
    let mut contents = Contents::default();
    let template = match read(path).and_then(Written::whole) {
        Ok(template) => template,
        Err(problem) => {
            contents.machines.push(Err(problem));
            return contents;
        }
    };
    let reader = Reader {
        folder: path.parent().unwrap_or(Path::new("")),
        scope: Scope::new(&template.document.value, place, given),
        template: &template,
    };
    let resources = template.document.value["Resources"].as_object();
    for (name, resource) in resources.into_iter().flatten() {
        if [SAM, CLOUDFORMATION]
            .iter()
            .all(|kind| resource["Type"] != *kind)
        {
            continue;
        }
        let machine = reader.machine(name, resource, &mut contents.files);
        contents.machines.extend(machine.transpose());
    }
    contents
}

struct Reader<'a> {
    folder: &'a Path,
    template: &'a Written,
    scope: Scope<'a>,
}

/// A definition with the text that it stands in.
struct Found {
    written: Written,
    definition: Value,
}

impl Reader<'_> {
    /// The state machine of a resource; `None` if the resource's condition does not hold.
    fn machine(
        &self,
        name: &str,
        resource: &Value,
        files: &mut Vec<PathBuf>,
    ) -> Result<Option<Declared>, Problem> {
        let at = format!("/Resources/{}", escape(name));
        if let Some(condition) = resource["Condition"].as_str() {
            let holds = self.scope.holds(condition, &format!("{at}/Condition"));
            if !holds.map_err(|found| self.problem(found))? {
                return Ok(None);
            }
        }
        let at = format!("{at}/Properties");
        let Some(properties) = resource["Properties"].as_object() else {
            let found = unresolved(&at, "a state machine needs properties".into());
            return Err(self.problem(found));
        };
        let found = self.definition(name, properties, &at, files)?;
        let declared = self.declared(name, resource, properties, found, &at);
        declared.map(Some).map_err(|found| self.problem(found))
    }

    fn declared(
        &self,
        name: &str,
        resource: &Value,
        properties: &Map<String, Value>,
        found: Found,
        at: &str,
    ) -> Result<Declared, Unresolved> {
        let is_sam = resource["Type"] == SAM;
        let pick = |sam, cloudformation| if is_sam { sam } else { cloudformation };
        let text = |field: &str| {
            let value = properties.get(field);
            let value = value.map(|value| self.scope.text(value, &format!("{at}/{field}")));
            value.transpose()
        };
        let machine_name = text(pick("Name", "StateMachineName"))?;
        let machine_name = machine_name.unwrap_or_else(|| name.to_owned());
        let substitutions = self.substitutions(properties, at)?;
        let definition = &found.definition;
        let mut declared = Declared::new(machine_name, found.written, definition, &substitutions);
        if text(pick("Type", "StateMachineType"))?.as_deref() == Some("EXPRESS") {
            declared.machine_type = MachineType::Express;
        }
        declared.role_arn = text(pick("Role", "RoleArn"))?;
        let logging = pick("Logging", "LoggingConfiguration");
        if let Some(value) = properties.get(logging) {
            let value = self.scope.resolve(value, &format!("{at}/{logging}"))?;
            declared.logging = value.as_ref().map(camel_case);
        }
        Ok(declared)
    }

    /// `DefinitionSubstitutions`. What the command line gives comes first, and need not be resolved.
    fn substitutions(
        &self,
        properties: &Map<String, Value>,
        at: &str,
    ) -> Result<Substitutions, Unresolved> {
        let given = self.scope.substitutions;
        let mut substitutions = given.clone();
        let declared = properties.get("DefinitionSubstitutions");
        for (key, value) in declared.and_then(Value::as_object).into_iter().flatten() {
            if given.contains_key(key) {
                continue;
            }
            let at = format!("{at}/DefinitionSubstitutions/{}", escape(key));
            if let Some(value) = self.scope.resolve(value, &at)? {
                substitutions.insert(key.clone(), value);
            }
        }
        Ok(substitutions)
    }

    fn definition(
        &self,
        name: &str,
        properties: &Map<String, Value>,
        at: &str,
        files: &mut Vec<PathBuf>,
    ) -> Result<Found, Problem> {
        if let Some(definition) = properties.get("Definition") {
            let at = format!("{at}/Definition");
            let resolved = self.scope.resolve(definition, &at);
            let resolved = resolved.map_err(|found| self.problem(found))?;
            return Ok(Found {
                written: Written {
                    at,
                    ..self.template.clone()
                },
                definition: resolved.unwrap_or_else(|| json!({})),
            });
        }
        if let Some(text) = properties.get("DefinitionString") {
            let text = self.scope.text(text, &format!("{at}/DefinitionString"));
            let text = text.map_err(|found| self.problem(found))?;
            // Its lines are not those of the template, where it may be a long line or have functions.
            let source = format!("{} ({name}.DefinitionString)", self.template.source.name);
            return Self::whole(Source::of_text(source, text));
        }
        for field in ["DefinitionUri", "DefinitionS3Location"] {
            if let Some(uri) = properties.get(field) {
                return self.file(uri, &format!("{at}/{field}"), files);
            }
        }
        let message = "a state machine needs a Definition, DefinitionString or DefinitionUri";
        Err(self.problem(unresolved(at, message.into())))
    }

    /// A file beside the template.
    fn file(&self, uri: &Value, at: &str, files: &mut Vec<PathBuf>) -> Result<Found, Problem> {
        let uri = match uri {
            Value::Object(_) if uri.get("Bucket").is_some() => None,
            other => Some(
                self.scope
                    .text(other, at)
                    .map_err(|found| self.problem(found))?,
            ),
        };
        let Some(path) = uri.filter(|uri| !uri.starts_with("s3://")) else {
            let message = "the definition is in S3; only files are read here";
            return Err(self.problem(unresolved(at, message.into())));
        };
        let path = self.folder.join(path);
        files.push(path.clone());
        let source = read(&path).map_err(|problem| match problem {
            Problem::Plain(message) => self.problem(unresolved(at, message)),
            framed @ Problem::Framed(..) => framed,
        })?;
        Self::whole(source)
    }

    fn whole(source: Source) -> Result<Found, Problem> {
        let written = Written::whole(source)?;
        let definition = written.document.value.clone();
        Ok(Found {
            written,
            definition,
        })
    }

    fn problem(&self, found: Unresolved) -> Problem {
        Problem::at(self.template, "TEMPLATE", &found.at, found.message)
    }
}

/// Properties as the API has them: names begin in lower case.
fn camel_case(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(name, member)| {
                let mut letters = name.chars();
                let first = letters.next().map(|first| first.to_ascii_lowercase());
                (
                    first.into_iter().chain(letters).collect(),
                    camel_case(member),
                )
            });
            Value::Object(members.collect())
        }
        Value::Array(elements) => elements.iter().map(camel_case).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with files, gone when this is dropped.
    struct Folder(PathBuf);

    impl Folder {
        fn with(name: &str, files: &[(&str, &str)]) -> Self {
            let folder =
                std::env::temp_dir().join(format!("segno-template-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            for (file, text) in files {
                std::fs::write(folder.join(file), text).unwrap();
            }
            Self(folder)
        }

        fn read(&self, given: &[(&str, &str)]) -> Contents {
            let place = Place {
                region: "eu-central-1".into(),
                account_id: "111122223333".into(),
            };
            let given = given
                .iter()
                .map(|(key, value)| ((*key).into(), Value::from(*value)));
            read_template(&self.0.join("template.yaml"), &place, &given.collect())
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            // What is left in the temporary folder does no harm.
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn machine(contents: &Contents, index: usize) -> &Declared {
        match &contents.machines[index] {
            Ok(declared) => declared,
            Err(problem) => panic!("{}", problem.render(plain())),
        }
    }

    fn plain() -> crate::terminal::Palette {
        crate::terminal::Palette { has_colors: false }
    }

    const SAM_TEMPLATE: &str = "\
Resources:
  Charge:
    Type: AWS::Serverless::Function
  Order:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: !Sub order-${AWS::Region}
      Type: EXPRESS
      DefinitionUri: order.asl.json
      DefinitionSubstitutions:
        ChargeArn: !GetAtt Charge.Arn
        Limit: 5
      Role: !GetAtt OrderRole.Arn
      Logging:
        Level: ALL
        Destinations:
          - CloudWatchLogsLogGroup: { LogGroupArn: !GetAtt Log.Arn }
  Log:
    Type: AWS::Logs::LogGroup
";

    const ORDER: &str = r#"{ "StartAt": "A", "TimeoutSeconds": ${Limit}, "States": { "A": {
        "Type": "Task", "Resource": "${ChargeArn}", "End": true } } }"#;

    #[test]
    fn a_file_is_filled_in_with_what_its_template_says() {
        let folder = Folder::with(
            "sam",
            &[("template.yaml", SAM_TEMPLATE), ("order.asl.json", ORDER)],
        );
        let contents = folder.read(&[]);
        assert_eq!(contents.files, [folder.0.join("order.asl.json")]);
        let order = machine(&contents, 0);
        assert_eq!(order.name, "order-eu-central-1");
        assert_eq!(order.machine_type, MachineType::Express);
        assert_eq!(
            order.role_arn.as_deref(),
            Some("arn:aws:iam::111122223333:role/OrderRole")
        );
        let group = "arn:aws:logs:eu-central-1:111122223333:log-group:Log:*";
        assert_eq!(
            order.logging,
            Some(json!({ "level": "ALL",
                "destinations": [{ "cloudWatchLogsLogGroup": { "logGroupArn": group } }] }))
        );
        assert_eq!(order.definition["TimeoutSeconds"], 5);
        let charge = "arn:aws:lambda:eu-central-1:111122223333:function:Charge";
        assert_eq!(order.definition["States"]["A"]["Resource"], charge);
        let given = folder.read(&[("ChargeArn", "arn:aws:states:::sqs:sendMessage")]);
        let resource = &machine(&given, 0).definition["States"]["A"]["Resource"];
        assert_eq!(resource, "arn:aws:states:::sqs:sendMessage");
    }

    const CLOUDFORMATION_TEMPLATE: &str = r#"
Conditions:
  Never: !Equals [a, b]
Resources:
  Charge: { Type: AWS::Lambda::Function, Properties: { FunctionName: charge } }
  Text:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      DefinitionString: !Sub |
        { "StartAt": "A", "States": { "A": { "Type": "Task", "Resource": "${Charge.Arn}", "End": true } } }
  Joined:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: joined
      DefinitionString: !Join ["", ['{ "StartAt": "A", "States": { "A": { "Type": "Task", "End": true, "Resource": "', !GetAtt [Charge, Arn], '" } } }']]
  Inline:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      DefinitionSubstitutions: { Seconds: 3 }
      Definition:
        StartAt: A
        States:
          A:
            Type: Wait
            Seconds: ${Seconds}
            Next: B
          B:
            Type: Task
            Resource: !GetAtt Charge.Arn
            End: true
  Skipped: { Type: AWS::StepFunctions::StateMachine, Condition: Never }
"#;

    #[test]
    fn a_definition_may_stand_in_the_template() {
        let folder = Folder::with(
            "cloudformation",
            &[("template.yaml", CLOUDFORMATION_TEMPLATE)],
        );
        let contents = folder.read(&[]);
        let names: Vec<&str> = (0..3)
            .map(|index| machine(&contents, index).name.as_str())
            .collect();
        assert_eq!(names, ["Text", "joined", "Inline"]);
        assert_eq!(contents.machines.len(), 3);
        let charge = "arn:aws:lambda:eu-central-1:111122223333:function:charge";
        for (index, state) in [(0, "A"), (1, "A"), (2, "B")] {
            let declared = machine(&contents, index);
            assert_eq!(declared.definition["States"][state]["Resource"], charge);
            assert!(declared.errors().is_empty());
        }
        assert_eq!(
            machine(&contents, 2).definition["States"]["A"]["Seconds"],
            3
        );
    }

    #[test]
    fn what_is_wrong_is_shown_in_the_lines_of_the_template() {
        let inline = CLOUDFORMATION_TEMPLATE.replace("Next: B", "Next: C");
        let folder = Folder::with("wrong", &[("template.yaml", &inline)]);
        let contents = folder.read(&[]);
        let errors = machine(&contents, 2).errors();
        let shown = errors[0].render(plain());
        assert!(shown.contains("Missing 'Next' target: C"), "{shown}");
        assert!(shown.contains("template.yaml:26:19"), "{shown}");
        let missing = Folder::with("missing", &[("template.yaml", SAM_TEMPLATE)]);
        let Err(problem) = &missing.read(&[]).machines[0] else {
            panic!("the file is not there");
        };
        let shown = problem.render(plain());
        assert!(shown.contains("cannot read"), "{shown}");
        assert!(shown.contains("DefinitionUri: order.asl.json"), "{shown}");
    }

    #[test]
    fn a_token_without_a_value_is_shown_where_it_stands() {
        let template = SAM_TEMPLATE.replace("        Limit: 5\n", "");
        let folder = Folder::with(
            "token",
            &[("template.yaml", &template), ("order.asl.json", ORDER)],
        );
        let errors = machine(&folder.read(&[]), 0).errors();
        let shown: Vec<String> = errors.iter().map(|error| error.render(plain())).collect();
        assert_eq!(shown.len(), 1, "{shown:?}");
        assert!(shown[0].contains("${Limit} has no value"), "{}", shown[0]);
        assert!(shown[0].contains("order.asl.json:1:37"), "{}", shown[0]);
    }
}
