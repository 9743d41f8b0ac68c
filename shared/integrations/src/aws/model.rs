//! AWS's services as a table: what they can do, the shapes of requests and responses, and where they are.
//!
//! The table is generated from public models (`model/generate`), and so is that of the
//! [constraints](constraints), which only whoever checks results has to do with. A service is unpacked when it is first
//! asked for, and stays: what is built of it is bounded by the table, and refers to its strings.

pub(crate) mod constraints;
mod decode;
mod names;
mod table;

use std::sync::OnceLock;

use aws_smithy_schema::traits::TimestampFormat;

pub(crate) use self::names::{action_name, capitalized, exception_name, member_name};
use super::schema::Schemas;

/// The model of a service.
#[derive(Debug)]
pub struct Service {
    /// What the names of its errors begin with: `DynamoDb`.
    pub(crate) exception_prefix: &'static str,
    /// The name that configuration knows: `DynamoDB`.
    pub(crate) id: &'static str,
    pub(crate) endpoint_prefix: &'static str,
    pub(crate) signing_name: &'static str,
    pub(crate) json_version: &'static str,
    pub(crate) target_prefix: &'static str,
    pub(crate) api_version: &'static str,
    pub(crate) xml_namespace: &'static str,
    pub(crate) protocol: Protocol,
    pub(crate) flags: ServiceFlags,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) errors: Vec<ErrorShape>,
    pub(crate) endpoints: Vec<EndpointRule>,
    pub(crate) schemas: Schemas,
}

/// How requests and responses are written.
///
/// Smithy: [AWS protocols](https://smithy.io/2.0/aws/protocols/index.html).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    AwsJson,
    RestJson,
    RestXml,
    AwsQuery,
    Ec2Query,
    RpcV2Cbor,
}

/// What else is to know about a service.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServiceFlags(u64);

impl ServiceFlags {
    /// It once spoke awsQuery: requests say that the caller knows those errors.
    pub(crate) fn is_query_compatible(self) -> bool {
        self.0 & 1 != 0
    }

    /// It does not take AWS Signature Version 4, but a bearer token or an older signature.
    pub(crate) fn has_foreign_signature(self) -> bool {
        self.0 & 2 != 0
    }
}

/// A structure, a list or a map.
#[derive(Debug)]
pub(crate) enum Shape {
    Structure(Structure),
    List {
        is_flattened: bool,
        member: Member,
    },
    Map {
        is_flattened: bool,
        key: Member,
        value: Member,
    },
}

#[derive(Debug)]
pub(crate) struct Structure {
    pub(crate) is_union: bool,
    pub(crate) xml_name: Option<&'static str>,
    pub(crate) xml_namespace: Option<XmlNamespace>,
    /// The member that is the body.
    pub(crate) payload: Option<usize>,
    pub(crate) members: Vec<Member>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct XmlNamespace {
    pub(crate) uri: &'static str,
    pub(crate) prefix: Option<&'static str>,
}

/// What a member holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// Nothing: operations without input or output.
    Unit,
    String,
    Boolean,
    Integer,
    Long,
    Float,
    Double,
    Blob,
    /// A blob that is a whole body.
    Stream,
    /// In the protocol's format, or in one of its own.
    Timestamp(Option<TimestampFormat>),
    Document,
    /// Index of a [`Shape`].
    Aggregate(usize),
}

#[derive(Debug)]
pub(crate) struct Member {
    /// As the model has it: `DBInstanceIdentifier`.
    pub(crate) model_name: &'static str,
    /// As the AWS SDK for Java 2.x has it, and so Step Functions: `DbInstanceIdentifier`.
    pub(crate) name: Box<str>,
    pub(crate) target: Target,
    pub(crate) location: Location,
    pub(crate) flags: MemberFlags,
    /// What it is called on the wire, if not as in the model.
    pub(crate) wire_name: Option<&'static str>,
    pub(crate) xml_namespace: Option<XmlNamespace>,
    /// What ec2Query calls it, if not as derived.
    pub(crate) query_name: Option<&'static str>,
    pub(crate) timestamp_format: Option<TimestampFormat>,
    /// Its structure as a whole body: named as the member is.
    pub(crate) payload_schema: OnceLock<&'static aws_smithy_schema::Schema<'static>>,
}

/// Where in a request or response a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Location {
    Body,
    Uri,
    Query,
    Header,
    /// Headers that share a prefix.
    Headers,
    StatusCode,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct MemberFlags(u64);

impl MemberFlags {
    pub(crate) fn is_required(self) -> bool {
        self.has(1)
    }

    pub(crate) fn is_idempotency_token(self) -> bool {
        self.has(2)
    }

