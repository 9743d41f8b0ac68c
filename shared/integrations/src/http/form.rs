//! A body as `application/x-www-form-urlencoded`.

use serde_json::{Map, Value};

use crate::encode;

/// `ArrayFormat`: how the items of an array are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArrayFormat {
    /// `a[0]=x&a[1]=y`
    Indices,
    /// `a=x&a=y`
    Repeat,
    /// `a=x,y`
    Commas,
    /// `a[]=x&a[]=y`
    Brackets,
}

impl ArrayFormat {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "INDICES" => Some(Self::Indices),
            "REPEAT" => Some(Self::Repeat),
            "COMMAS" => Some(Self::Commas),
            "BRACKETS" => Some(Self::Brackets),
            _ => None,
        }
    }
}

/// The members of an object, those inside others as `outer[inner]`.
///
/// AWS: [Applying URL-encoding on request body](https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html#url-encode-request-body).
pub(super) fn encode(body: &Map<String, Value>, format: ArrayFormat) -> String {
    let mut pairs = Vec::new();
    for (name, value) in body {
        flatten(name.clone(), value, format, &mut pairs);
    }
    encode::pairs(&pairs)
}

fn flatten(name: String, value: &Value, format: ArrayFormat, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (inner, value) in members {
                flatten(format!("{name}[{inner}]"), value, format, pairs);
            }
        }
        Value::Array(items) if format == ArrayFormat::Commas => {
            let items: Vec<String> = items.iter().map(text).collect();
            pairs.push((name, items.join(",")));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let name = match format {
                    ArrayFormat::Indices => format!("{name}[{index}]"),
                    ArrayFormat::Brackets => format!("{name}[]"),
                    ArrayFormat::Repeat | ArrayFormat::Commas => name.clone(),
                };
                flatten(name, item, format, pairs);
            }
        }
        scalar => pairs.push((name, text(scalar))),
    }
}

/// A value in one piece.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn encoded(body: Value, format: ArrayFormat) -> String {
        let text = encode(body.as_object().unwrap(), format);
        text.replace("%5B", "[").replace("%5D", "]")
    }

    #[test]
    fn an_array_has_the_form_that_is_asked_for() {
        for (format, expected) in [
            (ArrayFormat::Indices, "array[0]=a&array[1]=b"),
            (ArrayFormat::Repeat, "array=a&array=b"),
            (ArrayFormat::Commas, "array=a%2Cb"),
            (ArrayFormat::Brackets, "array[]=a&array[]=b"),
        ] {
            assert_eq!(encoded(json!({ "array": ["a", "b"] }), format), expected);
        }
    }

    #[test]
    fn what_is_inside_is_in_brackets() {
        let body = json!({
            "description": "Monthly subscription",
            "metadata": { "order_details": "a&b", "items": [{ "id": 1 }] },
            "none": null,
        });
        assert_eq!(
            encoded(body, ArrayFormat::Indices),
            "description=Monthly%20subscription&metadata[order_details]=a%26b\
             &metadata[items][0][id]=1&none="
        );
    }
}
