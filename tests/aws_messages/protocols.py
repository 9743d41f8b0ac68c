"""Responses of the protocol tests that botocore is tested with: each has a model of its own.

They are in the source distribution of aiobotocore, which is botocore for asyncio, and tested alike.
"""

import base64
import dataclasses
import datetime
import json
import math
import pathlib

import models

from service import encode

CASES = "tests/botocore_tests/unit/protocols/output"
METADATA = {"serviceId": "Protocol", "endpointPrefix": "protocol", "signatureVersion": "v4"}


@dataclasses.dataclass
class Case:
    service: str
    operation: str
    protocol: str
    kind: str
    line: dict
    given: dict
    # Botocore itself does not pass it.
    is_ignored: bool

    def difference(self, answer):
        if "error" in self.given:
            return self.error_difference(answer.get("error"))
        if "error" in answer:
            return f"error: {answer['error']}"
        wanted, got = self.given["wanted"], answer["output"]
        return None if same(wanted, got) else f"{got!r}, not {wanted!r}"

    def error_difference(self, got):
        error = self.given["error"]
        message = self.given.get("errorMessage") or error.get("Message") or error.get("message") or "null"
        name = self.given["error_shape"]
        name = name if name.endswith("Exception") else f"{name}Exception"
        wanted = f"Protocol.{name}: {message} (Service: Protocol"
        return None if got is not None and got.startswith(wanted) else f"{got!r}, not {wanted!r}"


def cases(folder):
    folder = pathlib.Path(folder) / CASES
    ignored = json.loads((folder.parent / "protocol-tests-ignore-list.json").read_text())["protocols"]
    for file in sorted(folder.glob("*.json")):
        of_protocol = ignored.get(file.stem, {}).get("output", {}).get("cases", [])
        for suite in json.loads(file.read_text()):
            if suite["metadata"]["protocol"] == "smithy-rpc-v2-cbor":
                continue
            for case in suite["cases"]:
                if not models.is_event_stream(suite["shapes"], case["given"].get("output")):
                    yield case_of(suite, case, case["id"] in of_protocol)


def case_of(suite, case, is_ignored):
    given, shapes = case["given"], suite["shapes"]
    metadata = {**METADATA, **suite["metadata"]}
    model = {"metadata": metadata, "shapes": shapes, "operations": {given["name"]: given}}
    _, frame = encode(model, [])
    response = case["response"]
    line = {
        "frame": base64.b64encode(frame).decode(),
        "service": "protocol",
        "action": models.variable_name(given["name"]),
        "status": response["status_code"],
        "headers": list(response.get("headers", {}).items()),
        "body": base64.b64encode(response.get("body", "").encode()).decode(),
    }
    code = case.get("errorCode", "")
    named = [name for name, shape in shapes.items() if shape.get("error", {}).get("code") == code]
    wanted = shown(case["result"], given["output"], shapes) if "result" in case and "output" in given else {}
    return Case(
        suite["metadata"]["protocol"],
        case["id"],
        metadata["protocol"],
        "protocol test",
        line,
        {**case, "wanted": wanted, "error_shape": (named or [code])[0]},
        is_ignored,
    )


def shown(value, ref, shapes):
    """What a case's result is as a task's."""
    shape = shapes[ref["shape"]]
    kind = shape["type"]
    if value is None:
        return None
    if kind == "structure" and not shape.get("document"):
        return {
            models.member_name(name): shown(value[name], member, shapes)
            for name, member in shape["members"].items()
            if value.get(name) is not None
        }
    if kind == "list":
        return [shown(one, shape["member"], shapes) for one in value]
    if kind == "map":
        return {key: shown(one, shape["value"], shapes) for key, one in value.items()}
    if kind == "timestamp":
        moment = datetime.datetime.fromtimestamp(value, datetime.timezone.utc)
        millis = moment.microsecond // 1000
        return moment.strftime("%Y-%m-%dT%H:%M:%S") + (f".{millis:03}" if millis else "") + "Z"
    if ref.get("jsonvalue") or shape.get("jsonvalue"):
        return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return value


def same(wanted, got):
    if isinstance(wanted, dict) and isinstance(got, dict):
        # An empty body, and no header of a prefix, are there in a task's result.
        return all(key in got and same(wanted[key], got[key]) for key in wanted) and all(
            key in wanted or value in ("", {}) for key, value in got.items()
        )
    if isinstance(wanted, list) and isinstance(got, list):
        return len(wanted) == len(got) and all(map(same, wanted, got))
    if isinstance(wanted, float) and isinstance(got, (int, float)):
        return math.isclose(wanted, got, rel_tol=1e-6)
    return wanted == got