    pub(crate) fn is_host_label(self) -> bool {
        self.has(3)
    }

    pub(crate) fn is_streaming(self) -> bool {
        self.has(4)
    }

    /// JSON text within a header.
    pub(crate) fn is_json_text(self) -> bool {
        self.has(5)
    }

    pub(crate) fn is_xml_attribute(self) -> bool {
        self.has(6)
    }

    pub(crate) fn is_flattened(self) -> bool {
        self.has(7)
    }

    fn has(self, bit: u32) -> bool {
        self.0 & (1 << bit) != 0
    }
}

/// Something that a service can do.
#[derive(Debug)]
pub struct Operation {
    /// As the model has it: `GetItem`.
    pub(crate) name: &'static str,
    pub(crate) input: Target,
    pub(crate) output: Target,
    pub(crate) method: &'static str,
    /// A path, with members in braces.
    pub(crate) uri: &'static str,
    pub(crate) host_prefix: Option<&'static str>,
    /// The member that names a checksum's algorithm.
    pub(crate) checksum_member: Option<&'static str>,
    pub(crate) input_xml_name: Option<&'static str>,
    pub(crate) input_xml_namespace: Option<&'static str>,
    pub(crate) flags: OperationFlags,
    pub(crate) input_schema: OnceLock<&'static aws_smithy_schema::Schema<'static>>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct OperationFlags(u64);

impl OperationFlags {
    /// Requests are not signed.
    pub(crate) fn is_anonymous(self) -> bool {
        self.has(0)
    }

    /// The signature leaves the body out.
    pub(crate) fn leaves_payload_unsigned(self) -> bool {
        self.has(1)
    }

    pub(crate) fn requires_checksum(self) -> bool {
        self.has(2)
    }

    /// The endpoint is asked for first.
    pub(crate) fn discovers_endpoint(self) -> bool {
        self.has(3)
    }

    /// Input or output is a stream of events: nothing that a task could send or wait for.
    pub(crate) fn streams_events(self) -> bool {
        self.has(4)
    }

    fn has(self, bit: u32) -> bool {
        self.0 & (1 << bit) != 0
    }
}

/// An error that the model of a service knows.
#[derive(Debug)]
pub(crate) struct ErrorShape {
    pub(crate) name: &'static str,
    /// What the service calls it on the wire.
    pub(crate) code: &'static str,
}

/// Where a service is in a partition, if not where one would think.
#[derive(Debug)]
pub(crate) struct EndpointRule {
    pub(crate) partition: &'static str,
    pub(crate) is_fips: bool,
    pub(crate) is_dual_stack: bool,
    pub(crate) common: EndpointTemplate,
    pub(crate) regions: Vec<(&'static str, EndpointTemplate)>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct EndpointTemplate {
    /// With `{region}` in it, maybe.
    pub(crate) url: &'static str,
    /// The region that requests are signed for, if not the one that is called.
    pub(crate) signing_region: Option<&'static str>,
}

impl Service {
    /// The service of that name in a resource: `dynamodb`.
    pub fn find(name: &str) -> Option<&'static Self> {
        table::service(name)
    }

    /// A service from elsewhere: a frame as `model/generate` writes them. `None` if it is not one.
    ///
    /// The service stays for ever, as those of the table do.
    pub fn from_frame(frame: Vec<u8>) -> Option<&'static Self> {
        decode::service(frame.leak()).map(|service| &*Box::leak(Box::new(service)))
    }

    /// The name that configuration knows it by: `DynamoDB`.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// Its name in a resource: `dynamodb`.
    pub(crate) fn name(&self) -> String {
        self.exception_prefix.to_ascii_lowercase()
    }

    /// The names of all services, sorted.
    pub fn names() -> impl Iterator<Item = &'static str> {
        table::names()
    }

    /// The operation behind an action: `getItem`.
    pub fn operation(&self, action: &str) -> Option<&Operation> {
        self.operations
            .iter()
            .find(|operation| action_name(operation.name) == action)
    }

    pub(crate) fn shape(&self, target: Target) -> Option<&Shape> {
        match target {
            Target::Aggregate(index) => self.shapes.get(index),
            _ => None,
        }
    }

    pub(crate) fn structure(&self, target: Target) -> Option<&Structure> {
        match self.shape(target)? {
            Shape::Structure(structure) => Some(structure),
            Shape::List { .. } | Shape::Map { .. } => None,
        }
    }
}

impl Member {
    /// Whether it is a whole body, as bytes.
    pub(crate) fn is_stream(&self) -> bool {
        self.target == Target::Stream || self.flags.is_streaming()
    }
}
