"""Responses: moto writes one, botocore reads it."""

import base64
import dataclasses
import datetime
import functools
import io
import json

from botocore.awsrequest import HeadersDict
from botocore.parsers import ResponseParserError, create_parser
from moto.core import serialize
from moto.core.model import ServiceModel

import models
from values import Values

KINDS = ("plain", "awkward", "least")


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
        return difference(self.wanted, answer["output"], "")


def cases(seed):
    """What makes each case."""
    for name, protocol, model in models.services():
        if protocol == "smithy-rpc-v2-cbor":
            continue
        service, parser = ServiceModel(model, name), create_parser(protocol)
        for operation_name in service.operation_names:
            operation = service.operation_model(operation_name)
            if operation.output_shape is None:
                continue
            if operation.has_event_stream_input or operation.has_event_stream_output:
                continue
            for number, kind in enumerate(KINDS):
                values = Values(kind, f"{seed}{name}{operation_name}{number}", models.member_name)
                yield functools.partial(case_of, name, protocol, operation, parser, values)


def case_of(name, protocol, operation, parser, values):
    value, _ = values.of(operation.output_shape)
    try:
        answer = serialize.get_serializer_class(name, protocol)(operation).serialize(value)
    except (TypeError, AttributeError, ValueError) as error:
        return f"moto cannot write {name} {operation.name} ({values.kind}): {error}"
    body = answer["body"] or b""
    body = body if isinstance(body, bytes) else body.encode()
    headers = {key: str(text) for key, text in dict(answer["headers"]).items()}
    response = {
        "status_code": answer["status_code"],
        "headers": HeadersDict(headers),
        "body": io.BytesIO(body) if operation.has_streaming_output else body,
    }
    try:
        parsed = parser.parse(response, operation.output_shape)
    except ResponseParserError as error:
        return f"botocore cannot read what moto writes for {name} {operation.name} ({values.kind}): {error}"
    parsed.pop("ResponseMetadata", None)
    line = {
        "service": name,
        "action": models.variable_name(operation.name),
        "status": answer["status_code"],
        "headers": list(headers.items()),
        "body": base64.b64encode(body).decode(),
    }
    return Case(name, operation.name, protocol, values.kind, line, shown(parsed, operation.output_shape))


def shown(value, shape):
    """What botocore read, as a task's result has it."""
    kind = shape.type_name
    if kind == "structure":
        if shape.is_document_type:
            return value
        return {
            models.member_name(name): shown(value[name], member)
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if kind == "list":
        return [shown(one, shape.member) for one in value]
    if kind == "map":
        return {key: shown(one, shape.value) for key, one in value.items()}
    if kind == "timestamp":
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    if kind == "blob":
        data = value.read() if hasattr(value, "read") else value
        return data.decode() if isinstance(data, bytes) else data
    if shape.serialization.get("jsonvalue") and not isinstance(value, str):
        return json.dumps(value, separators=(",", ":"))
    return value


def difference(wanted, got, path):
    if isinstance(wanted, dict) and isinstance(got, dict):
        for key in wanted.keys() - got.keys():
            return f"{path}.{key} is missing"
        for key in got.keys() - wanted.keys():
            return f"{path}.{key} is {got[key]!r}, and should not be there"
        return next(filter(None, (difference(wanted[key], got[key], f"{path}.{key}") for key in wanted)), None)
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        return next(filter(None, (difference(a, b, f"{path}[]") for a, b in zip(wanted, got))), None)
    is_number = all(isinstance(one, (int, float)) for one in (wanted, got))
    if wanted == got and (is_number or type(wanted) is type(got)):
        return None
    return f"{path} is {got!r}, not {wanted!r}"
