//! Smithy schemas of a service's shapes, built as they are needed.
//!
//! The codecs want schemas that live for ever, so they are leaked: once per shape, so no more than the
//! table has.

use std::sync::OnceLock;

use aws_smithy_schema::{
    Schema, ShapeId, ShapeType, intern_header_name, prelude,
    traits::{HttpTrait, TimestampFormat},
};

use super::model::{
    Location, Member, Operation, Protocol, Service, Shape, Structure, Target, XmlNamespace,
    capitalized,
};

type StaticSchema = &'static Schema<'static>;

/// The codecs look at names and traits only, so all shapes share an id.
const ID: ShapeId<'static> = ShapeId::from_parts("segno#Shape", "segno", "Shape");

/// The schemas of a service that there are so far. Those of requests and responses differ for ec2Query.
#[derive(Debug)]
pub(crate) struct Schemas {
    request: Box<[OnceLock<StaticSchema>]>,
    response: Box<[OnceLock<StaticSchema>]>,
}

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Request,
    Response,
}

impl Schemas {
    pub(crate) fn new(shapes: usize) -> Self {
        let none = || (0..shapes).map(|_| OnceLock::new()).collect();
        Self {
            request: none(),
            response: none(),
        }
    }

    fn get(&self, index: usize, direction: Direction) -> &OnceLock<StaticSchema> {
        match direction {
            Direction::Request => &self.request[index],
            Direction::Response => &self.response[index],
        }
    }
}

impl Service {
    /// The schema of an operation's input, with its method and path.
    pub(crate) fn input_schema(&self, operation: &Operation) -> StaticSchema {
        operation.input_schema.get_or_init(|| {
            let mut schema = match self.structure(operation.input) {
                Some(structure) => self.build_structure(structure, Direction::Request),
                None => empty().with_no_body_members(),
            };
            if let Some(name) = operation.input_xml_name {
                schema = schema.with_xml_name(name);
            }
            if let Some(uri) = operation.input_xml_namespace {
                schema = schema.with_xml_namespace(uri, None);
            }
            leak(schema.with_http(HttpTrait::new(operation.method, operation.uri, None)))
        })
    }

    /// The schema of a structure, list or map by itself; that of nothing is an empty structure.
    pub(crate) fn schema(&self, target: Target, direction: Direction) -> StaticSchema {
        static EMPTY: Schema<'static> = empty();
        let Target::Aggregate(index) = target else {
            return &EMPTY;
        };
        let built = self.schemas.get(index, direction);
        built.get_or_init(|| {
            leak(match &self.shapes[index] {
                Shape::Structure(structure) => self.build_structure(structure, direction),
                Shape::List {
                    is_flattened,
                    member,
                } => {
                    let schema = Schema::new_list(ID, self.leaked_member(member, 0, direction));
                    match *is_flattened || self.flattens_lists(direction) {
                        true => schema.with_xml_flattened(),
                        false => schema,
                    }
                }
                Shape::Map {
                    is_flattened,
                    key,
                    value,
                } => {
                    let key = self.leaked_member(key, 0, direction);
                    let value = self.leaked_member(value, 1, direction);
                    let schema = Schema::new_map(ID, key, value);
                    match is_flattened {
                        true => schema.with_xml_flattened(),
                        false => schema,
                    }
                }
            })
        })
    }

    /// The schema of a list's element or a map's value. It must bear no member's name, or awsQuery
    /// writes `InstanceId.InstanceId=` for `InstanceId.1=`.
    pub(crate) fn element_schema(&self, member: &Member, direction: Direction) -> StaticSchema {
        static DATE_TIME: Schema<'static> = timestamp(TimestampFormat::DateTime);
        static HTTP_DATE: Schema<'static> = timestamp(TimestampFormat::HttpDate);
        static EPOCH_SECONDS: Schema<'static> = timestamp(TimestampFormat::EpochSeconds);
        match member.target {
            Target::String => &prelude::STRING,
            Target::Boolean => &prelude::BOOLEAN,
            Target::Integer => &prelude::INTEGER,
            Target::Long => &prelude::LONG,
            Target::Float => &prelude::FLOAT,
            Target::Double => &prelude::DOUBLE,
            Target::Blob | Target::Stream => &prelude::BLOB,
            Target::Timestamp(None) => &prelude::TIMESTAMP,
            Target::Timestamp(Some(TimestampFormat::DateTime)) => &DATE_TIME,
            Target::Timestamp(Some(TimestampFormat::HttpDate)) => &HTTP_DATE,
            Target::Timestamp(Some(_)) => &EPOCH_SECONDS,
            Target::Document => &prelude::DOCUMENT,
            target @ (Target::Aggregate(_) | Target::Unit) => self.schema(target, direction),
        }
    }

