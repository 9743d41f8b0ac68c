//! Reads the frame of a service, as `model/generate/service.py` writes it.

use std::sync::OnceLock;

use aws_smithy_schema::traits::TimestampFormat;

use super::{
    EndpointRule, EndpointTemplate, ErrorShape, Location, Member, MemberFlags, Operation,
    OperationFlags, Protocol, Service, ServiceFlags, Shape, Structure, Target, XmlNamespace,
    member_name,
};
use crate::aws::schema::Schemas;

/// Shapes below this number are built in.
const FIRST_SHAPE: usize = 16;

/// A service, or nothing if the frame is not one.
pub(super) fn service(frame: &'static [u8]) -> Option<Service> {
    let mut reader = Reader::new(frame);
    let exception_prefix = reader.text()?;
    let id = reader.text()?;
    let endpoint_prefix = reader.text()?;
    let signing_name = reader.text()?;
    let json_version = reader.text()?;
    let target_prefix = reader.text()?;
    let api_version = reader.text()?;
    let xml_namespace = reader.text()?;
    let protocol = protocol(reader.number()?)?;
    let flags = ServiceFlags(reader.number()?);
    reader.strings = reader.many(Reader::text)?;
    let shapes = reader.many(Reader::shape)?;
    Some(Service {
        exception_prefix,
        id,
        endpoint_prefix,
        signing_name,
        json_version,
        target_prefix,
        api_version,
        xml_namespace,
        protocol,
        flags,
        schemas: Schemas::new(shapes.len()),
        shapes,
        operations: reader.many(Reader::operation)?,
        errors: reader.many(Reader::error)?,
        endpoints: reader.many(Reader::endpoint_rule)?,
    })
}

fn protocol(number: u64) -> Option<Protocol> {
    Some(match number {
        0 => Protocol::AwsJson,
        1 => Protocol::RestJson,
        2 => Protocol::RestXml,
        3 => Protocol::AwsQuery,
        4 => Protocol::Ec2Query,
        5 => Protocol::RpcV2Cbor,
        _ => return None,
    })
}

fn location(number: u64) -> Option<Location> {
    Some(match number {
        0 => Location::Body,
        1 => Location::Uri,
        2 => Location::Query,
        3 => Location::Header,
        4 => Location::Headers,
        5 => Location::StatusCode,
        _ => return None,
    })
}

fn timestamp_format(number: u64) -> Option<TimestampFormat> {
    Some(match number {
        1 => TimestampFormat::DateTime,
        2 => TimestampFormat::HttpDate,
        3 => TimestampFormat::EpochSeconds,
        _ => return None,
    })
}

/// What is left of a frame, and its strings once they have been read.
pub(super) struct Reader {
    rest: &'static [u8],
    strings: Vec<&'static str>,
}

impl Reader {
    pub(super) fn new(frame: &'static [u8]) -> Self {
        Self {
            rest: frame,
            strings: Vec::new(),
        }
    }

    /// A varint: seven bits a byte, the lowest first.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn index(&mut self) -> Option<usize> {
        self.number()?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    pub(super) fn text(&mut self) -> Option<&'static str> {
        let length = self.index()?;
        let (text, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        std::str::from_utf8(text).ok()
    }

