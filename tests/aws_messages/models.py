"""The service models of botocore, as the table has them."""

import pathlib
import sys

GENERATOR = pathlib.Path(__file__).resolve().parents[2] / "shared/integrations/model/generate"
sys.path.append(str(GENERATOR))

import names  # noqa: E402  (the generator's)
import source  # noqa: E402

from service import protocol_of  # noqa: E402


def services():
    """(name in a resource, protocol, model) of each."""
    for model in source.services():
        metadata = model["metadata"]
        protocol = protocol_of(metadata)
        name = names.exception_prefix(metadata["serviceId"]).lower()
        metadata["protocol"] = protocol
        yield name, protocol, model


def is_event_stream(shapes, ref):
    """Whether an output is a stream of events."""
    members = shapes[ref["shape"]].get("members", {}) if ref else {}
    return any(shapes[member["shape"]].get("eventstream") for member in members.values())


def variable_name(name):
    """As the AWS SDK for Java has it: a leading run of capitals is small, up to the next word's."""
    run = 1
    while run < len(name) and name[run].isupper() and not (run + 1 < len(name) and name[run + 1].islower()):
        run += 1
    return name[:run].lower() + name[run:]


# Names that Java has another use for.
TAKEN = set(
    """abstract assert boolean break byte case catch char class const continue default do double else enum equals
    extends false final finally float for goto if implements import instanceof int interface long native new null
    package private protected public return short static strictfp super switch synchronized this throw throws
    transient true try void volatile while""".split()
)


def member_name(name):
    """As Step Functions has it."""
    variable = variable_name(name)
    return variable[:1].upper() + variable[1:] + ("Value" if variable in TAKEN else "")
