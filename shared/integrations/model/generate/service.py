"""The frame of one service: what is needed to call it, without its documentation.

    header | strings | shapes | operations | errors | endpoints

Strings are a table, the most used first; everything else refers to it. `shared/integrations/src/aws/model`
reads what is written here.
"""

import collections

import names
from table import number, text

# The order of preference among those that a service offers.
PROTOCOLS = ("rest-json", "rest-xml", "ec2", "json", "query", "smithy-rpc-v2-cbor")
PROTOCOL = {"json": 0, "rest-json": 1, "rest-xml": 2, "query": 3, "ec2": 4, "smithy-rpc-v2-cbor": 5}
LOCATION = {None: 0, "uri": 1, "querystring": 2, "header": 3, "headers": 4, "statusCode": 5}
TIMESTAMP = {"iso8601": 1, "rfc822": 2, "unixTimestamp": 3}

# Shapes below FIRST_SHAPE are built in.
SCALAR = {
    "string": 1, "character": 1, "boolean": 2, "integer": 3, "long": 4, "float": 5, "double": 6,
    "bigdecimal": 6, "blob": 7, "timestamp": 8,
}
STREAM, DOCUMENT, FIRST_SHAPE = 9, 13, 16


def encode(model, endpoints):
    """The service's name in a resource, and its frame."""
    metadata = model["metadata"]
    prefix = names.exception_prefix(metadata["serviceId"])
    strings = Strings()
    encoder = Encoder(model, strings)
    # Once to count how often each string is used, once with their final numbers.
    encoder.body(endpoints)
    strings.freeze()
    return prefix.lower(), header(metadata, prefix) + strings.encoded() + encoder.body(endpoints)


def header(metadata, prefix):
    namespace = metadata.get("xmlNamespace") or ""
    flags = bits("awsQueryCompatible" in metadata, not takes_signature_4(metadata))
    fields = (
        prefix,
        metadata["serviceId"],
        metadata["endpointPrefix"],
        metadata.get("signingName") or metadata["endpointPrefix"],
        metadata.get("jsonVersion"),
        metadata.get("targetPrefix"),
        metadata["apiVersion"],
        namespace["uri"] if isinstance(namespace, dict) else namespace,
    )
    return b"".join(map(text, fields)) + number(PROTOCOL[protocol_of(metadata)]) + number(flags)


def takes_signature_4(metadata):
    schemes = metadata.get("auth")
    if schemes:
        return "aws.auth#sigv4" in schemes
    return metadata["signatureVersion"] in ("v4", "s3", "s3v4")


def protocol_of(metadata):
    offered = metadata.get("protocols") or [metadata["protocol"]]
    return next((name for name in PROTOCOLS if name in offered), metadata["protocol"])


def bits(*flags):
    return sum(1 << position for position, flag in enumerate(flags) if flag)


class Strings:
    def __init__(self):
        self.uses = collections.Counter()
        self.numbers = None

    def freeze(self):
        ordered = sorted(self.uses, key=lambda string: (-self.uses[string], string))
        self.numbers = {string: index for index, string in enumerate(ordered)}

    def encoded(self):
        return number(len(self.numbers)) + b"".join(map(text, self.numbers))

    def ref(self, string):
        if self.numbers is None:
            self.uses[string] += 1
            return b""
        return number(self.numbers[string])


