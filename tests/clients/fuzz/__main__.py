"""Sends requests of every operation to `segno dev`, good ones and bad ones, and looks at what comes back.

    python -m fuzz [--seed N] [--requests N] [--mode strict|open] [--store disk|memory] [--operation NAME]

There are three kinds of requests:

- *fitting*: valid by the model, and about what is there. They must succeed.
- *modelled*: valid by the model, whatever they are about. They must succeed, or fail with an error that the model
  has for the operation.
- *mutated*: one thing is wrong with them, or odd. They must fail as that one thing must, or, where it may be
  harmless, succeed or fail with an error that a client knows.

An answer is never a 5xx and never late, and one that succeeds has the members that the model says. A request has
reached the handler of its operation if it was answered by it: it succeeded, or failed with an error that is
none of those with which a request is refused before anybody looks at what it asks for. The same seed sends the same
requests again, but for the ARNs in them.
"""

import argparse
import collections
import contextlib
import random
import re
import sys
import tempfile
import time

from server import Server

from . import fitting, model, mutations, values, world
from .mutations import as_request
from .wire import PATIENCE_SECONDS, Connection, Hang

KINDS = {"fitting": 35, "modelled": 25, "mutated": 40}

# At least so many of an operation's requests, in percent, must reach its handler.
REACH_MIN = 30

# Errors that are in no operation's model: the framework's, before an operation is asked.
FRAMEWORK = {"SerializationException", "UnknownOperationException", "ValidationException"}
FRAMEWORK_MESSAGE = re.compile(r"\d+ validation errors? detected: ")

# Errors that an operation may have beyond its model, because the guide forbids more than the model does: a tag is of
# letters, digits, spaces and a few marks, and a worker is named like everything else.
BEYOND_MODEL = {
    "CreateActivity": {"ValidationException"},
    "TagResource": {"ValidationException"},
    "GetActivityTask": {"InvalidName"},
}

# The HTTP statuses that errors have in the API's reference; all others have 400.
STATUSES = {"ConflictException": 409, "ServiceQuotaExceededException": 402}

# What is the case of the world is changed by these, if they succeed with requests that are not made for it.
CHANGING = re.compile(r"^(Delete|Update|Stop|Redrive|SendTask|TagResource|UntagResource|Publish)")


class Fuzzer:
    def __init__(self, server, seed, is_open):
        self.server = server
        self.seed = seed
        self.connection = Connection(server.port)
        self.world = world.World(self.connection)
        self.world.is_open = is_open
        self.complaints = []
        self.sent = collections.Counter()
        self.reached = collections.Counter()
        self.errors = collections.defaultdict(collections.Counter)
        self.slowest = 0.0, None

    def run(self, operation, count):
        for index in range(count):
            rng = random.Random(f"{self.seed} {operation} {index}")
            kind, expected, request = self.draw(operation, rng)
            if operation == "GetActivityTask":
                self.world.offer_task()
            at = f"{operation} number {index}, {kind}"
            self.sent[operation] += 1
            try:
                answer = self.connection.send(request)
            except Hang as error:
                if expected != {413}:
                    self.complain(at, request, f"no answer: {error}")
                if not self.server.is_alive():
                    return
                continue
            if answer is None:
                self.rebuild_after(operation)
                continue
            for wrong in judge(operation, expected, answer):
                self.complain(at, request, f"{wrong}: {answer.status} {answer.body[:500]}")
            self.count(operation, answer, at)
            if answer.status == 200:
                self.start(operation, answer.json())
                if kind != "fitting":
                    self.rebuild_after(operation)

    def draw(self, operation, rng):
        """A request, its kind, and what is expected of it."""
        kind = rng.choices(list(KINDS), KINDS.values())[0]
        fits = fitting.request(operation, rng, self.world) if kind != "modelled" else None
        if fits is not None and kind == "fitting":
            return kind, mutations.SAME, as_request(operation, fits)
        request = fits if fits is not None else values.request(operation, rng, self.world)
        if kind != "mutated":
            return "modelled", "modelled", as_request(operation, request)
        name, request, expected = mutations.mutate(operation, request, rng, self.world)
        if expected == mutations.SAME and fits is None:
            expected = "modelled"
        return name, expected, request

    def start(self, operation, made):
        """Starts what was made, however odd it is: that must do the server no harm either."""
        if operation == "CreateStateMachine":
            start = {"stateMachineArn": made["stateMachineArn"], "input": '{"items":[1,[2]],"n":0}'}
            self.world.call("StartExecution", **start)

    def rebuild_after(self, operation):
        if CHANGING.match(operation):
            self.world.build()

    def count(self, operation, answer, at):
        self.slowest = max(self.slowest, (answer.seconds, at))
        name = "200" if answer.status == 200 else error_of(answer)[0] or str(answer.status)
        self.errors[operation][name] += 1
        self.reached[operation] += has_reached(answer)

    def complain(self, at, request, what):
        shown = request.body[:500]
        self.complaints.append(f"{at}: {what}\n    {request.headers or ''} {shown}")

    def finish(self):
        """Looks whether the server is as well as before."""
        self.connection.close()
        try:
            self.world.build()
            for machine in (self.world.passes, self.world.fails):
                self.world.execution(machine, ends=True)
            self.nothing_is_stuck()
        except Exception as error:
            self.complaints.append(f"afterwards: {type(error).__name__}: {error}")
        for line in self.server.said.splitlines():
            if "panicked" in line or "ERROR" in line:
                self.complaints.append(f"the server says: {line}")
        if not self.server.is_alive():
            self.complaints.append(f"the server has ended: {self.server.process.returncode}")

    def nothing_is_stuck(self):
        """Executions that only pass have ended, also where whoever started them hung up."""
        end = time.monotonic() + PATIENCE_SECONDS
        while stuck := self.running_passes():
            if time.monotonic() > end:
                raise RuntimeError(f"{len(stuck)} do not end: {stuck[:3]}")
            time.sleep(0.1)

    def running_passes(self):
        return [one for machine in self.world.all_passes for one in self.running(machine)]

    def running(self, machine):
        request = {"stateMachineArn": machine, "statusFilter": "RUNNING"}
        answer = self.connection.send(as_request("ListExecutions", request))
        if error_of(answer)[0] == "StateMachineDoesNotExist":
            # One of the requests has deleted it.
            return []
        return [execution["executionArn"] for execution in answer.json()["executions"]]

    def report(self):
        print(f"{'operation':33} {'sent':>5} {'reached':>8}  answers")
        for operation in sorted(self.sent):
            share = 100 * self.reached[operation] / self.sent[operation]
            answers = self.errors[operation].most_common()
            answers = ", ".join(f"{name} {count}" for name, count in answers)
            print(f"{operation:33} {self.sent[operation]:5} {share:7.0f}%  {answers}")
            if share < REACH_MIN:
                self.complaints.append(f"{operation}: {share:.0f}% reach the handler, and {REACH_MIN}% must")
        seconds, at = self.slowest
        print(f"slowest answer: {seconds:.2f} s ({at})")
        for complaint in self.complaints[:50]:
            print(f"WRONG: {complaint}")


