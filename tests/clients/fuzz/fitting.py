"""Requests that must succeed: valid by the model, and about what is there and in the right state.

What the model does not say, and a request needs beyond it, is in here and nowhere else:
a definition is one, and so are JSON texts; an ARN is of the kind that the operation is about; a name is
new; weights of a routing configuration add up to 100; a version has a description only where it is published;
logging that is on has a destination; tags are of letters, digits, spaces and a few marks; at least one thing is
updated; a list is of a state machine.
"""

import json

from server import ROLE

from . import definitions, model, values


def request(operation, rng, world):
    """A request of an operation; None if none can succeed."""
    make = MAKERS[operation]
    return make(rng, world) if make else None


def some(rng, **optional):
    """Some of the optional members; those that are functions are called if they are taken."""
    taken = {name: value for name, value in optional.items() if rng.random() < 0.5}
    return {name: value() if callable(value) else value for name, value in taken.items()}


def random_text(rng, most):
    return "".join(rng.choices(values.CHARACTERS, k=rng.choice([0, 1, 9, most])))


def tags(rng):
    count = rng.choice([0, 1, 7])
    value = "".join(rng.choices("aZ9 ä漢_.:/=+-@", k=rng.choice([0, 9, 256])))
    return [{"key": f"key-{index}", "value": value} for index in range(count)]


def page(rng):
    return some(rng, maxResults=lambda: rng.choice([0, 1, 2, 1_000]))


def included(rng):
    return some(rng, includedData=lambda: rng.choice(["ALL_DATA", "METADATA_ONLY"]))


def trace(rng):
    return some(rng, traceHeader=lambda: "".join(rng.choices(model.GRAPHIC, k=rng.choice([0, 256]))))


def configuration(rng):
    off = {"level": "OFF", "includeExecutionData": rng.random() < 0.5}
    return some(
        rng,
        loggingConfiguration=off,
        tracingConfiguration={"enabled": rng.random() < 0.5},
        encryptionConfiguration={"type": "AWS_OWNED_KEY"},
    )


def publication(rng):
    if rng.random() < 0.5:
        return some(rng, publish=False)
    return {"publish": True, **some(rng, versionDescription=lambda: random_text(rng, 256))}


def create_activity(rng, world):
    owned = {"type": "AWS_OWNED_KEY"}
    more = some(rng, tags=lambda: tags(rng), encryptionConfiguration=owned)
    return {"name": world.name(), **more}


def create_state_machine(rng, world):
    return {
        "name": world.name(),
        "definition": definitions.valid(rng),
        "roleArn": ROLE,
        **some(rng, type=lambda: rng.choice(["STANDARD", "EXPRESS"]), tags=lambda: tags(rng)),
        **configuration(rng),
        **publication(rng),
    }


def routes(rng, world):
    """Two versions, or one of them."""
    machine = world.machine()
    first = world.publish(machine)
    weight = rng.randint(0, 100)
    if rng.random() < 0.5:
        return [{"stateMachineVersionArn": first, "weight": 100}]
    other = json.dumps(definitions.fails())
    updated = world.call("UpdateStateMachine", stateMachineArn=machine, definition=other, publish=True)
    second = updated["stateMachineVersionArn"]
    return [
        {"stateMachineVersionArn": first, "weight": weight},
        {"stateMachineVersionArn": second, "weight": 100 - weight},
    ]


def create_alias(rng, world):
    return {
        "name": rng.choice(["live", "a.b-c_D", "7a", "x" * 80]),
        "routingConfiguration": routes(rng, world),
        **some(rng, description=lambda: random_text(rng, 256)),
    }


def update_alias(rng, world):
    machine = world.machine()
    alias = world.name_version(world.publish(machine), "live")
    only = [{"stateMachineVersionArn": f"{machine}:1", "weight": 100}]
    changes = [{"description": random_text(rng, 256)}, {"routingConfiguration": only}]
    return {"stateMachineAliasArn": alias, **rng.choice(changes)}


def new_alias(rng, world):
    return world.name_version(world.publish(world.machine()), "live")


def delete_alias(rng, world):
    return {"stateMachineAliasArn": new_alias(rng, world)}


def delete_version(rng, world):
    return {"stateMachineVersionArn": world.publish(world.machine())}


def of_any_machine(rng, world):
    arns = [world.passes, world.express, world.version, world.alias]
    return {"stateMachineArn": rng.choice(arns), **included(rng)}


def of_execution(rng, world):
    return {"executionArn": rng.choice([world.ended, world.failed, world.running])}


def get_history(rng, world):
    more = some(rng, reverseOrder=rng.random() < 0.5, includeExecutionData=rng.random() < 0.5)
    token = some(rng, nextToken=world.pages[1])
    return {**of_execution(rng, world), **more, **page(rng), **token}


def get_activity_task(rng, world):
    # It finds a task: the fuzzer offers one before every poll.
    return {"activityArn": world.activity, **some(rng, workerName=world.name())}


def list_executions(rng, world):
    statuses = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
    machine = rng.choice([world.passes, world.waits, world.version, world.alias])
    more = some(rng, statusFilter=lambda: rng.choice(statuses), nextToken=world.pages[2])
    return {"stateMachineArn": machine, **more, **page(rng)}


