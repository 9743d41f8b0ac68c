//! The least that a role must allow for a definition to run.
//!
//! Resources are as narrow as the parameters in the definition say: what is only known when a task runs
//! is `*`, with a note.

mod actions;
mod jobs;
mod parameters;
mod resources;

use std::collections::{BTreeMap, BTreeSet};

use segno_asl::definition::{
    Resource,
    visit::{self, StateText},
};
use serde_json::Value;

use self::parameters::{Given, Parameters};
use crate::{lint::call_of, models, services};

/// What is to be known beside the definition.
#[derive(Debug, Clone)]
pub struct Options {
    /// Region in the ARNs of what is named only; `*` for any.
    pub region: String,
    /// Account in them; `*` for any.
    pub account: String,
    /// Name of the state machine, which starts executions of itself for distributed Map states.
    pub name: String,
    /// Whether it sends its history to CloudWatch Logs.
    pub logs: bool,
    /// Whether it sends traces to X-Ray.
    pub traces: bool,
}

/// What a role must allow.
#[derive(Debug, Default)]
pub struct Policy {
    /// Statements, sorted by their resources.
    pub statements: Vec<Statement>,
    /// What a person should know, each with the JSON Pointer of a state.
    pub notes: Vec<(String, String)>,
}

/// Actions that are allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Such as `lambda:InvokeFunction`.
    pub actions: Vec<String>,
    /// ARNs, or `*`.
    pub resources: Vec<String>,
    /// Operator, key and value.
    pub conditions: Vec<Condition>,
}

/// Under which condition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// `StringEquals`, `StringLike`.
    pub operator: &'static str,
    /// `states:HTTPMethod`, …
    pub key: &'static str,
    /// What it must be.
    pub value: String,
}

type Scope = (BTreeSet<String>, Vec<Condition>);

/// The policy of a definition's role.
///
/// AWS: [IAM policies for integrated services](https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html).
pub fn policy(definition: &Value, options: &Options) -> Policy {
    let mut needs = Needs {
        options,
        allowed: BTreeMap::new(),
        notes: Vec::new(),
    };
    visit::states(definition, &mut |state| {
        if state.is_of_type("Task") {
            needs.task(state);
        }
        if state.distributed_mode().is_some() {
            needs.distributed(state);
        }
    });
    if options.logs {
        needs.allow(actions::LOGS, ["*".into()]);
    }
    if options.traces {
        needs.allow(actions::TRACES, ["*".into()]);
    }
    let statements = needs.allowed.into_iter();
    Policy {
        statements: statements
            .map(|((resources, conditions), actions)| Statement {
                actions: actions.into_iter().collect(),
                resources: resources.into_iter().collect(),
                conditions,
            })
            .collect(),
        notes: needs.notes,
    }
}

struct Needs<'a> {
    options: &'a Options,
    allowed: BTreeMap<Scope, BTreeSet<String>>,
    notes: Vec<(String, String)>,
}

