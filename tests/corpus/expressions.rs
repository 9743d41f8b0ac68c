//! Damage to paths, expressions and the names of variables.

use serde_json::{Map, Value, json};

use super::{Draw, Site, escape};

pub(super) fn bad_path(
    site: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<String> {
    if site.is_jsonata || site.kind() == "Fail" {
        return None;
    }
    let fields: &[&str] = match site.kind() {
        "Pass" | "Task" | "Parallel" => &["InputPath", "OutputPath", "ResultPath"],
        "Map" => &["InputPath", "OutputPath", "ResultPath", "ItemsPath"],
        _ => &["InputPath", "OutputPath"],
    };
    let field = *draw.one(fields)?;
    let paths = ["order.id", "", "$.a[", "$.a b", "$.a[?(@.b]"];
    state.insert(field.into(), json!(draw.one(&paths)?));
    Some(format!("/{field}"))
}

pub(super) fn ambiguous_path(
    site: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<String> {
    let fields: &[&str] = match site.kind() {
        _ if site.is_jsonata => return None,
        "Pass" | "Task" | "Parallel" => &["ResultPath"],
        "Map" => &["ResultPath", "ItemsPath"],
        _ => return None,
    };
    let field = *draw.one(fields)?;
    let paths = ["$.a[*]", "$..a", "$.a[?(@.b==1)]", "$.*"];
    state.insert(field.into(), json!(draw.one(&paths)?));
    Some(format!("/{field}"))
}

/// In JSONPath what begins with `$` and is no path, in JSONata what is no expression.
pub(super) fn bad_expression(
    site: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<String> {
    let field = template_field(site, state, draw)?;
    let template = state[field].as_object_mut()?;
    let (name, value) = match site.is_jsonata {
        true => (
            "damage",
            draw.one(&["{% 1 + %}", "{% phone %}", "{% $x", "{% ( %}", "{% $$ %}"])?,
        ),
        false => ("damage.$", draw.one(&["$.", "order", "$.a[", "", "$.a b"])?),
    };
    template.insert(name.into(), json!(value));
    Some(format!("/{field}/{name}"))
}

pub(super) fn bad_intrinsic(
    site: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<String> {
    if site.is_jsonata {
        return None;
    }
    let field = template_field(site, state, draw)?;
    let calls = [
        "States.Default($.a, 1)",
        "States.Format('{}', $.a",
        "States.UUID",
        "States.Array($.a,)",
        "Format('{}', 1)",
        "States.Format('it's {}', $.a)",
    ];
    let template = state[field].as_object_mut()?;
    template.insert("damage.$".into(), json!(draw.one(&calls)?));
    Some(format!("/{field}/damage.$"))
}

fn template_field(
    site: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<&'static str> {
    let fields: &[&str] = match (site.kind(), site.is_jsonata) {
        ("Pass", false) => &["Parameters"],
        ("Task" | "Parallel", false) => &["Parameters", "ResultSelector"],
        ("Map", false) => &["ItemSelector", "ResultSelector"],
        ("Task" | "Parallel", true) => &["Arguments", "Output"],
        ("Fail", _) => return None,
        (_, true) => &["Output"],
        _ => return None,
    };
    let field = *draw.one(fields)?;
    let is_taken = field == "ItemSelector" && state.contains_key("Parameters");
    let is_text = state.get(field).is_some_and(|value| !value.is_object());
    if is_taken || is_text {
        return None;
    }
    state.entry(field).or_insert(json!({}));
    Some(field)
}

/// The expressions inside a state, but not those of the states inside it.
fn expressions(value: &Value, is_jsonata: bool, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let inner = ["Branches", "ItemProcessor", "Iterator"];
            for (key, member) in members
                .iter()
                .filter(|(key, _)| !inner.contains(&key.as_str()))
            {
                let at = format!("{at}/{}", escape(key));
                let text = member.as_str().unwrap_or_default();
                let is_expression = match is_jsonata {
                    true => text.starts_with("{%") && text.ends_with("%}"),
                    false => key.ends_with(".$") && (text.starts_with("$.") || text.ends_with(')')),
                };
                // What is filled in later is not known to be wrong.
                if is_expression && !text.contains("${") {
                    found.push(at);
                } else {
                    expressions(member, is_jsonata, &at, found);
                }
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                expressions(element, is_jsonata, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

pub(super) fn cut_expression(
    site: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<String> {
    let mut found = Vec::new();
    expressions(&site.state, site.is_jsonata, "", &mut found);
    let at = draw.one(&found)?;
    let mut whole = Value::Object(std::mem::take(state));
    let value = whole.pointer_mut(at)?;
    let text = value.as_str()?.trim_end();
    let cut = match text.strip_suffix("%}") {
        // An operator with nothing behind it.
        Some(expression) if site.is_jsonata => format!("{expression} & %}}"),
        _ if text.ends_with(')') => text[..text.len() - 1].to_owned(),
        _ => format!("{text}."),
    };
    *value = json!(cut);
    *state = whole.as_object()?.clone();
    Some(at.clone())
}

pub(super) fn bad_variable(
    site: &Site,
    state: &mut Map<String, Value>,
    draw: &mut Draw,
) -> Option<String> {
    if matches!(site.kind(), "Succeed" | "Fail") {
        return None;
    }
    let names = ["states", "a-b", "1st", "a.b", "a b"];
    let name = *draw.one(&names)?;
    let assign = state.entry("Assign").or_insert(json!({})).as_object_mut()?;
    assign.insert(name.into(), json!(1));
    Some(format!("/Assign/{name}"))
}
