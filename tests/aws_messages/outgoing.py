"""Requests: botocore serializes the same input."""

import base64
import dataclasses
import functools
import json
import re
import urllib.parse
import xml.etree.ElementTree as ElementTree

from botocore.model import ServiceModel
from botocore.serialize import create_serializer

import models
from values import Values

# Those that come from the signature, the runtime or the checksum of the body are not compared.
IGNORED = {"content-length", "content-type", "content-md5", "x-amzn-query-mode", "x-amz-glacier-version"}
KINDS = ("plain", "awkward", "awkward", "least")


@dataclasses.dataclass
class Case:
    service: str
    operation: str
    protocol: str
    kind: str
    line: dict
    wanted: dict

    def difference(self, answer):
        if "error" in answer:
            return f"error: {answer['error']}"
        for part in (method, path, query, headers, body):
            why = part(self, answer)
            if why:
                return why
        return None


def cases(seed):
    """What makes each case."""
    for name, protocol, model in models.services():
        if protocol == "smithy-rpc-v2-cbor":
            continue
        service = ServiceModel(model, name)
        serializer = create_serializer(protocol, False)
        for operation_name in service.operation_names:
            operation = service.operation_model(operation_name)
            if operation.has_event_stream_input or operation.has_event_stream_output:
                continue
            for number, kind in enumerate(KINDS):
                values = Values(kind, f"{seed}{name}{operation_name}{number}", models.member_name)
                yield functools.partial(case_of, name, protocol, operation, serializer, values)


def case_of(name, protocol, operation, serializer, values):
    ours, theirs = values.of(operation.input_shape) if operation.input_shape else ({}, {})
    for label in re.findall(r"\{(\w+)\}", (operation.endpoint or {}).get("hostPrefix", "")):
        ours[label] = theirs[models.member_name(label)] = "acc1"
    wanted = serializer.serialize_to_request(ours, operation)
    line = {"service": name, "action": models.variable_name(operation.name), "parameters": theirs}
    return Case(name, operation.name, protocol, values.kind, line, wanted)


def method(case, answer):
    return None if case.wanted["method"] == answer["method"] else f"method {answer['method']}"


def path(case, answer):
    wanted, got = case.wanted["url_path"].partition("?")[0], answer["uri"].partition("?")[0]
    return None if wanted == got else f"path {got!r}, not {wanted!r}"


def query(case, answer):
    given = case.wanted.get("query_string") or {}
    pairs = given.items() if isinstance(given, dict) else given
    wanted = urllib.parse.parse_qsl(case.wanted["url_path"].partition("?")[2], keep_blank_values=True)
    for key, value in pairs:
        wanted += [(key, str(one)) for one in (value if isinstance(value, list) else [value])]
    got = urllib.parse.parse_qsl(answer["uri"].partition("?")[2], keep_blank_values=True)
    return None if sorted(wanted) == sorted(got) else f"query {sorted(got)}, not {sorted(wanted)}"


def headers(case, answer):
    got = {name.lower(): value for name, value in answer["headers"]}
    for name, value in case.wanted["headers"].items():
        if name.lower() in IGNORED:
            continue
        wanted = value.decode() if isinstance(value, bytes) else str(value)
        found = got.get(name.lower())
        if found is None:
            return f"header {name} missing, which is {wanted!r}"
        if found != wanted and found.replace(", ", ",") != wanted:
            return f"header {name}: {found!r}, not {wanted!r}"
    return None


def body(case, answer):
    got, wanted = base64.b64decode(answer["body"]), case.wanted["body"]
    if case.protocol in ("query", "ec2"):
        pairs = sorted((key, str(value)) for key, value in wanted.items())
        found = sorted(urllib.parse.parse_qsl(got.decode(), keep_blank_values=True))
        return None if pairs == found else f"form {found}, not {pairs}"
    if not isinstance(wanted, (bytes, bytearray)):
        wanted = b"" if wanted is None else str(wanted).encode()
    if bytes(wanted) == got or same_json(wanted, got) or same_xml(wanted, got):
        return None
    return f"body {got[:400]!r}, not {bytes(wanted)[:400]!r}"


def same_json(one, other):
    try:
        return json.loads(one or b"{}") == json.loads(other or b"{}")
    except ValueError:
        return False


def same_xml(one, other):
    try:
        return canonical(ElementTree.fromstring(one)) == canonical(ElementTree.fromstring(other))
    except ElementTree.ParseError:
        return False


def canonical(element):
    text = element.text or ""
    return element.tag, sorted(element.attrib.items()), text if len(element) == 0 else "", list(map(canonical, element))