def of_machine(rng, world):
    return {"stateMachineArn": rng.choice([world.passes, world.express]), **page(rng)}


def list_resources(rng, world):
    return {**page(rng), **some(rng, nextToken=world.pages[0])}


def publish(rng, world):
    more = some(rng, description=lambda: random_text(rng, 256), revisionId="INITIAL")
    return {"stateMachineArn": world.machine(), **more}


def redrive(rng, world):
    token = some(rng, clientToken=lambda: "".join(rng.choices(model.GRAPHIC, k=64)))
    return {"executionArn": world.execution(world.fails, ends=True), **token}


def failure(rng):
    return some(rng, error=lambda: random_text(rng, 256), cause=lambda: random_text(rng, 9_000))


def send_failure(rng, world):
    return {"taskToken": world.task(), **failure(rng)}


def send_success(rng, world):
    return {"taskToken": world.task(), "output": values.json_text(rng)}


def start(rng, world):
    arns = [world.passes, world.fails, world.express, world.version, world.alias]
    more = some(rng, name=world.name, input=lambda: values.json_text(rng))
    return {"stateMachineArn": rng.choice(arns), **more, **trace(rng)}


def start_sync(rng, world):
    more = some(rng, name=world.name, input=lambda: values.json_text(rng))
    return {"stateMachineArn": world.express, **more, **trace(rng), **included(rng)}


def stop(rng, world):
    execution = rng.choice([world.execution(world.waits), world.ended])
    return {"executionArn": execution, **failure(rng)}


def tagged(rng, world):
    return rng.choice([world.passes, world.activity])


def tag(rng, world):
    return {"resourceArn": tagged(rng, world), "tags": tags(rng)}


def untag(rng, world):
    return {"resourceArn": tagged(rng, world), "tagKeys": rng.choice([[], ["key-1", "absent"]])}


def test_state(rng, world):
    level = some(rng, inspectionLevel=lambda: rng.choice(["INFO", "DEBUG", "TRACE"]))
    more = some(rng, input=lambda: values.json_text(rng), roleArn=ROLE, variables='{"x":[1]}')
    return {"definition": definitions.state(rng), **more, **level}


def update_state_machine(rng, world):
    changes = [
        {"definition": definitions.valid(rng)},
        {"roleArn": ROLE},
        {"tracingConfiguration": {"enabled": True}},
        {"loggingConfiguration": {"level": "OFF"}},
    ]
    return {"stateMachineArn": world.machine(), **rng.choice(changes), **publication(rng)}


def validate(rng, world):
    text = rng.choice([definitions.valid(rng), definitions.state(rng), random_text(rng, 99) + "{"])
    more = some(
        rng,
        type=lambda: rng.choice(["STANDARD", "EXPRESS"]),
        severity=lambda: rng.choice(["ERROR", "WARNING"]),
        maxResults=lambda: rng.choice([0, 1, 100]),
    )
    return {"definition": text, **more}


MAKERS = {
    "CreateActivity": create_activity,
    "CreateStateMachine": create_state_machine,
    "CreateStateMachineAlias": create_alias,
    "DeleteActivity": lambda rng, world: {
        "activityArn": world.call("CreateActivity", name=world.name())["activityArn"]
    },
    "DeleteStateMachine": lambda rng, world: {"stateMachineArn": world.machine()},
    "DeleteStateMachineAlias": delete_alias,
    "DeleteStateMachineVersion": delete_version,
    "DescribeActivity": lambda rng, world: {"activityArn": world.activity},
    "DescribeExecution": lambda rng, world: {**of_execution(rng, world), **included(rng)},
    # There are no Map Runs.
    "DescribeMapRun": None,
    "DescribeStateMachine": of_any_machine,
    "DescribeStateMachineAlias": lambda rng, world: {"stateMachineAliasArn": world.alias},
    "DescribeStateMachineForExecution": lambda rng, world: {
        **of_execution(rng, world),
        **included(rng),
    },
    "GetActivityTask": get_activity_task,
    "GetExecutionHistory": get_history,
    "ListActivities": list_resources,
    "ListExecutions": list_executions,
    "ListMapRuns": lambda rng, world: {**of_execution(rng, world), **page(rng)},
    "ListStateMachineAliases": of_machine,
    "ListStateMachineVersions": of_machine,
    "ListStateMachines": list_resources,
    "ListTagsForResource": lambda rng, world: {"resourceArn": tagged(rng, world)},
    "PublishStateMachineVersion": publish,
    "RedriveExecution": redrive,
    "SendTaskFailure": send_failure,
    "SendTaskHeartbeat": lambda rng, world: {"taskToken": world.task()},
    "SendTaskSuccess": send_success,
    "StartExecution": start,
    "StartSyncExecution": start_sync,
    "StopExecution": stop,
    "TagResource": tag,
    "TestState": test_state,
    "UntagResource": untag,
    "UpdateMapRun": None,
    "UpdateStateMachine": update_state_machine,
    "UpdateStateMachineAlias": update_alias,
    "ValidateStateMachineDefinition": validate,
}
