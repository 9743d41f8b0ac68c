//! Damage to what stands inside a state: retriers, catchers, choice rules, scopes, calls.

use serde_json::{Map, Value, json};

use super::{Draw, Site, element};

pub(super) fn damage_retrier(
    site: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<String> {
    if !matches!(site.kind(), "Task" | "Parallel" | "Map") {
        return None;
    }
    state
        .entry("Retry")
        .or_insert(json!([{ "ErrorEquals": ["States.ALL"] }]));
    let (retrier, index) = element(state, "Retry", draw)?;
    let damage: &[(&str, Value, &str)] = &[
        ("BackoffRate", json!(0.5), "/BackoffRate"),
        ("MaxAttempts", json!(-1), "/MaxAttempts"),
        ("MaxDelaySeconds", json!(0), "/MaxDelaySeconds"),
        ("JitterStrategy", json!("SOME"), "/JitterStrategy"),
        ("ErrorEquals", json!([]), "/ErrorEquals"),
        ("ErrorEquals", json!(["A", "States.ALL"]), "/ErrorEquals/1"),
        ("ErrorEquals", json!("States.ALL"), "/ErrorEquals"),
        ("MaxAttempt", json!(1), "/MaxAttempt"),
        ("ErrorEquals", Value::Null, ""),
    ];
    damage_object(retrier, damage, draw).map(|at| format!("/Retry/{index}{at}"))
}

pub(super) fn damage_catcher(
    _: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<String> {
    let (catcher, index) = element(state, "Catch", draw)?;
    let damage: &[(&str, Value, &str)] = &[
        ("Next", Value::Null, ""),
        ("ErrorEquals", Value::Null, ""),
        ("ErrorEquals", json!([]), "/ErrorEquals"),
        ("ErrorEquals", json!(["States.ALL", "A"]), "/ErrorEquals/0"),
        ("ResultPaht", json!("$.e"), "/ResultPaht"),
    ];
    damage_object(catcher, damage, draw).map(|at| format!("/Catch/{index}{at}"))
}

pub(super) fn damage_rule(
    site: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<String> {
    if draw.below(6) == 0 && state.contains_key("Choices") {
        state["Choices"] = json!([]);
        return Some("/Choices".into());
    }
    let (rule, index) = element(state, "Choices", draw)?;
    let in_json_path: &[(&str, Value, &str)] = &[
        ("Next", Value::Null, ""),
        ("Variable", json!("order.id"), "/Variable"),
        ("Variable", json!("$.a[*]"), "/Variable"),
        ("Variable", Value::Null, ""),
        ("StringEqual", json!("x"), "/StringEqual"),
        ("IsPresent", json!("yes"), "/IsPresent"),
        ("NumericEquals", json!("1"), "/NumericEquals"),
    ];
    let in_jsonata: &[(&str, Value, &str)] = &[
        ("Next", Value::Null, ""),
        ("Condition", Value::Null, ""),
        ("Condition", json!("{% 1 + %}"), "/Condition"),
        ("Condition", json!(1), "/Condition"),
        ("Variable", json!("$.a"), "/Variable"),
    ];
    let damage = if site.is_jsonata {
        in_jsonata
    } else {
        in_json_path
    };
    let (field, value, at) = draw.one(damage)?;
    match *field {
        // Those that need a test of one variable.
        "Variable" if !site.is_jsonata && !rule.contains_key("Variable") => return None,
        "IsPresent" | "NumericEquals" => {
            let next = rule.get("Next").cloned()?;
            *rule = Map::new();
            rule.insert("Variable".into(), json!("$.a"));
            rule.insert("Next".into(), next);
        }
        _ => {}
    }
    set(rule, field, value);
    Some(format!("/Choices/{index}{at}"))
}

pub(super) fn damage_scope(
    site: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<String> {
    let (field, at) = match site.kind() {
        "Parallel" if draw.below(3) == 0 => {
            state["Branches"] = json!([]);
            return Some("/Branches".into());
        }
        "Parallel" => ("Branches", "/Branches/0"),
        "Map" if state.contains_key("ItemProcessor") => ("ItemProcessor", "/ItemProcessor"),
        "Map" => ("Iterator", "/Iterator"),
        _ => return None,
    };
    let scope = match state.get_mut(field)? {
        Value::Array(branches) => branches.first_mut()?,
        processor => processor,
    };
    let damage: &[(&str, Value, &str)] = &[
        ("StartAt", Value::Null, ""),
        ("States", Value::Null, ""),
        ("States", json!({}), "/States"),
        ("StartAt", json!("Nowhere at all"), "/StartAt"),
        ("QueryLanguage", json!("JSONata"), "/QueryLanguage"),
        ("Start", json!("A"), "/Start"),
    ];
    damage_object(scope.as_object_mut()?, damage, draw).map(|inner| format!("{at}{inner}"))
}

pub(super) fn damage_distributed(
    site: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<String> {
    let processor = ["ItemProcessor", "Iterator"]
        .into_iter()
        .find(|field| state.contains_key(*field))?;
    let is_distributed = site.state[processor]["ProcessorConfig"]["Mode"] == "DISTRIBUTED";
    if !is_distributed {
        let config = json!({ "Mode": "INLINE", "ExecutionType": "STANDARD" });
        state
            .get_mut(processor)?
            .as_object_mut()?
            .insert("ProcessorConfig".into(), config);
        return Some(format!("/{processor}/ProcessorConfig/ExecutionType"));
    }
    let reader = |config: Value| {
        let name = if site.is_jsonata {
            "Arguments"
        } else {
            "Parameters"
        };
        json!({ "Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": config,
            name: { "Bucket": "b", "Key": "k" } })
    };
    let damage: &[(&str, Value, String)] = &[
        ("Label", json!("x".repeat(41)), "/Label".into()),
        (
            "ItemReader",
            reader(json!({ "InputType": "CSV" })),
            "/ItemReader/ReaderConfig".into(),
        ),
        (
            "ItemReader",
            reader(json!({ "InputType": "JSON", "CSVHeaderLocation": "FIRST_ROW" })),
            "/ItemReader/ReaderConfig/CSVHeaderLocation".into(),
        ),
        (
            "ItemReader",
            reader(json!({ "InputType": "JSON", "MaxItems": -1 })),
            "/ItemReader/ReaderConfig/MaxItems".into(),
        ),
        (
            "ItemReader",
            json!({ "Resource": "arn:aws:states:::s3:headObject" }),
            "/ItemReader/Resource".into(),
        ),
        (
            "ItemBatcher",
            json!({ "MaxItemsPerBatch": -1 }),
            "/ItemBatcher/MaxItemsPerBatch".into(),
        ),
        (
            "ToleratedFailurePercentage",
            json!(-1),
            "/ToleratedFailurePercentage".into(),
        ),
        (
            processor,
            without_execution_type(&site.state[processor]),
            format!("/{processor}/ProcessorConfig"),
        ),
    ];
    let (field, value, at) = draw.one(damage)?;
    state.insert((*field).into(), value.clone());
    Some(at.clone())
}

fn without_execution_type(processor: &Value) -> Value {
    let mut processor = processor.clone();
    processor["ProcessorConfig"] = json!({ "Mode": "DISTRIBUTED" });
    processor
}

/// Does one of the things to an object; JSON `null` stands for dropping the field.
fn damage_object(
    object: &mut Map<String, Value>,
    damage: &[(&'static str, Value, &'static str)],
    draw: &mut Draw,
) -> Option<&'static str> {
    let (field, value, at) = draw.one(damage)?;
    set(object, field, value);
    Some(at)
}

fn set(object: &mut Map<String, Value>, field: &str, value: &Value) {
    match value {
        Value::Null => drop(object.remove(field)),
        value => drop(object.insert(field.into(), value.clone())),
    }
}

pub(super) fn unknown_resource(
    _: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<String> {
    let resources = [
        "invoke-me",
        "arn:aws:states:::lambda:invok",
        "arn:aws:states:::lambda:invoke.sync",
        "arn:aws:states:::dynamodb:query",
        "arn:aws:states:::aws-sdk:s3:GetObject",
        "arn:aws:s3:::bucket",
        "arn:aws:states:::sns:publish.sync:2",
        "arn:aws:states:::glue:startJobRun.waitForTaskToken",
    ];
    *state.get_mut("Resource")? = json!(draw.one(&resources)?);
    Some("/Resource".into())
}

/// Only of services whose required parameters are known to be looked at.
pub(super) fn drop_parameter(
    site: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<String> {
    const REQUIRED: &[(&str, &[&str])] = &[
        ("lambda:invoke", &["FunctionName"]),
        ("sqs:sendMessage", &["QueueUrl", "MessageBody"]),
        ("sns:publish", &["Message"]),
        ("dynamodb:putItem", &["TableName", "Item"]),
        ("dynamodb:getItem", &["TableName", "Key"]),
        ("states:startExecution", &["StateMachineArn"]),
        ("events:putEvents", &["Entries"]),
        ("glue:startJobRun", &["JobName"]),
        ("ecs:runTask", &["TaskDefinition"]),
    ];
    let resource = site.state["Resource"].as_str()?;
    let field = ["Parameters", "Arguments"]
        .into_iter()
        .find(|field| state.contains_key(*field))?;
    let resource = resource
        .strip_prefix("arn:aws:states:::")
        .filter(|_| site.kind() == "Task")?;
    if draw.below(3) == 0 {
        state.remove(field);
        return Some(String::new());
    }
    let (_, required) = REQUIRED
        .iter()
        .find(|(action, _)| resource.split('.').next() == Some(*action))?;
    let name = draw.one(required)?;
    let parameters = state[field].as_object_mut()?;
    let is_there = parameters.remove(*name).is_some();
    let is_computed = parameters.remove(&format!("{name}.$")).is_some();
    (is_there || is_computed).then(|| format!("/{field}"))
}
