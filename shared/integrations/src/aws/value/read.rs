//! An operation's output, as the result of a task.

use aws_smithy_schema::{
    Schema,
    serde::{SerdeError, ShapeDeserializer},
};
use aws_smithy_types::{Document, Number};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use super::{Naming, refused};
use crate::aws::{
    model::{Location, Member, Service, Shape, Structure, Target, capitalized},
    schema::Direction,
    timestamp,
};

/// The members of a response that the model knows and that the service sent.
pub(crate) fn read_output(
    service: &Service,
    deserializer: &mut dyn ShapeDeserializer,
    target: Target,
    naming: Naming,
) -> Result<Map<String, Value>, SerdeError> {
    Reader { service, naming }.structure(deserializer, target)
}

struct Reader<'a> {
    service: &'a Service,
    naming: Naming,
}

impl Reader<'_> {
    fn structure(
        &self,
        deserializer: &mut dyn ShapeDeserializer,
        target: Target,
    ) -> Result<Map<String, Value>, SerdeError> {
        let mut object = Map::new();
        let Some(structure) = self.service.structure(target) else {
            return Ok(object);
        };
        let schema = self.service.schema(target, Direction::Response);
        deserializer.read_struct(schema, &mut |schema, deserializer| {
            // A member that the model does not know has no index.
            let known = schema
                .member_index()
                .and_then(|index| structure.members.get(index));
            let Some(member) = known else {
                return Ok(());
            };
            if deserializer.is_null() {
                return deserializer.read_null();
            }
            let value = self.value(deserializer, schema, member)?;
            object.insert(self.name(member), value);
            Ok(())
        })?;
        self.fill_in(structure, &mut object);
        object.sort_keys();
        move_stream_last(structure, &mut object, |member| self.name(member));
        Ok(object)
    }

    fn has_empty_lists(&self) -> bool {
        matches!(
            self.naming,
            Naming::Model {
                has_empty_lists: true
            }
        )
    }

    /// The SDK has a map for headers that share a prefix even if there are none, and a body even if it
    /// is empty.
    fn fill_in(&self, structure: &Structure, object: &mut Map<String, Value>) {
        for (index, member) in structure.members.iter().enumerate() {
            let is_text = matches!(
                member.target,
                Target::Blob | Target::Stream | Target::String
            );
            let is_list = matches!(self.service.shape(member.target), Some(Shape::List { .. }));
            let missing: Value = match member.location {
                Location::Headers => Map::new().into(),
                Location::Body if structure.payload == Some(index) && is_text => "".into(),
                _ if is_list && self.has_empty_lists() => Vec::<Value>::new().into(),
                _ => continue,
            };
            object.entry(self.name(member)).or_insert(missing);
        }
    }

    fn name(&self, member: &Member) -> String {
        match self.naming {
            Naming::Sdk => member.name.to_string(),
            Naming::Model { .. } => capitalized(member.model_name).into_owned(),
        }
    }

    fn value(
        &self,
        deserializer: &mut dyn ShapeDeserializer,
        schema: &Schema<'_>,
        member: &Member,
    ) -> Result<Value, SerdeError> {
        Ok(match member.target {
            Target::Boolean => deserializer.read_boolean(schema)?.into(),
            Target::Integer => deserializer.read_integer(schema)?.into(),
            Target::Long => deserializer.read_long(schema)?.into(),
            Target::Float => number(widened(deserializer.read_float(schema)?)),
            Target::Double => number(deserializer.read_double(schema)?),
            Target::String => deserializer.read_string(schema)?.into(),
            Target::Document => plain(deserializer.read_document(schema)?),
            Target::Blob | Target::Stream => {
                blob(deserializer.read_blob(schema)?.into_inner()).into()
            }
            Target::Timestamp(_) => timestamp::instant(deserializer.read_timestamp(schema)?)
                .ok_or_else(|| refused("a timestamp is out of range"))?
                .into(),
            Target::Unit | Target::Aggregate(_) => self.aggregate(deserializer, schema, member)?,
        })
    }

    fn aggregate(
        &self,
        deserializer: &mut dyn ShapeDeserializer,
        schema: &Schema<'_>,
        member: &Member,
    ) -> Result<Value, SerdeError> {
        let schema_of_element = || {
            schema
                .member()
                .ok_or_else(|| refused(format!("no schema of {}", member.model_name)))
        };
        match self.service.shape(member.target) {
            Some(Shape::List {
                member: element, ..
            }) => {
                let schema_of_element = schema_of_element()?;
                let mut values = Vec::new();
                deserializer.read_list(schema, &mut |deserializer| {
                    values.push(self.element(deserializer, schema_of_element, element)?);
                    Ok(())
                })?;
                Ok(values.into())
            }
            Some(Shape::Map { value: element, .. }) => {
                let schema_of_value = schema_of_element()?;
                let mut members = Map::new();
                deserializer.read_map(schema, &mut |key, deserializer| {
                    members.insert(key, self.element(deserializer, schema_of_value, element)?);
                    Ok(())
                })?;
                Ok(members.into())
            }
            Some(Shape::Structure(_)) | None => {
                Ok(self.structure(deserializer, member.target)?.into())
            }
        }
    }

    fn element(
        &self,
        deserializer: &mut dyn ShapeDeserializer,
        schema: &Schema<'_>,
        member: &Member,
    ) -> Result<Value, SerdeError> {
        if deserializer.is_null() {
            deserializer.read_null()?;
            return Ok(Value::Null);
        }
        self.value(deserializer, schema, member)
    }
}

/// A body is what comes of a response last.
fn move_stream_last(
    structure: &Structure,
    object: &mut Map<String, Value>,
    name: impl Fn(&Member) -> String,
) {
    if let Some(stream) = structure.members.iter().find(|member| member.is_stream()) {
        let name = name(stream);
        if let Some(body) = object.shift_remove(&name) {
            object.insert(name, body);
        }
    }
}

/// What JSON has no number for is a word, as in Java.
fn number(double: f64) -> Value {
    match double {
        double if double.is_nan() => "NaN".into(),
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        double => double.into(),
    }
}

/// The double that prints as the float does.
fn widened(float: f32) -> f64 {
    float.to_string().parse().unwrap_or(f64::from(float))
}

/// Text as it is, anything else in base64.
fn blob(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| BASE64_STANDARD.encode(error.as_bytes()))
}

fn plain(document: Document) -> Value {
    match document {
        Document::Null => Value::Null,
        Document::Bool(value) => value.into(),
        Document::String(text) => text.into(),
        Document::Number(Number::PosInt(number)) => number.into(),
        Document::Number(Number::NegInt(number)) => number.into(),
        Document::Number(Number::Float(double)) => number(double),
        Document::Array(values) => values.into_iter().map(plain).collect(),
        Document::Object(members) => {
            let members = members.into_iter().map(|(key, value)| (key, plain(value)));
            Value::Object(members.collect())
        }
    }
}