    /// A string of the table.
    fn string(&mut self) -> Option<&'static str> {
        let index = self.index()?;
        self.strings.get(index).copied()
    }

    /// A string of the table, if a flag says that there is one.
    fn optional_string(&mut self, is_there: bool) -> Option<Option<&'static str>> {
        match is_there {
            true => self.string().map(Some),
            false => Some(None),
        }
    }

    pub(super) fn many<T>(&mut self, item: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.index()?;
        (0..count).map(|_| item(self)).collect()
    }

    fn target(&mut self) -> Option<Target> {
        Some(match self.index()? {
            0 => Target::Unit,
            1 => Target::String,
            2 => Target::Boolean,
            3 => Target::Integer,
            4 => Target::Long,
            5 => Target::Float,
            6 => Target::Double,
            7 => Target::Blob,
            8 => Target::Timestamp(None),
            9 => Target::Stream,
            number @ 10..=12 => Target::Timestamp(timestamp_format(number as u64 - 9)),
            13 => Target::Document,
            number => Target::Aggregate(number.checked_sub(FIRST_SHAPE)?),
        })
    }

    fn shape(&mut self) -> Option<Shape> {
        Some(match self.byte()? {
            0 => Shape::Structure(self.structure()?),
            1 => Shape::List {
                is_flattened: self.number()? != 0,
                member: self.member("member")?,
            },
            2 => Shape::Map {
                is_flattened: self.number()? != 0,
                key: self.member("key")?,
                value: self.member("value")?,
            },
            _ => return None,
        })
    }

    fn structure(&mut self) -> Option<Structure> {
        let flags = self.number()?;
        let count = self.index()?;
        let name = self.optional_string(flags & 4 != 0)?;
        let location_name = self.optional_string(flags & 16 != 0)?;
        let xml_namespace = self.namespace(flags & 32 != 0)?;
        let payload = match flags & 2 != 0 {
            true => Some(self.index()?),
            false => None,
        };
        let members = (0..count).map(|_| {
            let name = self.string()?;
            self.member(name)
        });
        Some(Structure {
            is_union: flags & 1 != 0,
            xml_name: location_name.or(name),
            xml_namespace,
            payload,
            members: members.collect::<Option<_>>()?,
        })
    }

    fn namespace(&mut self, is_there: bool) -> Option<Option<XmlNamespace>> {
        if !is_there {
            return Some(None);
        }
        let uri = self.string()?;
        let prefix = Some(self.string()?).filter(|prefix| !prefix.is_empty());
        Some(Some(XmlNamespace { uri, prefix }))
    }

    fn member(&mut self, model_name: &'static str) -> Option<Member> {
        let number = self.number()?;
        let flags = MemberFlags(number >> 3);
        let target = self.target()?;
        let wire_name = self.optional_string(flags.has(0))?;
        let xml_namespace = self.namespace(flags.has(8))?;
        let query_name = self.optional_string(flags.has(9))?;
        let timestamp_format = match flags.has(10) {
            true => Some(timestamp_format(self.number()?)?),
            false => None,
        };
        Some(Member {
            model_name,
            name: member_name(model_name).into(),
            target,
            location: location(number & 7)?,
            flags,
            wire_name,
            xml_namespace,
            query_name,
            timestamp_format,
            payload_schema: OnceLock::new(),
        })
    }

    fn operation(&mut self) -> Option<Operation> {
        let name = self.string()?;
        let flags = self.number()?;
        let input = self.target()?;
        let output = self.target()?;
        let mut optional = |bit: u32| self.optional_string(flags & (1 << bit) != 0);
        Some(Operation {
            name,
            input,
            output,
            method: optional(0)?.unwrap_or("POST"),
            uri: optional(1)?.unwrap_or("/"),
            host_prefix: optional(2)?,
            checksum_member: optional(3)?,
            input_xml_name: optional(4)?,
            input_xml_namespace: optional(5)?,
            flags: OperationFlags(flags >> 6),
            input_schema: OnceLock::new(),
        })
    }

    fn error(&mut self) -> Option<ErrorShape> {
        Some(ErrorShape {
            name: self.string()?,
            code: self.string()?,
        })
    }

    fn endpoint_rule(&mut self) -> Option<EndpointRule> {
        let partition = self.string()?;
        let flags = self.number()?;
        let common = self.endpoint_template()?;
        let regions = self.many(|reader| Some((reader.string()?, reader.endpoint_template()?)))?;
        Some(EndpointRule {
            partition,
            is_fips: flags & 1 != 0,
            is_dual_stack: flags & 2 != 0,
            common,
            regions,
        })
    }

    fn endpoint_template(&mut self) -> Option<EndpointTemplate> {
        Some(EndpointTemplate {
            url: self.string()?,
            signing_region: Some(self.string()?).filter(|region| !region.is_empty()),
        })
    }
}
