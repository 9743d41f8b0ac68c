"""Values for the members of a shape, as botocore takes them and as a task's parameters have them.

`plain` fills in every member; `awkward` leaves out, empties and stretches what it may; `least` gives only what
is required.
"""

import datetime
import json
import random

MOMENT = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)

# What may stand at each place of a message without being another message there.
TEXT = {
    "uri": ["a b/c", "ü~!*'()", "100%"],
    "header": ["hv 1", "x"],
    "headers": ["hv2"],
    "querystring": ["q &=é/", "", "a+b"],
    None: ["s<&\">é", "", "日本 😀", "line\nbreak\ttab", "\\u0000 \"quoted\""],
}
INTEGERS = [7, 0, -1, 2**31 - 1, -(2**31)]
LONGS = [7, 0, 2**53 + 1, 2**63 - 1, -(2**63)]
NUMBERS = [1.5, 0.1, -2.25]


class Values:
    def __init__(self, kind, seed, member_name):
        self.kind = kind
        self.random = random.Random(seed)
        self.member_name = member_name

    def pick(self, values):
        return self.random.choice(values) if self.kind == "awkward" else values[0]

    def leaves_out(self, is_required):
        if is_required:
            return False
        return self.kind == "least" or self.kind == "awkward" and self.random.random() < 0.3

    def of(self, shape, location=None, above=()):
        """(for botocore, for a task), or None where nothing can be given."""
        kind = shape.type_name
        if kind == "structure":
            return self.structure(shape, above, location)
        if kind == "list":
            return self.list(shape, location, above)
        if kind == "map":
            return self.map(shape, location, above)
        return getattr(self, kind)(shape, location)

    def structure(self, shape, above, location):
        if shape.is_document_type:
            document = {"d": [1, "x", None, 2.5, {"é": True}]}
            return document, document
        if above.count(shape.name) >= 2:
            return None
        ours, theirs = {}, {}
        members = list(shape.members.items())
        if shape.is_tagged_union:
            members = [self.pick(members)]
        for name, member in members:
            place = member.serialization.get("location")
            is_required = name in shape.required_members or shape.is_tagged_union
            # A label of the path and a prefix of the host must be there; a token that is not given is made up.
            is_required |= place == "uri" or "hostLabel" in member.serialization or "idempotencyToken" in member.metadata
            if self.leaves_out(is_required):
                if self.kind == "awkward" and self.random.random() < 0.3:
                    theirs[self.member_name(name)] = None
                continue
            value = self.of(member, place, above + (shape.name,))
            if value is not None:
                ours[name], theirs[self.member_name(name)] = value
            elif shape.is_tagged_union:
                return None
        return ours, theirs

    def list(self, shape, location, above):
        count = self.pick([2, 1, 0, 3]) if location is None else 2
        values = [self.of(shape.member, location, above) for _ in range(count)]
        if any(value is None for value in values):
            return None
        return [ours for ours, _ in values], [theirs for _, theirs in values]

    def map(self, shape, location, above):
        keys = ["k1"] if location else self.pick([["k1"], [], ["k1", "ключ"]])
        values = {key: self.of(shape.value, location, above) for key in keys}
        if any(value is None for value in values.values()):
            return None
        return {k: ours for k, (ours, _) in values.items()}, {k: theirs for k, (_, theirs) in values.items()}

    def string(self, shape, location):
        if shape.serialization.get("jsonvalue"):
            value = {"a": 1}
            text = json.dumps(value, separators=(",", ":"))
            return (value, text) if location == "header" else (text, text)
        if shape.enum and location is not None:
            return (shape.enum[0],) * 2
        return (self.pick(TEXT[location]),) * 2

    def character(self, shape, location):
        return "c", "c"

    def boolean(self, shape, location):
        return (self.pick([True, False]),) * 2

    def integer(self, shape, location):
        return (self.pick(INTEGERS),) * 2

    def long(self, shape, location):
        return (self.pick(LONGS),) * 2

    def double(self, shape, location):
        return (self.pick(NUMBERS),) * 2

    float = bigdecimal = double

    def timestamp(self, shape, location):
        return MOMENT, "2024-01-02T03:04:05Z"

    def blob(self, shape, location):
        if shape.serialization.get("streaming"):
            return b'"blob"', "blob"
        return b"blob-data", "blob-data"