impl Needs<'_> {
    fn allow<A: AsRef<str>>(
        &mut self,
        actions: impl IntoIterator<Item = A>,
        resources: impl IntoIterator<Item = String>,
    ) {
        self.allow_if(actions, resources, Vec::new());
    }

    fn allow_if<A: AsRef<str>>(
        &mut self,
        actions: impl IntoIterator<Item = A>,
        resources: impl IntoIterator<Item = String>,
        conditions: Vec<Condition>,
    ) {
        let scope = (resources.into_iter().collect(), conditions);
        let actions = actions.into_iter().map(|action| action.as_ref().to_owned());
        self.allowed.entry(scope).or_default().extend(actions);
    }

    fn note(&mut self, state: &StateText<'_>, text: impl Into<String>) {
        self.notes.push((state.at.pointer().into(), text.into()));
    }

    /// An ARN of something of which the definition says only the name.
    fn arn(&self, service: &str, rest: &str) -> String {
        let Options {
            region, account, ..
        } = self.options;
        format!("arn:aws:{service}:{region}:{account}:{rest}")
    }

    fn task(&mut self, state: &StateText<'_>) {
        if let Some(credentials) = state.object.get("Credentials") {
            return self.credentials(state, credentials);
        }
        let Some(text) = state.text("Resource") else {
            return self.note(state, "its `Resource` is only known when it is deployed");
        };
        match call_of(text)
            .and_then(|call| Resource::parse(&call))
            .or_else(|| Resource::parse(text))
        {
            Some(Resource::LambdaFunction { arn }) => {
                self.allow(["lambda:InvokeFunction"], resources::function(&arn));
            }
            // Its workers need permissions, and not this role.
            Some(Resource::Activity { .. }) => {}
            Some(Resource::Service {
                service,
                action,
                pattern,
            }) => {
                self.call(state, &service, &action, pattern.suffix());
            }
            None if segno_asl::definition::tokens::is_open(&text.into()) => {
                self.note(state, format!("`{text}` is taken to be a Lambda function"));
                self.allow(["lambda:InvokeFunction"], resources::function(text));
            }
            None => self.note(state, format!("`{text}` is no resource that is known")),
        }
    }

    /// The other role does the work.
    fn credentials(&mut self, state: &StateText<'_>, credentials: &Value) {
        let role = Parameters::of_value(state.language, credentials).given("RoleArn");
        let role = self.or_any(state, "RoleArn", role);
        self.note(
            state,
            "the task is done by another role: what it calls is to be allowed there",
        );
        self.allow(["sts:AssumeRole"], [role]);
    }

    fn call(&mut self, state: &StateText<'_>, service: &str, action: &str, suffix: &str) {
        let parameters = Parameters::of(state);
        let call = format!("{service}:{action}");
        match call.as_str() {
            "http:invoke" => return self.http(state, &parameters),
            "apigateway:invoke" => return self.api(state, &parameters),
            "eks:call" | "eks:runJob" => {
                let text =
                    "the role needs permissions in the cluster itself, as Kubernetes has them";
                return self.note(state, text);
            }
            _ => {}
        }
        let Some((prefix, names)) = named(service, action) else {
            return self.note(state, format!("what `{call}` needs is not known"));
        };
        let found = resources::of(&prefix, &names, &parameters);
        let resources = self.resources(state, &prefix, found);
        self.allow(
            names.iter().map(|name| format!("{prefix}:{name}")),
            resources.clone(),
        );
        let listing = services::looks_up_with(service, action);
        if let Some((prefix, names)) = listing.and_then(|listing| named(service, listing)) {
            let actions = names.iter().map(|name| format!("{prefix}:{name}"));
            self.allow(actions, resources.clone());
        }
        if suffix.starts_with(".sync") {
            self.job(service, action, resources);
        }
        if call == "ecs:runTask" {
            let text = "the task has the roles of its definition: allow iam:PassRole for them";
            self.note(state, text);
        }
        self.passed_roles(state, &parameters);
    }

    fn resources(
        &mut self,
        state: &StateText<'_>,
        prefix: &str,
        found: Vec<(String, Given)>,
    ) -> Vec<String> {
        let mut resources = Vec::new();
        for (place, given) in found {
            match given {
                Given::Text(text) if text.starts_with("arn:") || place.is_empty() => {
                    resources.push(text);
                }
                Given::Text(text) if text == "*" => resources.push(text),
                Given::Text(text) => resources.push(self.arn(prefix, &place.replace("{}", &text))),
                Given::Computed => {
                    self.note(
                        state,
                        format!("a resource of {prefix} is only known when the task runs"),
                    );
                    resources.push("*".into());
                }
                Given::Absent => {}
            }
        }
        if resources.is_empty() {
            resources.push("*".into());
        }
        resources
    }

    /// What a task that waits for its job needs beside the call.
    fn job(&mut self, service: &str, action: &str, resources: Vec<String>) {
        let call = format!("{service}:{action}");
        let watched = match &*call {
            "states:startExecution" => resources.iter().map(|arn| jobs::executions(arn)).collect(),
            "codebuild:startBuild" | "codebuild:startBuildBatch" => resources,
            _ => vec!["*".to_owned()],
        };
        for (prefix, names) in jobs::actions(service, action)
            .into_iter()
            .filter_map(|action| named(service, action))
        {
            let actions = names.iter().map(|name| format!("{prefix}:{name}"));
            self.allow(actions, watched.clone());
        }
        if let Some(rule) = jobs::rule(&call) {
            let rule = self.arn("events", &format!("rule/{rule}"));
            self.allow(
                ["events:DescribeRule", "events:PutRule", "events:PutTargets"],
                [rule],
            );
        }
    }

    /// Roles that a call hands to a service.
    fn passed_roles(&mut self, state: &StateText<'_>, parameters: &Parameters<'_>) {
        for role in parameters.roles() {
            match role {
                Given::Text(role) if role.starts_with("arn:") || role.starts_with("${") => {
                    self.allow(["iam:PassRole"], [role]);
                }
                Given::Text(role) => {
                    let role = format!("arn:aws:iam::{}:role/{role}", self.options.account);
                    self.allow(["iam:PassRole"], [role]);
                }
                Given::Computed => {
                    let text = "the task passes a role that is only known when it runs: \
                                allow iam:PassRole for it";
                    self.note(state, text);
                }
                Given::Absent => {}
            }
        }
    }

    fn http(&mut self, state: &StateText<'_>, parameters: &Parameters<'_>) {
        let mut conditions = Vec::new();
        for (name, operator, key) in [
            ("ApiEndpoint", "StringLike", "states:HTTPEndpoint"),
            ("Method", "StringEquals", "states:HTTPMethod"),
        ] {
            match parameters.given(name) {
                Given::Text(value) => conditions.push(Condition {
                    operator,
                    key,
                    value,
                }),
                _ => self.note(state, format!("`{name}` is only known when the task runs")),
            }
        }
        let machine = self.arn("states", &format!("stateMachine:{}", self.options.name));
        self.allow_if(["states:InvokeHTTPEndpoint"], [machine], conditions);
        let connection = ["InvocationConfig", "Authentication"]
            .into_iter()
            .map(|field| parameters.within(field).given("ConnectionArn"))
            .find(|given| *given != Given::Absent);
        let connection = connection.unwrap_or(Given::Computed);
        let connection = self.or_any(state, "ConnectionArn", connection);
        self.allow(["events:RetrieveConnectionCredentials"], [connection]);
        let secrets = self.arn("secretsmanager", "secret:events!connection/*");
        self.allow(
            [
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
            ],
            [secrets],
        );
    }

    fn api(&mut self, state: &StateText<'_>, parameters: &Parameters<'_>) {
        match parameters.given("AuthType") {
            Given::Text(kind) if kind != "NO_AUTH" => {}
            Given::Absent | Given::Text(_) => return,
            Given::Computed => self.note(state, "`AuthType` is only known when the task runs"),
        }
        let part = |name: &str, otherwise: &str| match parameters.given(name) {
            Given::Text(text) => text,
            Given::Absent => otherwise.to_owned(),
            Given::Computed => "*".to_owned(),
        };
        let endpoint = part("ApiEndpoint", "*");
        let api = endpoint.split('.').next().unwrap_or("*");
        let (stage, method) = (part("Stage", "*"), part("Method", "*"));
        let path = part("Path", "*");
        let path = path.trim_start_matches('/');
        let resource = self.arn("execute-api", &format!("{api}/{stage}/{method}/{path}"));
        self.allow(["execute-api:Invoke"], [resource]);
    }

    /// Executions for the items, and what they are read from and written to.
    fn distributed(&mut self, state: &StateText<'_>) {
        let name = &self.options.name;
        let machine = self.arn("states", &format!("stateMachine:{name}"));
        // Those of the machine itself, and those of its Map Runs.
        let executions = [":*", "/*"].map(|which| {
            let executions = format!("execution:{name}{which}");
            self.arn("states", &executions)
        });
        self.allow(["states:StartExecution"], [machine]);
        self.allow(actions::EXECUTIONS, executions);
        for (field, names) in [
            ("ItemReader", None),
            ("ResultWriter", Some(actions::WRITER)),
        ] {
            let Some(own) = state.object.get(field) else {
                continue;
            };
            let fields = Parameters::of_value(state.language, own);
            let parameters = match fields.given("Parameters") {
                Given::Absent => fields.within("Arguments"),
                _ => fields.within("Parameters"),
            };
            let lists = own["Resource"]
                .as_str()
                .is_some_and(|text| text.ends_with("listObjectsV2"));
            let names: &[&str] = match names {
                Some(names) => names,
                None if lists => &["ListBucket"],
                None => &["GetObject"],
            };
            let found = match field {
                "ResultWriter" => resources::below_prefix(&parameters),
                _ => {
                    let names: Vec<String> = names.iter().copied().map(str::to_owned).collect();
                    resources::of("s3", &names, &parameters)
                }
            };
            let resources = self.resources(state, "s3", found);
            self.allow(names.iter().map(|name| format!("s3:{name}")), resources);
        }
    }

    fn or_any(&mut self, state: &StateText<'_>, name: &str, given: Given) -> String {
        match given {
            Given::Text(text) => text,
            Given::Computed | Given::Absent => {
                self.note(state, format!("`{name}` is only known when the task runs"));
                "*".into()
            }
        }
    }
}

/// The prefix and the names of the IAM actions behind a call.
fn named(service: &str, action: &str) -> Option<(String, Vec<String>)> {
    let (model, operation) = models::called(service, action)?;
    Some((
        actions::prefix(&model.name(), model.signing_name).to_owned(),
        actions::of(&model.name(), operation),
    ))
}
