"""What is done to a request that fits, and what must come of it.

A mutation gives the request and what is expected: the names of errors of which it must be one, the statuses of
which it must be one, `SAME` if the request must succeed as it would have, or `ANY` answer that a client knows.
"""

import base64
import copy
import json

from . import definitions, model
from .values import CHARACTERS
from .wire import Request

ANY, SAME = "any", "same"
INVALID = {"ValidationException"}
UNREADABLE = {"SerializationException"}
UNKNOWN = {"UnknownOperationException"}

# Where the model has bounds that AWS does not keep to: an empty definition is a finding.
UNBOUNDED = {("ValidateStateMachineDefinition", "definition")}

# A place in a request that is filled in as text, because the library that writes JSON is recursive.
PLACE = "@@here@@"


def mutate(operation, request, rng, world):
    """A mutation that can be done to this request: its name, the request, and what is expected."""
    while True:
        name, mutation = rng.choice(MUTATIONS)
        made = mutation(operation, copy.deepcopy(request), rng, world)
        if made:
            changed, expected = made
            if not isinstance(changed, Request):
                changed = as_request(operation, changed)
            return name, changed, expected


def as_request(operation, request):
    return Request(operation, json.dumps(request).encode())


def put(request, path, value):
    for step in path[:-1]:
        request = request[step]
    request[path[-1]] = value


def inner(operation, request, allowed):
    """The members of a request that a mutation is for."""
    shape = model.input_of(operation)
    found = model.members(shape, request) if shape else []
    return [(path, shape, value) for path, shape, value in found if allowed(shape)]


def texts(operation, request):
    return inner(operation, request, lambda shape: shape.type_name == "string")


def free_texts(operation, request):
    """Texts that may be anything, as far as the model goes."""
    return inner(operation, request, lambda shape: shape.type_name == "string" and not shape.enum)


# Members that are not as the model says.


def missing(operation, request, rng, world):
    shape = model.input_of(operation)
    if shape and shape.required_members:
        del request[rng.choice(shape.required_members)]
        return request, INVALID


def null_required(operation, request, rng, world):
    shape = model.input_of(operation)
    if shape and shape.required_members:
        request[rng.choice(shape.required_members)] = None
        return request, INVALID


def null_optional(operation, request, rng, world):
    shape = model.input_of(operation)
    absent = set(shape.members) - set(request) if shape else None
    if absent:
        request[rng.choice(sorted(absent))] = None
        return request, SAME


def unknown_member(operation, request, rng, world):
    value = rng.choice([None, 1, "x", [[{}]], {"a": [1, {"b": None}]}])
    request[rng.choice(["unknown", "StateMachineArn", "", "__type", "漢"])] = value
    return request, SAME


def wrong_type(operation, request, rng, world):
    found = inner(operation, request, lambda shape: True)
    if not found:
        return None
    path, shape, _ = rng.choice(found)
    scalars = {
        "string": [7, 1.5, True, [], {}, ["x"], {"x": "y"}],
        "boolean": ["true", 0, 1, [], {}],
        "integer": ["1", 1.5, True, [], {}, 2**70],
        "long": ["1", 1.5, True, [], {}, 2**70],
        "float": ["1", True, [], {}],
        "list": ["x", 1, {}, True, [None], [[[]]]],
        "structure": ["x", 1, [], True],
    }
    put(request, path, rng.choice(scalars[shape.type_name]))
    return request, UNREADABLE


def too_long(operation, request, rng, world):
    found = inner(operation, request, lambda shape: shape.type_name == "string" and model.bounds(shape)[1])
    if not found:
        return None
    path, shape, _ = rng.choice(found)
    put(request, path, "1" * (model.bounds(shape)[1] + 1))
    # Without AWS's limits data may be of any length: then it depends on what it is.
    is_free = shape.name == "SensitiveData" and world.is_open
    return request, ANY if is_free else INVALID


