"""The frame of one service: what its model says of scalars beside their type.

    constraints | shapes

A shape has the number that it has in sdk.tbl, and for each member the number of a constraint: 0 is none, the
first of the list is 1. A list has one member, a map two. Shapes that are in no output have none at all, as it is
results that are checked. `shared/integrations/src/aws/model/constraints.rs`
reads what is written here.
"""

import service
from table import number, text

# Types whose `min` and `max` are bounds of the number, and those where they are bounds of the length.
BOUNDED = {"integer", "long", "float", "double", "bigdecimal", "string", "character", "blob"}

# Bounds that AWS was seen to check, where these models have others: Step Functions may be behind them.
SEEN = {("Lambda", "MemorySize"): (128, 10240)}


def encode(model):
    encoder = service.Encoder(model, service.Strings())
    constraints = {}

    def constraint(ref):
        wanted = of_shape(model["metadata"]["serviceId"], ref["shape"], model["shapes"][ref["shape"]])
        return constraints.setdefault(wanted, len(constraints) + 1) if wanted else 0

    answered = in_outputs(model)
    shapes = number(len(encoder.order))
    for name in encoder.order:
        members = parts(model["shapes"][name]) if name in answered else []
        shapes += number(len(members)) + b"".join(number(constraint(ref)) for ref in members)
    return number(len(constraints)) + b"".join(map(encoded, constraints)) + shapes


def in_outputs(model):
    """The names of all shapes that responses are made of."""
    found = set()
    open_ = [operation["output"]["shape"] for operation in model["operations"].values() if "output" in operation]
    while open_:
        name = open_.pop()
        if name not in found:
            found.add(name)
            open_ += [ref["shape"] for ref in parts(model["shapes"][name])]
    return found


def parts(shape):
    """What an aggregate is made of."""
    if shape["type"] not in ("structure", "list", "map"):
        return []
    if shape["type"] == "structure":
        return list(shape.get("members", {}).values())
    return [shape["member"]] if shape["type"] == "list" else [shape["key"], shape["value"]]


def of_shape(service_id, name, shape):
    """(min, max, values), or None if the model says nothing."""
    if shape["type"] not in BOUNDED:
        return None
    low, high = SEEN.get((service_id, name), (shape.get("min"), shape.get("max")))
    found = (low, high, tuple(shape.get("enum", ())))
    return found if found != (None, None, ()) else None


def encoded(constraint):
    low, high, values = constraint
    out = text("" if low is None else str(low)) + text("" if high is None else str(high))
    return out + number(len(values)) + b"".join(map(text, values))
