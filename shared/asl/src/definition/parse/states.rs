//! The eight state types.

use serde_json::Value;

use super::{Parser, choices, fields::Fields, language, retries};
use crate::{
    data::timestamp,
    definition::{
        Choice, Count, DataFlow, Fail, Items, Map, Next, Parallel, Pass, QueryLanguage, Resource,
        State, StateKind, StateName, Task, Text, Wait, WaitUntil, Work, codes,
    },
    jsonata::{Jsonata, Offered},
    limits,
};

/// Parses one state. What is wrong with it is reported; `None` if it cannot stand in the table.
pub(super) fn parse(parser: &mut Parser, name: StateName, mut fields: Fields<'_>) -> Option<State> {
    fields.ignore(&["Comment"]);
    language::check(parser, &mut fields);
    let Some(state_type) = fields.string(parser, "Type") else {
        fields.require(parser, "Type");
        return None;
    };
    language::refuse_foreign(parser, &mut fields);
    if matches!(state_type, "Task" | "Parallel" | "Map") {
        fields.offer(Offered::Result);
    }
    let data_flow = data_flow(parser, &mut fields, state_type);
    let has_assign = !matches!(state_type, "Fail" | "Succeed");
    let assign = has_assign.then(|| fields.assign(parser)).flatten();
    let kind = match state_type {
        "Pass" => pass(parser, &mut fields),
        "Task" => task(parser, &mut fields),
        "Choice" => choice(parser, &mut fields),
        "Wait" => wait(parser, &mut fields),
        "Succeed" => Some(StateKind::Succeed),
        "Fail" => fail(parser, &mut fields),
        "Parallel" => parallel(parser, &mut fields),
        "Map" => map(parser, &mut fields),
        _ => {
            let message = "The field 'Type' should have one of these values: \
                           [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]";
            parser.error(codes::SCHEMA, fields.at_field("Type"), message);
            return None;
        }
    };
    fields.finish(parser);
    Some(State {
        name,
        data_flow,
        assign,
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
    let timeout = count(parser, fields, "TimeoutSeconds", "TimeoutSecondsPath", 1);
    let heartbeat = count(
        parser,
        fields,
        "HeartbeatSeconds",
        "HeartbeatSecondsPath",
        1,
    );
    let credentials = fields.object_template(parser, "Credentials");
    let parameters = fields.template(parser, parameters_name(fields));
    let work = work(parser, fields)?;
    Some(StateKind::Task(Task {
        resource: resource?,
        timeout,
        heartbeat,
        credentials,
        work: Work { parameters, ..work },
    }))
}

/// What is sent to a task or to branches.
fn parameters_name(fields: &Fields<'_>) -> &'static str {
    match fields.language() {
        QueryLanguage::JsonPath => "Parameters",
        QueryLanguage::Jsonata => "Arguments",
    }
}

fn resource(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<Resource> {
    fields.require(parser, "Resource");
    let text = fields.string(parser, "Resource")?;
    let resource = Resource::parse(text);
    if resource.is_none() {
        let message = format!(
            "The resource provided {text} is not recognized. The value is not a valid resource ARN, \
             or the resource is not available in this region."
        );
        parser.error(codes::SCHEMA, fields.at_field("Resource"), message);
    }
    resource
}

fn choice(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<StateKind> {
    fields.require(parser, "Choices");
    let default = fields.string(parser, "Default").map(StateName::from);
    let (values, at) = fields.array(parser, "Choices")?;
    if values.is_empty() {
        parser.error(codes::SCHEMA, at.clone(), "Value cannot be empty");
    }
    let mut rules = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        match value {
            Value::Object(object) => {
                let rule = fields.element(object, "Choices", index);
                rules.extend(choices::rule(parser, rule));
            }
            _ => {
                let at = format!("{at}/{index}");
                parser.error(codes::SCHEMA, at, "Expected value of type Object");
            }
        }
    }
    Some(StateKind::Choice(Choice { rules, default }))
}

fn wait(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<StateKind> {
    let names = ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"];
    fields.at_most_one(parser, &names);
    let until = if fields.has_jsonata("Seconds") {
        fields
            .jsonata(parser, "Seconds")
            .map(WaitUntil::SecondsJsonata)
    } else if fields.has_jsonata("Timestamp") {
        fields
            .jsonata(parser, "Timestamp")
            .map(WaitUntil::TimestampJsonata)
    } else if fields.has("Seconds") {
        fields.natural(parser, "Seconds").map(WaitUntil::Seconds)
    } else if fields.has("SecondsPath") {
        fields
            .path(parser, "SecondsPath")
            .map(WaitUntil::SecondsPath)
    } else if fields.has("TimestampPath") {
        fields
            .path(parser, "TimestampPath")
            .map(WaitUntil::TimestampPath)
    } else if fields.has("Timestamp") {
        literal_timestamp(parser, fields)
    } else {
        let message = format!("One of these fields is required: [{}]", names.join(", "));
        parser.error(codes::SCHEMA, fields.at(), message);
        None
    };
    let next = next(parser, fields);
    Some(StateKind::Wait(Wait {
        until: until?,
        next: next?,
    }))
}

fn literal_timestamp(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<WaitUntil> {
    let text = fields.string(parser, "Timestamp")?;
    let parsed = timestamp::parse(text);
    if parsed.is_none() {
        parser.error(
            codes::SCHEMA,
            fields.at_field("Timestamp"),
            "String does not match RFC3339 timestamp",
        );
    }
    parsed.map(WaitUntil::Timestamp)
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
    fields.require(parser, "Branches");
    let parameters = fields.template(parser, parameters_name(fields));
    let mut branches = Vec::new();
    let mut is_whole = true;
    if let Some((values, at)) = fields.array(parser, "Branches") {
        if values.is_empty() {
            parser.error(codes::SCHEMA, at.clone(), "Value cannot be empty");
        }
        for (index, value) in values.iter().enumerate() {
            let start_at = nested_scope(parser, value, format!("{at}/{index}"));
            is_whole &= start_at.is_some();
            branches.extend(start_at);
        }
    }
    let work = work(parser, fields)?;
    is_whole.then_some(StateKind::Parallel(Parallel {
        branches,
        work: Work { parameters, ..work },
    }))
}

fn nested_scope(parser: &mut Parser, value: &Value, at: String) -> Option<StateName> {
    let Value::Object(object) = value else {
        parser.error(codes::SCHEMA, at, "Expected value of type Object");
        return None;
    };
    let mut fields = Fields::new(object, at, parser.language);
    fields.ignore(&["Comment", "QueryLanguage"]);
    if fields.has("QueryLanguage") {
        let message = "Field 'QueryLanguage' is not supported";
        parser.error(codes::SCHEMA, fields.at(), message);
    }
    processor_config(parser, &mut fields);
    let start_at = parser.scope(&mut fields);
    fields.finish(parser);
    start_at
}

fn processor_config(parser: &mut Parser, fields: &mut Fields<'_>) {
    let Some((config, at)) = fields.object(parser, "ProcessorConfig") else {
        return;
    };
    let mut config = Fields::new(config, at.clone(), fields.language());
    match config.string(parser, "Mode") {
        None | Some("INLINE") => config.finish(parser),
        Some("DISTRIBUTED") => parser.not_supported(at, "Distributed Map is not supported"),
        Some(_) => {
            let message = "The field 'Mode' should have one of these values: [INLINE, DISTRIBUTED]";
            parser.error(codes::SCHEMA, config.at_field("Mode"), message);
        }
    }
}

fn map(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<StateKind> {
    fields.at_most_one(parser, &["ItemProcessor", "Iterator"]);
    fields.at_most_one(parser, &["ItemSelector", "Parameters"]);
    let processor = if fields.has("Iterator") {
        "Iterator"
    } else {
        "ItemProcessor"
    };
    fields.require(parser, processor);
    // It names the map runs of the distributed mode, but may stand in the other, too.
    fields.ignore(&["Label"]);
    if is_distributed(fields.value(processor)) {
        // The mode is reported; what belongs to it is not wrong.
        fields.ignore(DISTRIBUTED_ONLY);
    }
    let start_at = fields.value(processor).and_then(|value| {
        let at = fields.at_field(processor);
        nested_scope(parser, value, at)
    });
    let items = items(parser, fields);
    let selector = if fields.has("Parameters") {
        "Parameters"
    } else {
        "ItemSelector"
    };
    let item_selector = fields.template(parser, selector);
    let max_concurrency = count(parser, fields, "MaxConcurrency", "MaxConcurrencyPath", 0);
    let tolerances = tolerances(parser, fields);
    let work = work(parser, fields);
    Some(StateKind::Map(Map {
        start_at: start_at?,
        items: items?,
        item_selector,
        max_concurrency: max_concurrency.unwrap_or(Count::Literal(0)),
        tolerances,
        work: work?,
    }))
}

const DISTRIBUTED_ONLY: &[&str] = &[
    "ItemBatcher",
    "ItemReader",
    "ResultWriter",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath",
];

fn is_distributed(processor: Option<&Value>) -> bool {
    let mode = processor.and_then(|processor| processor.pointer("/ProcessorConfig/Mode"));
    mode.and_then(Value::as_str) == Some("DISTRIBUTED")
}

fn items(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<Items> {
    if fields.has("ItemsPath") {
        return fields.path(parser, "ItemsPath").map(Items::Path);
    }
    if fields.has_jsonata("Items") {
        return fields.jsonata(parser, "Items").map(Items::Jsonata);
    }
    if !fields.has("Items") {
        return Some(Items::Input);
    }
    fields.array(parser, "Items")?;
    fields.template(parser, "Items").map(Items::Template)
}

/// What an inline Map state has no use for, but may have.
fn tolerances(parser: &mut Parser, fields: &mut Fields<'_>) -> Vec<(&'static str, Jsonata)> {
    let mut tolerances = Vec::new();
    for (name, max) in [
        ("ToleratedFailureCount", limits::SECONDS_BOUND as f64),
        ("ToleratedFailurePercentage", 100.0),
    ] {
        if fields.has_jsonata(name) {
            tolerances.extend(fields.jsonata(parser, name).map(|jsonata| (name, jsonata)));
        } else if let Some(number) = fields.number(parser, name)
            && !(0.0..=max).contains(&number)
        {
            let message = format!("Value must be between 0 and {max}");
            parser.error(codes::SCHEMA, fields.at_field(name), message);
        }
    }
    tolerances
}

/// A number given or read: `TimeoutSeconds` or `TimeoutSecondsPath`, and the like.
fn count(
    parser: &mut Parser,
    fields: &mut Fields<'_>,
    name: &str,
    path: &str,
    min: u64,
) -> Option<Count> {
    fields.at_most_one(parser, &[name, path]);
    if fields.has(path) {
        return fields.path(parser, path).map(Count::Path);
    }
    if fields.has_jsonata(name) {
        return fields.jsonata(parser, name).map(Count::Jsonata);
    }
    fields
        .whole(parser, name, min, limits::SECONDS_BOUND)
        .map(Count::Literal)
}

/// The fields that Task, Parallel and Map states share, but for `Parameters`.
fn work(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<Work> {
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
    let end = fields.boolean(parser, "End").unwrap_or(false);
    match (next, end) {
        (Some(name), false) => Some(Next::State(name.into())),
        (None, true) => Some(Next::End),
        (Some(_), true) => {
            parser.error(
                codes::SCHEMA,
                fields.at(),
                "Only one of these fields is allowed: [Next, End]",
            );
            None
        }
        (None, false) => {
            parser.error(
                codes::SCHEMA,
                fields.at(),
                "One of these fields is required: [Next, End]",
            );
            None
        }
    }
}