def too_short(operation, request, rng, world):
    found = inner(operation, request, lambda shape: shape.type_name == "string" and model.bounds(shape)[0])
    found = [one for one in found if (operation, one[0][0]) not in UNBOUNDED]
    if found:
        put(request, rng.choice(found)[0], "")
        return request, INVALID


def out_of_range(operation, request, rng, world):
    numbers = (*model.INTEGERS, "float")
    shape = model.input_of(operation)
    every = shape.members.items() if shape else []
    found = [(name, member) for name, member in every if member.type_name in numbers]
    if found:
        name, member = rng.choice(found)
        low, high = model.bounds(member)
        request[name] = rng.choice([low - 1, -(2**63)] + ([high + 1, 2**63 - 1] if high else []))
        return request, INVALID


def bad_enum(operation, request, rng, world):
    found = inner(operation, request, lambda shape: shape.type_name == "string" and shape.enum)
    if found:
        path, shape, _ = rng.choice(found)
        put(request, path, rng.choice(["", "NONE", shape.enum[0].lower(), shape.enum[0] + " "]))
        return request, INVALID


def bad_pattern(operation, request, rng, world):
    found = inner(operation, request, lambda shape: model.alphabet(shape))
    if found:
        put(request, rng.choice(found)[0], rng.choice(["ä", "漢😀", "a\u00a0b"]))
        return request, INVALID


def bad_length(operation, request, rng, world):
    if found := inner(
        operation, request, lambda shape: shape.type_name == "list" and any(model.bounds(shape))
    ):
        path, shape, value = rng.choice(found)
        low, high = model.bounds(shape)
        put(request, path, rng.choice([[]] * bool(low) + [value[:1] * (high + 1)]))
        return request, INVALID


# Members that the model allows, and hardly anybody sends.


def odd_text(operation, request, rng, world):
    if found := free_texts(operation, request):
        length = rng.choice([1, 5, 60])
        put(request, rng.choice(found)[0], "".join(rng.choices(CHARACTERS, k=length)))
        return request, ANY


def other_arn(operation, request, rng, world):
    if found := inner(operation, request, lambda shape: "Arn" in shape.name):
        path, _, value = rng.choice(found)
        parts = value.split(":")
        index = rng.randrange(len(parts))
        others = [
            rng.choice(world.arns()),
            ":".join(parts[:index]),
            ":".join(parts[:index] + [""] + parts[index + 1 :]),
            ":".join(parts[:index] + [parts[index] * 2] + parts[index:]),
            value + rng.choice([":", ":1", ":0", ":99999999999999999999", "/x", "#case", "\n", " "]),
            value.upper(),
            "arn" + ":" * 80,
        ]
        put(request, path, rng.choice(others))
        return request, ANY


def edited_text(operation, request, rng, world):
    """Some characters of a text are left out, doubled, or others."""
    if found := free_texts(operation, request):
        path, _, value = rng.choice(found)
        for _ in range(rng.randint(1, 4)):
            at = rng.randint(0, len(value))
            end = min(len(value), at + rng.choice([0, 1, 1, 5]))
            middle = rng.choice(["", value[at:end] * 2, rng.choice(CHARACTERS), "$.x", "{% $ %}", "null"])
            value = value[:at] + middle + value[end:]
        put(request, path, value)
        return request, ANY


def swapped(operation, request, rng, world):
    found = free_texts(operation, request)
    if len(found) > 1:
        (first, _, one), (second, _, other) = rng.sample(found, 2)
        put(request, first, other)
        put(request, second, one)
        return request, ANY


def deep_definition(operation, request, rng, world):
    if "definition" in request:
        request["definition"] = definitions.deep(rng)
        return request, ANY


