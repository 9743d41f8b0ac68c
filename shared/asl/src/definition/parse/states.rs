//! The eight state types.

use super::{Parser, choices, fields::Fields, language, maps, retries, variables};
use crate::{
    definition::{
        Choice, Count, DataFlow, Fail, Next, Parallel, Pass, QueryLanguage, Resource, State,
        StateKind, StateName, Task, Text, Wait, WaitUntil, Work, suggestions::nearest,
    },
    jsonata::Offered,
    limits,
};

/// Parses one state. What is wrong with it is reported; `None` if it cannot stand in the table.
pub(super) fn parse(parser: &mut Parser, name: StateName, mut fields: Fields<'_>) -> Option<State> {
    fields.ignore(&["Comment"]);
    language::check(parser, &mut fields);
    fields.require(parser, &["Type"]);
    let state_type = fields.string(parser, "Type")?;
    language::refuse_foreign(parser, &mut fields);
    if matches!(state_type, "Task" | "Parallel" | "Map") {
        fields.offer(Offered::Result);
    }
    let data_flow = data_flow(parser, &mut fields, state_type);
    let has_assign = !matches!(state_type, "Fail" | "Succeed");
    let assign = has_assign.then(|| variables::assign(parser, &mut fields));
    let kind = match state_type {
        "Pass" => pass(parser, &mut fields),
        "Task" => task(parser, &mut fields),
        "Choice" => choice(parser, &mut fields),
        "Wait" => wait(parser, &mut fields),
        "Succeed" => Some(StateKind::Succeed),
        "Fail" => fail(parser, &mut fields),
        "Parallel" => parallel(parser, &mut fields),
        "Map" => maps::map(parser, &mut fields),
        _ => {
            let message = "The field 'Type' should have one of these values: \
                           [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]";
            parser.refuse(&fields.at_field("Type"), message);
            return None;
        }
    };
    let location = fields.at().to_string();
    fields.finish(parser);
    Some(State {
        name,
        location,
        parent: None,
        data_flow,
        assign: assign.flatten(),
        kind: kind?,
    })
}

fn data_flow(parser: &mut Parser, fields: &mut Fields<'_>, state_type: &str) -> DataFlow {
    let is_fail = state_type == "Fail";
    match fields.language() {
        QueryLanguage::JsonPath if is_fail => DataFlow::JsonPath {
            input_path: None,
            output_path: None,
        },
        QueryLanguage::JsonPath => DataFlow::JsonPath {
            input_path: fields.path_or_null(parser, "InputPath"),
            output_path: fields.path_or_null(parser, "OutputPath"),
        },
        QueryLanguage::Jsonata if is_fail => DataFlow::Jsonata { output: None },
        QueryLanguage::Jsonata => DataFlow::Jsonata {
            output: fields.template(parser, "Output"),
        },
    }
}