class Encoder:
    def __init__(self, model, strings):
        self.model = model
        self.shapes = model["shapes"]
        self.protocol = protocol_of(model["metadata"])
        self.strings = strings
        self.order = []
        self.numbers = {}
        for _, operation in sorted(model["operations"].items()):
            for side in ("input", "output"):
                if side in operation:
                    self.shape(operation[side]["shape"])

    def shape(self, name):
        """The number of a shape; one that is new gets the next, and so do those that it is made of."""
        shape = self.shapes[name]
        kind = shape["type"]
        if kind in SCALAR:
            if kind == "blob" and shape.get("streaming"):
                return STREAM
            if kind == "timestamp" and shape.get("timestampFormat"):
                return STREAM + TIMESTAMP[shape["timestampFormat"]]
            return SCALAR[kind]
        if kind == "structure" and shape.get("document") and not shape.get("members"):
            return DOCUMENT
        if name not in self.numbers:
            self.numbers[name] = FIRST_SHAPE + len(self.order)
            self.order.append(name)
            parts = {
                "structure": lambda: shape.get("members", {}).values(),
                "list": lambda: [shape["member"]],
                "map": lambda: [shape["key"], shape["value"]],
            }[kind]()
            for part in parts:
                self.shape(part["shape"])
        return self.numbers[name]

    def body(self, endpoints):
        return (
            number(len(self.order))
            + b"".join(self.aggregate(name) for name in self.order)
            + number(len(self.model["operations"]))
            + b"".join(self.operation(*item) for item in sorted(self.model["operations"].items()))
            + self.errors()
            + self.endpoints(endpoints)
        )

    def aggregate(self, name):
        shape = self.shapes[name]
        if shape["type"] == "structure":
            return bytes([0]) + self.structure(name, shape)
        flattened = number(bits(shape.get("flattened")))
        if shape["type"] == "list":
            return bytes([1]) + flattened + self.member(shape["member"], "member")
        return bytes([2]) + flattened + self.member(shape["key"], "key") + self.member(shape["value"], "value")

    def structure(self, name, shape):
        members, payload = shape.get("members", {}), shape.get("payload")
        namespace = shape.get("xmlNamespace")
        is_named = self.protocol == "rest-xml"
        flags = bits(
            shape.get("union"), payload, is_named, shape.get("eventstream"), shape.get("locationName"), namespace
        )
        out = number(flags) + number(len(members))
        if is_named:
            out += self.strings.ref(name)
        if shape.get("locationName"):
            out += self.strings.ref(shape["locationName"])
        if namespace:
            out += self.namespace(namespace)
        if payload:
            out += number(list(members).index(payload))
        required = shape.get("required", [])
        for member, ref in members.items():
            out += self.strings.ref(member) + self.member(ref, member, member in required, payload)
        return out

    def member(self, ref, name, required=False, payload=None):
        target = self.shapes[ref["shape"]]
        wire = ref.get("locationName") or (target.get("locationName") if target["type"] == "list" else None)
        # A payload of restXml is named by its locationName even where that is the member's own.
        is_renamed = wire is not None and (wire != name or (self.protocol == "rest-xml" and payload == name))
        namespace = ref.get("xmlNamespace")
        flags = LOCATION[ref.get("location")] | bits(
            is_renamed,
            required,
            ref.get("idempotencyToken"),
            ref.get("hostLabel"),
            ref.get("streaming"),
            ref.get("jsonvalue"),
            ref.get("xmlAttribute"),
            ref.get("flattened"),
            namespace,
            ref.get("queryName"),
            ref.get("timestampFormat"),
        ) << 3
        out = number(flags) + number(self.shape(ref["shape"]))
        if is_renamed:
            out += self.strings.ref(wire)
        if namespace:
            out += self.namespace(namespace)
        if ref.get("queryName"):
            out += self.strings.ref(ref["queryName"])
        if ref.get("timestampFormat"):
            out += number(TIMESTAMP[ref["timestampFormat"]])
        return out

    def namespace(self, namespace):
        if isinstance(namespace, str):
            namespace = {"uri": namespace}
        return self.strings.ref(namespace["uri"]) + self.strings.ref(namespace.get("prefix") or "")

    def operation(self, name, operation):
        http, given = operation["http"], operation.get("input", {})
        checksum = operation.get("httpChecksum") or {}
        optional = (
            http["method"] if http["method"] != "POST" else None,
            http["requestUri"] if http["requestUri"] != "/" else None,
            operation.get("endpoint", {}).get("hostPrefix"),
            checksum.get("requestAlgorithmMember"),
            given.get("locationName"),
            given["xmlNamespace"]["uri"] if given.get("xmlNamespace") else None,
        )
        flags = bits(
            *(value is not None for value in optional),
            is_anonymous(operation),
            "unsigned" in str(operation.get("authtype", "")) or operation.get("unsignedPayload"),
            operation.get("httpChecksumRequired") or checksum.get("requestChecksumRequired"),
            operation.get("endpointdiscovery", {}).get("required"),
            self.streams_events(operation),
        )
        sides = (self.shape(operation[side]["shape"]) if side in operation else 0 for side in ("input", "output"))
        return (
            self.strings.ref(name)
            + number(flags)
            + b"".join(map(number, sides))
            + b"".join(self.strings.ref(value) for value in optional if value is not None)
        )

    def streams_events(self, operation):
        for side in ("input", "output"):
            shape = self.shapes[operation[side]["shape"]] if side in operation else {}
            for ref in shape.get("members", {}).values():
                if self.shapes[ref["shape"]].get("eventstream"):
                    return True
        return False

    def errors(self):
        errors = [
            (name, shape.get("error", {}))
            for name, shape in sorted(self.shapes.items())
            if shape.get("exception") or shape.get("error")
        ]
        out = number(len(errors))
        for name, error in errors:
            code = error.get("code") or name
            out += self.strings.ref(name) + self.strings.ref(code)
        return out

    def endpoints(self, endpoints):
        out = number(len(endpoints))
        for partition, fips, dual, common, others in endpoints:
            out += self.strings.ref(partition) + number(bits(fips, dual)) + self.endpoint(common) + number(len(others))
            for region, answer in others.items():
                out += self.strings.ref(region) + self.endpoint(answer)
        return out

    def endpoint(self, endpoint):
        template, signing_region = endpoint
        return self.strings.ref(template) + self.strings.ref(signing_region)


def is_anonymous(operation):
    return operation.get("authtype") == "none" or operation.get("auth") == ["smithy.api#noAuth"]
