//! Parameters of a task, as an operation's input.

use aws_smithy_schema::{
    Schema, prelude,
    serde::{SerdeError, SerializableStruct, ShapeSerializer},
};
use aws_smithy_types::{Blob, DateTime, Document, Number, date_time::Format};
use serde_json::{Map, Value};

use super::refused;
use crate::aws::{
    model::{Member, Service, Shape, Structure, Target},
    schema::Direction,
};

/// An object as a structure of a service's model.
///
/// A member may be called as Step Functions has it, as the model has it, or as either with other capitals.
/// `null` is the same as nothing.
pub(crate) struct Structured<'a> {
    pub(crate) service: &'a Service,
    pub(crate) target: Target,
    pub(crate) schema: &'static Schema<'static>,
    pub(crate) value: &'a Map<String, Value>,
}

impl SerializableStruct for Structured<'_> {
    fn schema(&self) -> &Schema<'_> {
        self.schema
    }

    fn serialize_members(&self, serializer: &mut dyn ShapeSerializer) -> Result<(), SerdeError> {
        let Some(structure) = self.service.structure(self.target) else {
            return Ok(());
        };
        let members = &structure.members;
        let mut values: Vec<Option<&Value>> = vec![None; members.len()];
        for (key, value) in self.value {
            let index = member_index(structure, key).ok_or_else(|| {
                refused(format!(
                    "The field \"{key}\" is not supported by Step Functions"
                ))
            })?;
            values[index] = Some(value).filter(|value| !value.is_null());
        }
        for (index, (member, value)) in members.iter().zip(values).enumerate() {
            let schema = self
                .schema
                .member_schema_by_index(index)
                .ok_or_else(|| refused(format!("no schema of {}", member.model_name)))?;
            match value {
                Some(value) => write(self.service, serializer, schema, member, value)?,
                None if member.flags.is_idempotency_token() => {
                    serializer.write_string(schema, &uuid::Uuid::new_v4().to_string())?;
                }
                None => {}
            }
        }
        Ok(())
    }
}

/// The member that a key names.
pub(crate) fn member_index(structure: &Structure, key: &str) -> Option<usize> {
    let find = |is_named: &dyn Fn(&Member) -> bool| structure.members.iter().position(is_named);
    find(&|member| *member.name == *key)
        .or_else(|| find(&|member| member.model_name == key))
        .or_else(|| find(&|member| member.name.eq_ignore_ascii_case(key)))
        .or_else(|| find(&|member| member.model_name.eq_ignore_ascii_case(key)))
}

fn write(
    service: &Service,
    serializer: &mut dyn ShapeSerializer,
    schema: &Schema<'_>,
    member: &Member,
    value: &Value,
) -> Result<(), SerdeError> {
    match member.target {
        Target::Boolean => serializer.write_boolean(schema, parsed(value, "a boolean")?),
        Target::Integer => serializer.write_integer(schema, parsed(value, "an integer")?),
        Target::Long => serializer.write_long(schema, parsed(value, "an integer")?),
        Target::Float => serializer.write_float(schema, parsed(value, "a number")?),
        Target::Double => serializer.write_double(schema, parsed(value, "a number")?),
        Target::String => serializer.write_string(schema, &text(value)),
        Target::Document => serializer.write_document(schema, &document(value)),
        // A whole body is the JSON text of the value: a string keeps its quotes. Any other blob is the
        // string itself, or the text of anything else.
        Target::Blob | Target::Stream if member.is_stream() => {
            serializer.write_blob(schema, Blob::new(value.to_string()))
        }
        Target::Blob | Target::Stream => serializer.write_blob(schema, Blob::new(text(value))),
        Target::Timestamp(_) => serializer.write_timestamp(schema, &timestamp(value)?),
        Target::Unit | Target::Aggregate(_) => {
            write_aggregate(service, serializer, schema, member, value)
        }
    }
}

fn write_aggregate(
    service: &Service,
    serializer: &mut dyn ShapeSerializer,
    schema: &Schema<'_>,
    member: &Member,
    value: &Value,
) -> Result<(), SerdeError> {
    match service.shape(member.target) {
        Some(Shape::List {
            member: element, ..
        }) => {
            let values = value
                .as_array()
                .ok_or_else(|| expected("an array", value))?;
            let schema_of_element = service.element_schema(element, Direction::Request);
            serializer.write_list_with_length(schema, values.len(), &|serializer| {
                values.iter().try_for_each(|value| {
                    write_element(service, serializer, schema_of_element, element, value)
                })
            })
        }
        Some(Shape::Map { value: element, .. }) => {
            let values = value
                .as_object()
                .ok_or_else(|| expected("an object", value))?;
            let schema_of_value = service.element_schema(element, Direction::Request);
            serializer.write_map_with_length(schema, values.len(), &|serializer| {
                values.iter().try_for_each(|(key, value)| {
                    serializer.write_string(&prelude::STRING, key)?;
                    write_element(service, serializer, schema_of_value, element, value)
                })
            })
        }
        Some(Shape::Structure(_)) | None => {
            let members = value
                .as_object()
                .ok_or_else(|| expected("an object", value))?;
            // As the whole body it has no name of a member around it.
            let outer = match schema.http_payload() {
                Some(_) => service.payload_schema(member),
                None => schema,
            };
            let structured = Structured {
                service,
                target: member.target,
                schema: service.schema(member.target, Direction::Request),
                value: members,
            };
            serializer.write_struct(outer, &structured)
        }
    }
}

fn write_element(
    service: &Service,
    serializer: &mut dyn ShapeSerializer,
    schema: &Schema<'_>,
    member: &Member,
    value: &Value,
) -> Result<(), SerdeError> {
    match value {
        Value::Null => serializer.write_null(schema),
        value => write(service, serializer, schema, member, value),
    }
}

/// A string, or the JSON text of anything else.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

fn parsed<T: std::str::FromStr>(value: &Value, what: &str) -> Result<T, SerdeError> {
    text(value).parse().map_err(|_| expected(what, value))
}

fn timestamp(value: &Value) -> Result<DateTime, SerdeError> {
    match value {
        Value::Number(seconds) => Ok(DateTime::from_secs_f64(seconds.as_f64().unwrap_or(0.0))),
        value => DateTime::from_str(&text(value), Format::DateTimeWithOffset)
            .map_err(|_| expected("a timestamp in ISO 8601", value)),
    }
}

fn expected(what: &str, value: &Value) -> SerdeError {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    refused(format!("expected {what}, found {kind}"))
}

fn document(value: &Value) -> Document {
    match value {
        Value::Null => Document::Null,
        Value::Bool(value) => Document::Bool(*value),
        Value::String(text) => Document::String(text.clone()),
        Value::Number(number) => Document::Number(match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Number::PosInt(number),
            (_, Some(number)) => Number::NegInt(number),
            _ => Number::Float(number.as_f64().unwrap_or(0.0)),
        }),
        Value::Array(values) => Document::Array(values.iter().map(document).collect()),
        Value::Object(members) => Document::Object(
            members
                .iter()
                .map(|(key, value)| (key.clone(), document(value)))
                .collect(),
        ),
    }
}
