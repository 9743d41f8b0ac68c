"""Values that the model allows, drawn at random: some of them refer to what is there."""

import json

from . import definitions, model

# Texts are mostly short; the longest that the model allows comes up, too.
SHORT = 24

CHARACTERS = (
    "abcABC019 _-.:/$@'\"\\{}[]()<>?*#%^|~`&,;\n\t\x00\x1f\x7f\x9f"
    "äß漢字\u200f\u202e\u2028\ufeff\ufffe\uffff😀𝒜\U0010ffff"
)


def request(operation, rng, world):
    """A request that the model allows, whatever the operation makes of it."""
    shape = model.input_of(operation)
    return _structure(shape, rng, world) if shape else {}


def _structure(shape, rng, world):
    return {
        name: value(name, member, rng, world)
        for name, member in shape.members.items()
        if name in shape.required_members or rng.random() < 0.5
    }


def value(name, shape, rng, world):
    low, high = model.bounds(shape)
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape, rng, world)
    if kind == "list":
        count = rng.randint(low or 0, min(high or 3, 3))
        return [value(name, shape.member, rng, world) for _ in range(count)]
    if kind == "boolean":
        return rng.random() < 0.5
    if kind == "float":
        return rng.choice([low, high, rng.uniform(low, high)])
    if kind in model.INTEGERS:
        high = high if high is not None else model.INTEGER_MAX[kind]
        return rng.choice([low or 0, high, rng.randint(low or 0, high)])
    if shape.enum:
        return rng.choice(shape.enum)
    if rng.random() < 0.7 and (likely := _likely(name, shape, rng, world)) is not None:
        return likely
    return text(shape, rng)


def text(shape, rng):
    low, high = model.bounds(shape)
    low = low or 0
    high = high if high is not None else 4_096
    length = rng.choice([low, rng.randint(low, min(high, SHORT)), rng.randint(low, min(high, SHORT))])
    if rng.random() < 0.05:
        length = high
    alphabet = model.alphabet(shape)
    if alphabet is None:
        # What the model bounds in characters, AWS bounds in bytes where it is data.
        alphabet = CHARACTERS if length <= SHORT else model.GRAPHIC
    return "".join(rng.choices(alphabet, k=length))


def _likely(member, shape, rng, world):
    """A text that makes sense where the shape is used."""
    name = shape.name
    if "Arn" in name:
        return rng.choice(world.arns_for(member) if rng.random() < 0.7 else world.arns())
    if name == "Definition":
        make = rng.choice([definitions.valid, definitions.valid, definitions.state, definitions.deep])
        return make(rng)
    if name == "SensitiveData":
        return json_text(rng)
    if name == "Name":
        return world.name()
    if name == "TaskToken":
        return rng.choice([world.token, world.token[::-1], world.token[:40]])
    if "PageToken" in name:
        return rng.choice(world.pages)
    if name == "RevisionId":
        return rng.choice(["INITIAL", "0f3a1d0e-7d4b-4c5e-9a57-6d9d0b0d7c11"])
    return None


def json_text(rng):
    return json.dumps(_json(rng, 3), ensure_ascii=rng.random() < 0.5)


def _json(rng, depth):
    scalars = [None, True, 0, -1, 1e300, 0.1, 2**63, "", "text", "漢😀", "\u0000"]
    if depth == 0 or rng.random() < 0.4:
        return rng.choice(scalars)
    count = rng.randint(0, 3)
    if rng.random() < 0.5:
        return [_json(rng, depth - 1) for _ in range(count)]
    return {f"k{index}": _json(rng, depth - 1) for index in range(count)}