    /// The schema of a structure that is the whole body: its own members, under the member's name.
    pub(crate) fn payload_schema(&self, member: &Member) -> StaticSchema {
        member.payload_schema.get_or_init(|| {
            let mut schema = match self.structure(member.target) {
                Some(structure) => self.build_structure(structure, Direction::Request),
                None => empty(),
            };
            if let Some(name) = member.wire_name {
                schema = schema.with_xml_name(name);
            }
            leak(with_namespace(schema, member.xml_namespace))
        })
    }

    /// What kind of value a target is.
    pub(crate) fn shape_type(&self, target: Target) -> ShapeType {
        match target {
            Target::String => ShapeType::String,
            Target::Boolean => ShapeType::Boolean,
            Target::Integer => ShapeType::Integer,
            Target::Long => ShapeType::Long,
            Target::Float => ShapeType::Float,
            Target::Double => ShapeType::Double,
            Target::Blob | Target::Stream => ShapeType::Blob,
            Target::Timestamp(_) => ShapeType::Timestamp,
            Target::Document => ShapeType::Document,
            Target::Unit => ShapeType::Structure,
            Target::Aggregate(_) => match self.shape(target) {
                Some(Shape::Structure(structure)) => structure_type(structure),
                Some(Shape::List { .. }) => ShapeType::List,
                Some(Shape::Map { .. }) => ShapeType::Map,
                None => ShapeType::Structure,
            },
        }
    }

    /// ec2Query's requests have no lists but flattened ones.
    fn flattens_lists(&self, direction: Direction) -> bool {
        self.protocol == Protocol::Ec2Query && direction == Direction::Request
    }

