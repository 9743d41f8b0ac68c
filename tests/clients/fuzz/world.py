"""What requests refer to: resources in every state in which an operation can find them."""

import itertools
import json
import time

from server import ACCOUNT, PATIENCE_SECONDS, REGION, ROLE

from . import definitions

ARN = f"arn:aws:states:{REGION}:{ACCOUNT}"

# Map Runs are not started by this version: operations on them can only find none.
MAP_RUN = f"{ARN}:mapRun:machine/Map:0f3a1d0e-7d4b-4c5e-9a57-6d9d0b0d7c11"


class World:
    def __init__(self, connection):
        self.connection = connection
        self.counter = itertools.count(1)
        # Every machine that there was whose executions end at once.
        self.all_passes = []
        self.is_open = False
        self.build()

    def build(self):
        """Makes everything, under names of its own: what was there before may be changed or gone."""
        self.activity = self.call("CreateActivity", name=self.name())["activityArn"]
        self.passes = self.machine(definitions.passes())
        self.all_passes.append(self.passes)
        self.waits = self.machine(definitions.waits())
        self.fails = self.machine(definitions.fails())
        self.works = self.machine(definitions.works(self.activity))
        self.express = self.machine(definitions.passes(), type="EXPRESS")
        self.version = self.publish(self.passes)
        self.alias = self.name_version(self.version, "live")
        self.ended = self.execution(self.passes, ends=True)
        self.failed = self.execution(self.fails, ends=True)
        self.running = self.execution(self.waits)
        self.pages = self._page_tokens()
        self.token = self.task()

    def call(self, operation, **request):
        return self.connection.call(operation, **request)

    def name(self):
        return f"n-{next(self.counter)}"

    def machine(self, definition=None, **more):
        request = {
            "name": self.name(),
            "definition": json.dumps(definition or definitions.passes()),
            "roleArn": ROLE,
            **more,
        }
        return self.call("CreateStateMachine", **request)["stateMachineArn"]

    def publish(self, machine):
        published = self.call("PublishStateMachineVersion", stateMachineArn=machine)
        return published["stateMachineVersionArn"]

    def name_version(self, version, name):
        routes = [{"stateMachineVersionArn": version, "weight": 100}]
        created = self.call("CreateStateMachineAlias", name=name, routingConfiguration=routes)
        return created["stateMachineAliasArn"]

    def execution(self, machine, ends=False):
        started = self.call("StartExecution", stateMachineArn=machine, input='{"n":1}')
        execution = started["executionArn"]
        if ends:
            self.end_of(execution)
        return execution

    def end_of(self, execution):
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            described = self.call("DescribeExecution", executionArn=execution)
            if described["status"] != "RUNNING":
                return described
            time.sleep(0.001)
        raise RuntimeError(f"{execution} does not end")

    def offer_task(self):
        """Sees to it that whoever polls the activity finds a task."""
        self.execution(self.works)

    def task(self):
        """The token of a task that a worker has taken."""
        self.offer_task()
        return self.call("GetActivityTask", activityArn=self.activity)["taskToken"]

    def _page_tokens(self):
        lists = [
            ("ListStateMachines", {}),
            ("GetExecutionHistory", {"executionArn": self.ended}),
            ("ListExecutions", {"stateMachineArn": self.two_executions()}),
        ]
        return [self.call(name, maxResults=1, **more)["nextToken"] for name, more in lists]

    def two_executions(self):
        for _ in range(2):
            self.execution(self.passes, ends=True)
        return self.passes

    def arns_for(self, member):
        """ARNs of the kind that a member is for: of what is there, and of what is not."""
        kinds = {
            "stateMachineArn": [self.passes, self.waits, self.express, self.version, self.alias],
            "stateMachineAliasArn": [self.alias, f"{self.passes}:absent"],
            "stateMachineVersionArn": [self.version, f"{self.passes}:999"],
            "executionArn": [self.ended, self.failed, self.running, f"{self.ended}-absent"],
            "activityArn": [self.activity, f"{self.activity}-absent"],
            "resourceArn": [self.passes, self.activity, f"{self.activity}-absent"],
            "mapRunArn": [MAP_RUN],
            "roleArn": [ROLE],
            "logGroupArn": [f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:any:*"],
        }
        return kinds[member]

    def arns(self):
        """ARNs of every kind: of what is there, and of what is not."""
        there = [self.passes, self.waits, self.fails, self.express, self.version, self.alias]
        there += [self.activity, self.ended, self.failed, self.running]
        absent = [
            f"{ARN}:stateMachine:absent",
            f"{ARN}:stateMachine:absent/Label",
            f"{self.passes}/Label",
            f"{self.passes}:999",
            f"{self.passes}:absent",
            f"{self.ended}-absent",
            f"{ARN}:express:absent:absent:7c0c4cde-6b73-4a8e-a4a4-0ac2a9a3d1a5",
            f"{ARN}:activity:absent",
            MAP_RUN,
            ROLE,
            "arn:aws:states:us-east-1:210987654321:stateMachine:elsewhere",
            "arn:aws:logs:eu-central-1:123456789012:log-group:absent:*",
        ]
        return there + absent