fn pass(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<StateKind> {
    let result = fields.value("Result").map(Into::into);
    let parameters = fields.template(parser, "Parameters");
    let result_path = fields.result_path(parser);
    let next = next(parser, fields);
    Some(StateKind::Pass(Pass {
        result,
        parameters,
        result_path,
        next: next?,
    }))
}

fn task(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<StateKind> {
    let resource = resource(parser, fields);
    let timeout = seconds(parser, fields, "TimeoutSeconds", "TimeoutSecondsPath");
    let heartbeat = seconds(parser, fields, "HeartbeatSeconds", "HeartbeatSecondsPath");
    fields.require_in(parser, "Credentials", &["RoleArn"]);
    let credentials = fields.object_template(parser, "Credentials");
    let parameters_name = parameters_name(fields);
    if let Some(resource) = &resource {
        check_call(parser, fields, resource, parameters_name);
    }
    let parameters = fields.template(parser, parameters_name);
    let work = work(parser, fields);
    Some(StateKind::Task(Box::new(Task {
        resource: resource?,
        timeout,
        heartbeat,
        credentials,
        work: Work {
            parameters,
            ..work?
        },
    })))
}

/// What AWS looks at in the parameters of a call before it is made.
fn check_call(parser: &mut Parser, fields: &Fields<'_>, resource: &Resource, parameters: &str) {
    match resource {
        Resource::Service { .. } if !fields.has(parameters) => {
            let message = format!("{parameters} field is required for resource ARN: {resource}");
            parser.refuse(fields.at(), message);
        }
        Resource::Service { .. } => {
            fields.require_in(parser, parameters, resource.required_parameters());
        }
        Resource::Activity { .. } if fields.has("Credentials") => {
            let message = "The field 'Credentials' is not supported for activities";
            fields.refuse(parser, "Credentials", message);
        }
        Resource::Activity { .. } | Resource::LambdaFunction { .. } => {}
    }
}

fn seconds(parser: &mut Parser, fields: &mut Fields<'_>, name: &str, path: &str) -> Option<Count> {
    fields.at_most_one(parser, &[name, path]);
    if fields.has(path) {
        return fields.reference(parser, path).map(Count::Path);
    }
    if fields.has_jsonata(name) {
        return fields.jsonata(parser, name).map(Count::Jsonata);
    }
    let seconds = fields.integer(parser, name, 1, limits::SECONDS_MAX);
    seconds.map(Count::Literal)
}

/// What is sent to a task or to branches.
pub(super) fn parameters_name(fields: &Fields<'_>) -> &'static str {
    match fields.language() {
        QueryLanguage::JsonPath => "Parameters",
        QueryLanguage::Jsonata => "Arguments",
    }
}

fn resource(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<Resource> {
    fields.require(parser, &["Resource"]);
    let text = fields.string(parser, "Resource")?;
    let resource = Resource::parse(text);
    if resource.is_none() {
        let message = match text.starts_with("arn:") {
            true => format!(
                "The resource provided {text} is not recognized. The value is not a valid resource \
                 ARN, or the resource is not available in this region."
            ),
            false => "Value is not a valid resource ARN".into(),
        };
        let at = fields.at_field("Resource");
        let known: Vec<String> = Resource::optimized().collect();
        match nearest(text, known.iter().map(String::as_str)) {
            Some(meant) => {
                let help = format!("did you mean `{meant}`?");
                parser.refuse_with_help(&at, &message, &help);
            }
            None => parser.refuse(&at, message),
        }
    }
    resource
}

fn choice(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<StateKind> {
    fields.require(parser, &["Choices"]);
    let default = fields.string(parser, "Default").map(StateName::from);
    let rules = fields.objects(parser, "Choices");
    let rules = rules
        .into_iter()
        .filter_map(|rule| choices::rule(parser, rule))
        .collect();
    Some(StateKind::Choice(Choice { rules, default }))
}

fn wait(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<StateKind> {
    let names = ["SecondsPath", "Seconds", "TimestampPath", "Timestamp"];
    fields.exactly_one(parser, &names);
    let until = until(parser, fields);
    let next = next(parser, fields);
    Some(StateKind::Wait(Wait {
        until: until?,
        next: next?,
    }))
}

fn until(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<WaitUntil> {
    Some(if fields.has_jsonata("Seconds") {
        WaitUntil::SecondsJsonata(fields.jsonata(parser, "Seconds")?)
    } else if fields.has_jsonata("Timestamp") {
        WaitUntil::TimestampJsonata(fields.jsonata(parser, "Timestamp")?)
    } else if fields.has("Seconds") {
        WaitUntil::Seconds(fields.integer(parser, "Seconds", 0, limits::SECONDS_MAX)?)
    } else if fields.has("SecondsPath") {
        WaitUntil::SecondsPath(fields.reference(parser, "SecondsPath")?)
    } else if fields.has("TimestampPath") {
        WaitUntil::TimestampPath(fields.reference(parser, "TimestampPath")?)
    } else {
        let text = fields.string(parser, "Timestamp")?;
        let at = fields.at_field("Timestamp");
        WaitUntil::Timestamp(choices::instant(parser, text, &at)?)
    })
}

fn fail(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<StateKind> {
    Some(StateKind::Fail(Fail {
        error: text(parser, fields, "Error", "ErrorPath"),
        cause: text(parser, fields, "Cause", "CausePath"),
    }))
}

fn text(parser: &mut Parser, fields: &mut Fields<'_>, name: &str, path: &str) -> Option<Text> {
    fields.at_most_one(parser, &[name, path]);
    if fields.has_jsonata(name) {
        return fields.jsonata(parser, name).map(Text::Jsonata);
    }
    match fields.string(parser, name) {
        Some(text) => Some(Text::Literal(text.into())),
        None => fields.expression(parser, path).map(Text::Computed),
    }
}

fn parallel(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<StateKind> {
    fields.require(parser, &["Branches"]);
    let parameters = fields.template(parser, parameters_name(fields));
    let branches = fields.objects(parser, "Branches");
    let branches: Vec<Option<StateName>> = branches
        .into_iter()
        .map(|branch| parser.nested_scope(branch))
        .collect();
    let work = work(parser, fields);
    Some(StateKind::Parallel(Parallel {
        branches: branches.into_iter().collect::<Option<_>>()?,
        work: Work {
            parameters,
            ..work?
        },
    }))
}

/// The fields that Task, Parallel and Map states share, but for `Parameters`.
pub(super) fn work(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<Work> {
    let result_selector = fields.object_template(parser, "ResultSelector");
    let result_path = fields.result_path(parser);
    let retry = retries::retry(parser, fields);
    let catch = retries::catch(parser, fields);
    let next = next(parser, fields);
    Some(Work {
        parameters: None,
        result_selector,
        result_path,
        retry,
        catch,
        next: next?,
    })
}

fn next(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<Next> {
    let next = fields.string(parser, "Next");
    let is_end = fields.boolean(parser, "End") == Some(true);
    match (next, is_end) {
        (Some(name), false) => Some(Next::State(name.into())),
        (None, true) => Some(Next::End),
        // What is of the wrong type has been reported.
        (None, false) if fields.has("Next") => None,
        (next, _) => {
            let rule = match next {
                Some(_) => "There should only be one of the following fields",
                None => "This object should have only one of the following fields",
            };
            parser.refuse(fields.at(), format!("{rule}: [Next, End]"));
            None
        }
    }
}