    fn build_structure(&self, structure: &Structure, direction: Direction) -> Schema<'static> {
        let members: Vec<StaticSchema> = structure
            .members
            .iter()
            .enumerate()
            .map(|(index, member)| {
                let schema = self.member_schema(member, index, direction);
                leak(match structure.payload == Some(index) {
                    true => schema.with_http_payload(),
                    false => schema,
                })
            })
            .collect();
        let mut schema = Schema::new_struct(ID, structure_type(structure), members.leak());
        if let Some(name) = structure.xml_name {
            schema = schema.with_xml_name(name);
        }
        schema = with_namespace(schema, structure.xml_namespace);
        match self.has_body_members(structure) {
            true => schema,
            // Else a GET of restXml would get a body.
            false => schema.with_no_body_members(),
        }
    }

    fn has_body_members(&self, structure: &Structure) -> bool {
        structure.members.iter().enumerate().any(|(index, member)| {
            let is_bytes =
                structure.payload == Some(index) && self.structure(member.target).is_none();
            member.location == Location::Body && !is_bytes
        })
    }

    fn leaked_member(&self, member: &Member, index: usize, direction: Direction) -> StaticSchema {
        leak(self.member_schema(member, index, direction))
    }

    fn member_schema(
        &self,
        member: &Member,
        index: usize,
        direction: Direction,
    ) -> Schema<'static> {
        // A label of the path is looked up by its name there.
        let name = match member.location {
            Location::Uri => member.wire_name.unwrap_or(member.model_name),
            _ => member.model_name,
        };
        let mut schema = Schema::new_member(ID, self.shape_type(member.target), name, index);
        let mut is_flattened = member.flags.is_flattened();
        let mut wire_name = member.wire_name;
        match self.shape(member.target) {
            Some(Shape::List {
                is_flattened: list_is_flattened,
                member: element,
            }) => {
                is_flattened |= *list_is_flattened || self.flattens_lists(direction);
                if is_flattened && self.protocol != Protocol::Ec2Query {
                    wire_name = element.wire_name.or(wire_name);
                }
                schema = schema.with_list_member(self.leaked_member(element, 0, direction));
            }
            Some(Shape::Map {
                is_flattened: map_is_flattened,
                key,
                value,
            }) => {
                is_flattened |= map_is_flattened;
                schema = schema.with_map_members(
                    self.leaked_member(key, 0, direction),
                    self.leaked_member(value, 1, direction),
                );
            }
            Some(Shape::Structure(structure)) => {
                schema = with_namespace(schema, structure.xml_namespace);
            }
            None => {}
        }
        if self.protocol == Protocol::Ec2Query && direction == Direction::Request {
            wire_name = member
                .query_name
                .or_else(|| wire_name.map(leaked_capitalized));
        }
        schema = self.bind(schema, member, wire_name.unwrap_or(member.model_name));
        if is_flattened {
            schema = schema.with_xml_flattened();
        }
        with_traits(schema, member)
    }

    /// Says where in the message a member is, and what it is called there.
    fn bind(
        &self,
        schema: Schema<'static>,
        member: &Member,
        wire_name: &'static str,
    ) -> Schema<'static> {
        let bound_name = member.wire_name.unwrap_or(member.model_name);
        match member.location {
            Location::Uri => schema.with_http_label(),
            Location::Query if self.shape_type(member.target) == ShapeType::Map => {
                schema.with_http_query_params()
            }
            Location::Query => schema.with_http_query(bound_name),
            Location::Header => schema.with_http_header(intern_header_name(bound_name)),
            Location::Headers => schema.with_http_prefix_headers(member.wire_name.unwrap_or("")),
            Location::StatusCode => schema.with_http_response_code(),
            Location::Body if wire_name == member.model_name => schema,
            Location::Body => match self.protocol {
                Protocol::RestXml | Protocol::AwsQuery | Protocol::Ec2Query => {
                    schema.with_xml_name(wire_name)
                }
                Protocol::RestJson => schema.with_json_name(wire_name),
                Protocol::AwsJson | Protocol::RpcV2Cbor => schema,
            },
        }
    }
}

fn with_traits(mut schema: Schema<'static>, member: &Member) -> Schema<'static> {
    if member.flags.is_xml_attribute() {
        schema = schema.with_xml_attribute();
    }
    if member.flags.is_host_label() {
        schema = schema.with_host_label();
    }
    if member.flags.is_json_text() {
        schema = schema.with_media_type("application/json");
    }
    let of_target = match member.target {
        Target::Timestamp(format) => format,
        _ => None,
    };
    if let Some(format) = member.timestamp_format.or(of_target) {
        schema = schema.with_timestamp_format(format);
    }
    with_namespace(schema, member.xml_namespace)
}

fn with_namespace(schema: Schema<'static>, namespace: Option<XmlNamespace>) -> Schema<'static> {
    match namespace {
        Some(namespace) => schema.with_xml_namespace(namespace.uri, namespace.prefix),
        None => schema,
    }
}

fn structure_type(structure: &Structure) -> ShapeType {
    match structure.is_union {
        true => ShapeType::Union,
        false => ShapeType::Structure,
    }
}

const fn empty() -> Schema<'static> {
    Schema::new_struct(ID, ShapeType::Structure, &[])
}

const fn timestamp(format: TimestampFormat) -> Schema<'static> {
    Schema::new(ID, ShapeType::Timestamp).with_timestamp_format(format)
}

fn leaked_capitalized(name: &'static str) -> &'static str {
    match capitalized(name) {
        std::borrow::Cow::Borrowed(name) => name,
        std::borrow::Cow::Owned(name) => name.leak(),
    }
}

fn leak(schema: Schema<'static>) -> StaticSchema {
    Box::leak(Box::new(schema))
}