def deep_text(operation, request, rng, world):
    if found := free_texts(operation, request):
        depth = rng.choice([50, 129, 1_001, 100_000])
        text = rng.choice(["[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth, "[" * depth])
        put(request, rng.choice(found)[0], text)
        return request, ANY


def huge_text(operation, request, rng, world):
    if found := free_texts(operation, request):
        character = rng.choice(["x", "漢", "\u0000", '"'])
        put(request, rng.choice(found)[0], character * rng.choice([70_000, 262_145, 1_048_577]))
        return request, ANY


def page_token(operation, request, rng, world):
    shape = model.input_of(operation)
    if shape and "nextToken" in shape.members:
        prefix = rng.choice(world.pages).split(".")[0] + "."
        places = ["-1", "0", "1", "18446744073709551615", "18446744073709551616", "9223372036854775807 x"]
        places += ["", " ", "x", "\u0000", "1 ", "-9223372036854775809 arn", world.passes, "9" * 500]
        place = base64.urlsafe_b64encode(rng.choice(places).encode()).decode().rstrip("=")
        request["nextToken"] = prefix + place
        return request, ANY


# Bodies that are no JSON, or other JSON than a request is.


def as_bytes(operation, body, expected):
    return Request(operation, body), expected


def truncated(operation, request, rng, world):
    body = json.dumps(request).encode()
    return as_bytes(operation, body[: rng.randint(1, len(body) - 1)], UNREADABLE)


def trailing(operation, request, rng, world):
    more = rng.choice([b"}", b"{}", b",", b"\x00", b"x"])
    return as_bytes(operation, json.dumps(request).encode() + more, UNREADABLE)


def not_utf8(operation, request, rng, world):
    request["unknown"] = PLACE
    body = json.dumps(request).encode()
    bad = rng.choice([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80"])
    return as_bytes(operation, body.replace(PLACE.encode(), bad), ANY)


def lone_surrogate(operation, request, rng, world):
    if found := texts(operation, request):
        put(request, rng.choice(found)[0], PLACE)
        bad = rng.choice([b"\\ud800", b"\\udfff", b"\\ud800\\ud800", b"\\uZZZZ", b"\\x"])
        body = json.dumps(request).encode().replace(PLACE.encode(), bad)
        return as_bytes(operation, body, UNREADABLE)


def twice(operation, request, rng, world):
    body = json.dumps(request).encode()
    doubled = b"{" + body[1:-1] + b"," + body[1:] if request else b'{"a":1,"a":2}'
    return as_bytes(operation, doubled, ANY)


def byte_order_mark(operation, request, rng, world):
    return as_bytes(operation, b"\xef\xbb\xbf" + json.dumps(request).encode(), UNREADABLE)


def no_body(operation, request, rng, world):
    return as_bytes(operation, rng.choice([b"", b"  \r\n"]), ANY)


def no_object(operation, request, rng, world):
    body = rng.choice([b"[]", b"null", b"1", b'"x"', b"true", b"[{}]", b"1e999", b"NaN"])
    return as_bytes(operation, body, UNREADABLE)


def flipped(operation, request, rng, world):
    body = bytearray(json.dumps(request).encode())
    for _ in range(rng.randint(1, 3)):
        body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
    return as_bytes(operation, bytes(body), ANY)


def deep_member(operation, request, rng, world):
    """A member that is nested so deep that no request is."""
    request[rng.choice(sorted(request) + ["unknown"])] = PLACE
    depth = rng.choice([200, 2_000, 200_000])
    opening, closing = rng.choice([("[", "]"), ('{"a":', "}")])
    deep = opening * depth + "1" + closing * depth
    body = json.dumps(request).replace(f'"{PLACE}"', deep).encode()
    return as_bytes(operation, body, UNREADABLE)


def long_number(operation, request, rng, world):
    request["unknown"] = PLACE
    number = rng.choice(["1" * 5_000, "1e99999", "-0", "1E-400", "0." + "0" * 5_000 + "1"])
    body = json.dumps(request).replace(f'"{PLACE}"', number).encode()
    return as_bytes(operation, body, ANY)


# Requests that are no calls of an operation.


def http(operation, request, expected, **more):
    return Request(operation, json.dumps(request).encode(), **more), expected


def content_type(operation, request, rng, world):
    """The operation is in another header: clients that name the type otherwise are served, too."""
    kinds = ["text/plain", "application/json", "application/x-amz-json-1.1", "x" * 1_000, None]
    return http(operation, request, SAME, headers={"Content-Type": rng.choice(kinds)})


def target(operation, request, rng, world):
    others = [
        f"AWSStepFunctions.{operation}x",
        f"AWSStepFunctions.{operation.lower()}",
        f"AWSStepFunctions.{operation} ",
        f"DynamoDB_20120810.{operation}",
        operation,
        "AWSStepFunctions.",
        "",
        None,
        "x" * 5_000,
        b"AWSStepFunctions.\xff\xfe",
    ]
    other = rng.choice(others)
    # What is around the value of a header is no part of it.
    expected = (
        SAME if isinstance(other, str) and other.strip() == f"AWSStepFunctions.{operation}" else UNKNOWN
    )
    return http(operation, request, expected, headers={"X-Amz-Target": other})


def unsigned(operation, request, rng, world):
    authorization = rng.choice([None, "", "Basic eDp5", "AWS3-HTTPS x", b"\xff"])
    return http(operation, request, {403}, headers={"Authorization": authorization})


def stranger(operation, request, rng, world):
    headers = [
        {"Origin": "http://localhost"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "example.com"},
        {"Host": b"\xff"},
    ]
    return http(operation, request, {400, 403}, headers=rng.choice(headers))


def odd_headers(operation, request, rng, world):
    headers = [
        {"X-Amz-Date": "yesterday"},
        {"amz-sdk-invocation-id": b"\xff\xfe"},
        {"amz-sdk-invocation-id": "x" * 9_000},
        {"amz-sdk-invocation-id": ""},
        {"X-Amzn-Trace-Id": "x" * 300},
        {f"X-Header-{number}": "x" for number in range(50)},
    ]
    return http(operation, request, SAME, headers=rng.choice(headers))


def method(operation, request, rng, world):
    method = rng.choice(["GET", "PUT", "DELETE", "PATCH"])
    # Whoever opens the address in a browser is led to the console.
    return http(operation, request, {303 if method == "GET" else 405}, method=method)


def path(operation, request, rng, world):
    paths = ["/x", "//", "/%00", "/../etc/passwd", "/health/x", "/" + "x" * 9_000]
    return http(operation, request, {404}, path=rng.choice(paths))


def too_large(operation, request, rng, world):
    request["unknown"] = "x" * (9 << 20)
    return http(operation, request, {413})


def hang_up(operation, request, rng, world):
    length = len(json.dumps(request).encode())
    after = rng.choice([length, length, rng.randint(0, length)])
    return http(operation, request, ANY, hangs_up_after=after)


# With how many it counts in a draw: what is dear is rare.
WEIGHTED = [
    (3, [missing, wrong_type, too_long, too_short, out_of_range, bad_enum, bad_pattern, bad_length]),
    (3, [odd_text, other_arn, edited_text, swapped, deep_text, deep_definition, page_token]),
    (2, [null_required, null_optional, unknown_member, truncated, flipped, deep_member, hang_up]),
    (1, [huge_text, trailing, not_utf8, lone_surrogate, twice, byte_order_mark, no_body, no_object]),
    (1, [long_number, content_type, target, unsigned, stranger, odd_headers, method, path]),
]
MUTATIONS = [
    (mutation.__name__, mutation)
    for weight, mutations in WEIGHTED
    for mutation in mutations
    for _ in range(weight)
]
# One in so many: it takes as long as a hundred others.
MUTATIONS = MUTATIONS * 3 + [(too_large.__name__, too_large)]