def error_of(answer):
    """Name and message of an error; nothing if the answer is none of the API."""
    try:
        body = answer.json()
        return body["__type"], body["message"]
    except (ValueError, KeyError, TypeError):
        return None, None


def has_reached(answer):
    if answer.status == 200:
        return True
    name, message = error_of(answer)
    if name == "ValidationException":
        return not FRAMEWORK_MESSAGE.match(message)
    return name is not None and name not in FRAMEWORK


def judge(operation, expected, answer):
    """What is wrong with an answer."""
    if answer.status >= 500:
        yield "the server is at fault"
        return
    if answer.seconds > PATIENCE_SECONDS:
        yield f"it took {answer.seconds:.1f} s"
    if isinstance(expected, set) and all(isinstance(status, int) for status in expected):
        if answer.status not in expected:
            yield f"the status should be one of {expected}"
        return
    if answer.headers.get("content-type") != "application/x-amz-json-1.0":
        yield "the answer is none of the API"
        return
    if not answer.headers.get("x-amzn-requestid"):
        yield "the answer has no request id"
    if answer.status == 200:
        if expected not in (mutations.SAME, mutations.ANY, "modelled"):
            yield f"it should fail with one of {expected}"
        yield from model.wrong_in(operation, answer.json())
    else:
        yield from judge_error(operation, expected, answer)


def judge_error(operation, expected, answer):
    name, message = error_of(answer)
    modelled = model.errors_of(operation) | BEYOND_MODEL.get(operation, set())
    if not name or not message:
        yield "the error has no name or no message"
    elif answer.headers.get("x-amzn-errortype") != name:
        yield "the error is another in the header"
    elif answer.status != STATUSES.get(name, 400):
        yield "the error has another status"
    elif expected == mutations.SAME:
        yield "it should succeed"
    elif expected == "modelled" and name not in modelled:
        yield "the model has no such error for the operation"
    elif expected == mutations.ANY and name not in modelled | FRAMEWORK:
        yield "no client knows the error"
    elif isinstance(expected, set) and name not in expected:
        yield f"it should fail with one of {expected}"


def main():
    parser = argparse.ArgumentParser(prog="fuzz")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--requests", type=int, default=100, help="of each operation")
    parser.add_argument("--mode", choices=["strict", "open"], default="strict")
    parser.add_argument("--store", choices=["disk", "memory"], default="disk")
    parser.add_argument("--operation", help="only this one")
    arguments = parser.parse_args()
    operations = [arguments.operation] if arguments.operation else model.operations()
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        folder = tempfile.TemporaryDirectory(prefix="segno-fuzz-")
        data = stack.enter_context(folder) if arguments.store == "disk" else None
        server = stack.enter_context(Server("--mode", arguments.mode, data=data))
        fuzzer = Fuzzer(server, arguments.seed, arguments.mode == "open")
        for operation in operations:
            if server.is_alive():
                fuzzer.run(operation, arguments.requests)
        fuzzer.finish()
        fuzzer.report()
    print(
        f"{sum(fuzzer.sent.values())} requests of {len(operations)} operations"
        f" in {time.monotonic() - begun:.0f} s, {len(fuzzer.complaints)} wrong"
        f" (--seed {arguments.seed} --mode {arguments.mode} --store {arguments.store})"
    )
    return 1 if fuzzer.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
