"""The service's model, as botocore has it: which requests it allows, and which answers."""

import functools

import botocore.loaders
import botocore.model

INTEGERS = ("integer", "long")
INTEGER_MAX = {"integer": 2**31 - 1, "long": 2**63 - 1}

# What the model's regular expressions stand for: the characters that generated texts are made of.
GRAPHIC = "".join(map(chr, range(0x21, 0x7F)))
ALPHABETS = {
    r"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$": "abcXYZ_-.",
    r"\p{ASCII}*": GRAPHIC + " ",
    r"[!-~]+": GRAPHIC,
}


@functools.cache
def service():
    description = botocore.loaders.Loader().load_service_model("stepfunctions", "service-2")
    return botocore.model.ServiceModel(description, "stepfunctions")


def operations():
    return list(service().operation_names)


@functools.cache
def input_of(operation):
    return service().operation_model(operation).input_shape


@functools.cache
def errors_of(operation):
    return {shape.name for shape in service().operation_model(operation).error_shapes}


def bounds(shape):
    """The least and the greatest length or value. None: the model sets no bound."""
    return shape.metadata.get("min"), shape.metadata.get("max")


def alphabet(shape):
    """The characters that a text of a pattern may have; None if it may have any."""
    pattern = shape.metadata.get("pattern")
    return ALPHABETS[pattern] if pattern else None


def members(shape, value, path=()):
    """Every member of a request, and of structures and lists in it: path, shape and value."""
    for name, member in shape.members.items():
        if name in value:
            yield from _with_inner(member, value[name], (*path, name))


def _with_inner(shape, value, path):
    yield path, shape, value
    if shape.type_name == "structure":
        yield from members(shape, value, path)
    elif shape.type_name == "list":
        for index, element in enumerate(value):
            yield from _with_inner(shape.member, element, (*path, index))


def wrong_in(operation, answer):
    """What in an answer is not as the model says; nothing if all is."""
    shape = service().operation_model(operation).output_shape
    return list(_wrong(shape, answer, "answer"))


def _wrong(shape, value, at):
    kinds = {
        "structure": dict,
        "list": list,
        "string": str,
        "boolean": bool,
        "integer": int,
        "long": int,
        "float": (int, float),
        "double": (int, float),
        "timestamp": (int, float),
    }
    is_bool = isinstance(value, bool) and shape.type_name != "boolean"
    if not isinstance(value, kinds[shape.type_name]) or is_bool:
        yield f"{at} is {value!r}, and should be a {shape.type_name}"
    elif shape.type_name == "structure":
        for name in shape.required_members:
            if name not in value:
                yield f"{at}.{name} is missing"
        for name, member in value.items():
            if name in shape.members:
                yield from _wrong(shape.members[name], member, f"{at}.{name}")
            else:
                yield f"{at}.{name} is not in the model"
    elif shape.type_name == "list":
        for index, element in enumerate(value):
            yield from _wrong(shape.member, element, f"{at}[{index}]")
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield f"{at} is {value!r}, which is none of {shape.enum}"
