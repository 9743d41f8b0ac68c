//! Damage to the fields of a state: their names, their types, their ranges.

use serde_json::{Map, Value, json};

use super::{Draw, Site, escape};

/// Two letters change places.
pub(super) fn misspell(
    _: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<String> {
    let fields: Vec<String> = state
        .keys()
        .filter(|field| field.len() > 3)
        .cloned()
        .collect();
    let field = draw.one(&fields)?;
    let mut letters: Vec<char> = field.chars().collect();
    let at = 1 + draw.below(letters.len() - 2);
    letters.swap(at, at + 1);
    let misspelt: String = letters.into_iter().collect();
    if misspelt == *field {
        return None;
    }
    let value = state.remove(field)?;
    state.insert(misspelt.clone(), value);
    // A misspelt `Type` is missing: nobody knows which fields belong to such a state.
    Some(match field == "Type" {
        true => String::new(),
        false => format!("/{}", escape(&misspelt)),
    })
}

/// A field that only other types of state have.
pub(super) fn foreign_field(
    site: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<String> {
    let retry = json!([{ "ErrorEquals": ["States.ALL"] }]);
    let fields: &[(&str, Value)] = match site.kind() {
        "Pass" => &[
            ("Retry", retry),
            ("Seconds", json!(1)),
            ("TimeoutSeconds", json!(5)),
        ],
        "Task" => &[
            ("Seconds", json!(1)),
            ("Choices", json!([])),
            ("Error", json!("E")),
        ],
        "Wait" => &[
            ("Retry", retry),
            ("Resource", json!("arn:aws:states:::lambda:invoke")),
        ],
        "Choice" => &[
            ("End", json!(true)),
            ("Next", json!(site.name)),
            ("Retry", retry),
        ],
        "Succeed" => &[
            ("Next", json!(site.name)),
            ("End", json!(true)),
            ("Assign", json!({})),
        ],
        "Fail" => &[
            ("Next", json!(site.name)),
            ("End", json!(true)),
            ("Assign", json!({})),
        ],
        "Parallel" => &[("TimeoutSeconds", json!(5)), ("ItemSelector", json!({}))],
        "Map" => &[("TimeoutSeconds", json!(5)), ("Branches", json!([]))],
        _ => return None,
    };
    let (field, value) = draw.one(fields)?;
    state.insert((*field).into(), value.clone());
    Some(format!("/{field}"))
}

pub(super) fn foreign_language(
    site: &Site,
    state: &mut Map<String, Value>,
    _: &mut Draw,
) -> Option<String> {
    let (field, value) = match (site.is_jsonata, site.kind()) {
        (_, "Fail") => return None,
        (true, _) => ("InputPath", json!("$")),
        (false, _) => ("Output", json!({})),
    };
    state.insert(field.into(), value);
    Some(format!("/{field}"))
}

pub(super) fn wrong_type(
    _: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<String> {
    const FIELDS: &[&str] = &[
        "Type",
        "Next",
        "End",
        "Default",
        "Resource",
        "Choices",
        "Branches",
        "Retry",
        "Catch",
        "ItemProcessor",
        "Iterator",
        "Seconds",
        "TimeoutSeconds",
        "HeartbeatSeconds",
        "MaxConcurrency",
        "InputPath",
        "OutputPath",
        "ResultPath",
        "ResultSelector",
        "Assign",
        "ItemReader",
        "ItemBatcher",
        "ResultWriter",
        "ToleratedFailurePercentage",
        "Label",
        "Timestamp",
        "Error",
        "Cause",
        "SecondsPath",
        "TimestampPath",
        "ItemsPath",
    ];
    let fields: Vec<&&str> = FIELDS
        .iter()
        .filter(|field| state.contains_key(**field))
        .collect();
    let field = **draw.one(&fields)?;
    // No field takes any of these, but for those that take an object.
    let wrong = match &state[field] {
        Value::Object(_) => json!(["text"]),
        Value::Array(_) => json!("text"),
        Value::Bool(_) => json!("true"),
        _ => json!({ "a": 1, "b": 2 }),
    };
    state[field] = wrong;
    Some(format!("/{field}"))
}

pub(super) fn drop_type(_: &Site, state: &mut Map<String, Value>, _: &mut Draw) -> Option<String> {
    state.remove("Type").map(|_| String::new())
}

pub(super) fn unknown_type(
    _: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<String> {
    let types = ["pass", "Suceed", "Function", "Loop", ""];
    state["Type"] = json!(draw.one(&types)?);
    Some("/Type".into())
}

pub(super) fn drop_required(
    site: &Site,
    state: &mut Map<String, Value>,
    _: &mut Draw,
) -> Option<String> {
    let field = match site.kind() {
        "Task" => "Resource",
        "Choice" => "Choices",
        "Parallel" => "Branches",
        "Map" => ["ItemProcessor", "Iterator"]
            .into_iter()
            .find(|field| state.contains_key(*field))?,
        "Wait" => ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"]
            .into_iter()
            .find(|field| state.contains_key(*field))?,
        _ => return None,
    };
    state.remove(field).map(|_| String::new())
}

pub(super) fn out_of_range(
    site: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<String> {
    let numbers: &[(&str, Value)] = match site.kind() {
        "Task" => &[
            ("TimeoutSeconds", json!(0)),
            ("TimeoutSeconds", json!(100_000_000)),
            ("HeartbeatSeconds", json!(-1)),
            ("HeartbeatSeconds", json!(1.5)),
        ],
        "Wait" if state.contains_key("Seconds") => {
            &[("Seconds", json!(-1)), ("Seconds", json!(100_000_000))]
        }
        "Map" => &[
            ("MaxConcurrency", json!(-1)),
            ("ToleratedFailurePercentage", json!(101)),
            ("ToleratedFailureCount", json!(-1)),
        ],
        _ => return None,
    };
    let (field, value) = draw.one(numbers)?;
    if state.contains_key(&format!("{field}Path")) {
        return None;
    }
    state.insert((*field).into(), value.clone());
    Some(format!("/{field}"))
}

pub(super) fn exclusive_fields(
    site: &Site,
    state: &mut Map<String, Value>,
    _: &mut Draw,
) -> Option<String> {
    if site.is_jsonata {
        return None;
    }
    let fields: &[(&str, Value)] = match site.kind() {
        "Task" => &[
            ("TimeoutSeconds", json!(5)),
            ("TimeoutSecondsPath", json!("$.t")),
        ],
        "Wait" => &[("Seconds", json!(5)), ("TimestampPath", json!("$.t"))],
        "Fail" => &[("Cause", json!("c")), ("CausePath", json!("$.c"))],
        "Map" => &[
            ("MaxConcurrency", json!(5)),
            ("MaxConcurrencyPath", json!("$.m")),
        ],
        _ => return None,
    };
    state.extend(
        fields
            .iter()
            .map(|(field, value)| ((*field).to_owned(), value.clone())),
    );
    Some(String::new())
}

pub(super) fn misspell_inside(
    _: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<String> {
    let (at, field) = field_inside(state, draw)?;
    let misspelt = format!("{field}s");
    // What nobody knows of the others depends on these.
    if matches!(
        field.as_str(),
        "InputType" | "CSVHeaderLocation" | "Mode" | "Comment"
    ) {
        return None;
    }
    let mut whole = Value::Object(std::mem::take(state));
    let object = whole.pointer_mut(&at)?.as_object_mut()?;
    let value = object.remove(&field)?;
    object.insert(misspelt.clone(), value);
    *state = whole.as_object()?.clone();
    Some(format!("{at}/{misspelt}"))
}

pub(super) fn wrong_type_inside(
    _: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<String> {
    let (at, field) = field_inside(state, draw)?;
    // What takes any value, and what is checked by the name of another field.
    let is_data = matches!(
        field.as_str(),
        "Comment" | "Output" | "Parameters" | "Arguments" | "Condition" | "Resource" | "InputType"
    );
    if is_data {
        return None;
    }
    let mut whole = Value::Object(std::mem::take(state));
    let value = &mut whole.pointer_mut(&at)?[&field];
    *value = match value {
        Value::Object(_) => json!(["text"]),
        Value::Array(_) => json!("text"),
        _ => json!({ "a": 1, "b": 2 }),
    };
    *state = whole.as_object()?.clone();
    Some(format!("{at}/{field}"))
}

/// Objects inside a state whose fields are the language's, and not data.
fn objects_inside(value: &Value, at: &str, found: &mut Vec<String>) {
    const FIELDS: &[&str] = &[
        "Choices",
        "And",
        "Or",
        "Not",
        "Retry",
        "Catch",
        "ItemReader",
        "ReaderConfig",
        "ItemBatcher",
        "ResultWriter",
        "WriterConfig",
        "ProcessorConfig",
    ];
    let Value::Object(object) = value else { return };
    if !at.is_empty() {
        found.push(at.to_owned());
    }
    for field in FIELDS.iter().filter(|field| object.contains_key(**field)) {
        match &object[*field] {
            Value::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    objects_inside(element, &format!("{at}/{field}/{index}"), found);
                }
            }
            inner => objects_inside(inner, &format!("{at}/{field}"), found),
        }
    }
    for field in ["ItemProcessor", "Iterator"] {
        if let Some(config) = object
            .get(field)
            .and_then(|inner| inner.get("ProcessorConfig"))
        {
            objects_inside(config, &format!("{at}/{field}/ProcessorConfig"), found);
        }
    }
}

/// One of the fields of the objects inside a state: the way to its object, and its name.
fn field_inside(state: &Map<String, Value>, draw: &mut Draw) -> Option<(String, String)> {
    let state = Value::Object(state.clone());
    let mut objects = Vec::new();
    objects_inside(&state, "", &mut objects);
    let at = draw.one(&objects)?.clone();
    let fields: Vec<&String> = state.pointer(&at)?.as_object()?.keys().collect();
    let field = (*draw.one(&fields)?).clone();
    Some((at, field))
}
