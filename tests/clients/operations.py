"""What people do with Step Functions, one test for each: whichever client they use.

A client is a class that has `call`; the tests are run with each (`test_boto3.py`, `test_aws_cli.py`).
"""

import json
import time

from server import ACCOUNT, PATIENCE_SECONDS, REGION, ROLE, Server

ARN = f"arn:aws:states:{REGION}:{ACCOUNT}"


class Refused(Exception):
    """An error of the API, by the name and with the message that the client shows."""

    def __init__(self, name, message):
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


def machine(**states):
    """The definition of states that follow one another, the last of which ends."""
    names = list(states)
    for name, following in zip(names, names[1:]):
        states[name].setdefault("Next", following)
    if states[names[-1]]["Type"] not in ("Succeed", "Fail"):
        states[names[-1]]["End"] = True
    return json.dumps({"StartAt": names[0], "States": states})


def passes():
    return machine(Pass={"Type": "Pass"})


def waits():
    return machine(Wait={"Type": "Wait", "Seconds": 600})


def fails():
    return machine(Fail={"Type": "Fail", "Error": "Broken", "Cause": "as planned"})


class Operations:
    """The tests. Each has a server of its own; all operations that were called are in `called`."""

    def setUp(self):
        self.server = Server(data=self.folder())
        self.addCleanup(self.server.close)
        self.connect(self.server.url)

    def folder(self):
        """Where the server keeps what it has; None: in memory."""
        return None

    def create(self, name="machine", definition=None, **more):
        definition = definition or passes()
        created = self.call("CreateStateMachine", name=name, definition=definition, roleArn=ROLE, **more)
        return created["stateMachineArn"]

    def start(self, machine, **more):
        return self.call("StartExecution", stateMachineArn=machine, **more)["executionArn"]

    def end_of(self, execution):
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            described = self.call("DescribeExecution", executionArn=execution)
            if described["status"] != "RUNNING":
                return described
            time.sleep(0.01)
        self.fail(f"it does not end: {described}")

    def run_to_end(self, machine, **more):
        return self.end_of(self.start(machine, **more))

    def refuses(self, error, operation, **request):
        with self.assertRaises(Refused) as refused:
            self.call(operation, **request)
        self.assertEqual(refused.exception.name, error)
        return refused.exception.message

    def test_a_state_machine_is_created_updated_and_deleted(self):
        tracing = {"enabled": False}
        arn = self.create("orders", tracingConfiguration=tracing, type="STANDARD")
        self.assertEqual(arn, f"{ARN}:stateMachine:orders")
        self.assertEqual(self.create("orders"), arn, "the same again is the same")
        described = self.call("DescribeStateMachine", stateMachineArn=arn)
        self.assertEqual(described["definition"], passes())
        self.assertEqual((described["status"], described["type"]), ("ACTIVE", "STANDARD"))
        self.assertEqual(described["tracingConfiguration"], tracing)
        self.assertEqual(described["loggingConfiguration"]["level"], "OFF")

        updated = self.call("UpdateStateMachine", stateMachineArn=arn, definition=waits())
        described = self.call("DescribeStateMachine", stateMachineArn=arn)
        self.assertEqual(described["definition"], waits())
        self.assertEqual(described["roleArn"], ROLE, "what is not updated stays")
        self.assertEqual(described["revisionId"], updated["revisionId"])
        listed = self.call("ListStateMachines")["stateMachines"]
        self.assertEqual([one["name"] for one in listed], ["orders"])

        self.call("DeleteStateMachine", stateMachineArn=arn)
        self.assertEqual(self.call("ListStateMachines")["stateMachines"], [])
        message = self.refuses("StateMachineDoesNotExist", "DescribeStateMachine", stateMachineArn=arn)
        self.assertIn(arn, message)

    def test_a_definition_that_is_none_is_refused(self):
        message = self.refuses(
            "InvalidDefinition",
            "CreateStateMachine",
            name="machine",
            roleArn=ROLE,
            definition='{"StartAt":"Nowhere","States":{"Pass":{"Type":"Pass","End":true}}}',
        )
        self.assertIn("Nowhere", message)
        self.assertEqual(self.call("ListStateMachines")["stateMachines"], [])

    def test_a_definition_is_validated(self):
        valid = self.call("ValidateStateMachineDefinition", definition=passes())
        self.assertEqual((valid["result"], valid["diagnostics"]), ("OK", []))
        states = {"Pass": {"Type": "Pass", "Next": "Nowhere"}}
        definition = json.dumps({"StartAt": "Pass", "States": states})
        found = self.call(
            "ValidateStateMachineDefinition", definition=definition, type="EXPRESS", maxResults=1
        )
        self.assertEqual((found["result"], len(found["diagnostics"])), ("FAIL", 1))
        self.assertIn("/States/Pass", found["diagnostics"][0]["location"])

    def test_a_release_is_shifted_from_version_to_version(self):
        arn = self.create("orders", publish=True, versionDescription="first")
        published = self.call("UpdateStateMachine", stateMachineArn=arn, definition=fails(), publish=True)
        first, second = f"{arn}:1", published["stateMachineVersionArn"]
        self.assertEqual(second, f"{arn}:2")
        self.assertEqual(
            self.call("PublishStateMachineVersion", stateMachineArn=arn)["stateMachineVersionArn"],
            second,
            "what is published already is not published again",
        )
        listed = self.call("ListStateMachineVersions", stateMachineArn=arn)["stateMachineVersions"]
        self.assertEqual([one["stateMachineVersionArn"] for one in listed], [second, first])

        def route(version):
            return [{"stateMachineVersionArn": version, "weight": 100}]

        alias = self.call("CreateStateMachineAlias", name="live", routingConfiguration=route(first))[
            "stateMachineAliasArn"
        ]
        before = self.run_to_end(alias, name="before")
        self.assertEqual(before["status"], "SUCCEEDED")
        self.assertEqual(before["stateMachineVersionArn"], first)
        self.assertEqual(before["stateMachineAliasArn"], alias)

        self.call(
            "UpdateStateMachineAlias",
            stateMachineAliasArn=alias,
            description="shifted",
            routingConfiguration=route(second),
        )
        described = self.call("DescribeStateMachineAlias", stateMachineAliasArn=alias)
        self.assertEqual(described["routingConfiguration"], route(second))
        self.assertEqual(described["description"], "shifted")
        after = self.run_to_end(alias, name="after")
        self.assertEqual((after["status"], after["error"]), ("FAILED", "Broken"))
        listed = self.call("ListStateMachineAliases", stateMachineArn=arn)["stateMachineAliases"]
        self.assertEqual([one["stateMachineAliasArn"] for one in listed], [alias])

        message = self.refuses(
            "ConflictException", "DeleteStateMachineVersion", stateMachineVersionArn=second
        )
        self.assertIn("[live]", message)
        self.call("DeleteStateMachineAlias", stateMachineAliasArn=alias)
        self.call("DeleteStateMachineVersion", stateMachineVersionArn=second)
        listed = self.call("ListStateMachineVersions", stateMachineArn=arn)["stateMachineVersions"]
        self.assertEqual([one["stateMachineVersionArn"] for one in listed], [first])

    def test_an_execution_is_started_and_read_back(self):
        arn = self.create()
        ended = self.run_to_end(arn, name="one", input='{"order": 7}')
        self.assertEqual((ended["status"], ended["output"]), ("SUCCEEDED", '{"order": 7}'))
        execution = ended["executionArn"]
        self.assertEqual(execution, f"{ARN}:execution:machine:one")

        events = self.call("GetExecutionHistory", executionArn=execution)["events"]
        self.assertEqual(
            [event["type"] for event in events],
            ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"],
        )
        self.assertEqual(events[1]["stateEnteredEventDetails"]["name"], "Pass")
        self.assertEqual(events[3]["executionSucceededEventDetails"]["output"], '{"order": 7}')
        newest = self.call("GetExecutionHistory", executionArn=execution, reverseOrder=True, maxResults=1)[
            "events"
        ]
        self.assertEqual(newest[0]["type"], "ExecutionSucceeded")

        self.call("UpdateStateMachine", stateMachineArn=arn, definition=waits())
        kept = self.call("DescribeStateMachineForExecution", executionArn=execution)
        self.assertEqual(kept["definition"], passes(), "it keeps what it was started with")
        message = self.refuses(
            "ExecutionAlreadyExists", "StartExecution", stateMachineArn=arn, name="one", input="[]"
        )
        self.assertIn(execution, message)

    def test_lists_are_read_in_pages(self):
        arn = self.create()
        for number in range(5):
            self.run_to_end(arn, name=f"run-{number}")
        names, token = [], {}
        while True:
            page = self.call("ListExecutions", stateMachineArn=arn, maxResults=2, **token)
            self.assertLessEqual(len(page["executions"]), 2)
            names += [one["name"] for one in page["executions"]]
            if "nextToken" not in page:
                break
            token = {"nextToken": page["nextToken"]}
        self.assertEqual(names, [f"run-{number}" for number in reversed(range(5))])
        message = self.refuses("InvalidToken", "ListExecutions", stateMachineArn=arn, nextToken="another")
        self.assertIn("Invalid token", message)

    def test_an_execution_is_stopped(self):
        arn = self.create(definition=waits())
        execution = self.start(arn, name="one")
        running = self.call("ListExecutions", stateMachineArn=arn, statusFilter="RUNNING")
        self.assertEqual([one["name"] for one in running["executions"]], ["one"])
        stopped = self.call("StopExecution", executionArn=execution, error="E", cause="enough")
        ended = self.call("DescribeExecution", executionArn=execution)
        self.assertEqual(ended["status"], "ABORTED")
        self.assertEqual((ended["error"], ended["cause"]), ("E", "enough"))
        self.assertEqual(ended["stopDate"], stopped["stopDate"])
        running = self.call("ListExecutions", stateMachineArn=arn, statusFilter="RUNNING")
        self.assertEqual(running["executions"], [])

    def test_an_execution_that_failed_is_redriven(self):
        ended = self.run_to_end(self.create(definition=fails()))
        self.assertEqual((ended["status"], ended["cause"]), ("FAILED", "as planned"))
        self.assertEqual(ended["redriveStatus"], "REDRIVABLE")
        redrive = {"executionArn": ended["executionArn"], "clientToken": "b7f5"}
        redriven = self.call("RedriveExecution", **redrive)
        again = self.end_of(ended["executionArn"])
        self.assertEqual((again["status"], again["redriveCount"]), ("FAILED", 1))
        self.assertEqual(self.call("RedriveExecution", **redrive), redriven, "the same token")
        again = self.end_of(ended["executionArn"])
        self.assertEqual(again["redriveCount"], 1, "is the same redrive")
        events = self.call("GetExecutionHistory", executionArn=ended["executionArn"])["events"]
        self.assertIn("ExecutionRedriven", [event["type"] for event in events])
        succeeded = self.run_to_end(self.create("passes"))["executionArn"]
        self.refuses("ExecutionNotRedrivable", "RedriveExecution", executionArn=succeeded)

    def test_a_worker_does_the_tasks_of_an_activity(self):
        activity = self.call("CreateActivity", name="approve")["activityArn"]
        self.assertEqual(activity, f"{ARN}:activity:approve")
        described = self.call("DescribeActivity", activityArn=activity)
        self.assertEqual(described["name"], "approve")
        listed = self.call("ListActivities")["activities"]
        self.assertEqual([one["activityArn"] for one in listed], [activity])
        task = {"Type": "Task", "Resource": activity, "HeartbeatSeconds": 600}
        arn = self.create(definition=machine(Approve=task))

        approved = self.start(arn, name="approved", input='{"order":7}')
        task = self.call("GetActivityTask", activityArn=activity, workerName="worker")
        self.assertEqual(json.loads(task["input"]), {"order": 7})
        self.call("SendTaskHeartbeat", taskToken=task["taskToken"])
        self.call("SendTaskSuccess", taskToken=task["taskToken"], output='{"approved":true}')
        self.assertEqual(self.end_of(approved)["output"], '{"approved":true}')
        self.refuses("TaskTimedOut", "SendTaskSuccess", taskToken=task["taskToken"], output="null")

        refused = self.start(arn, name="refused")
        task = self.call("GetActivityTask", activityArn=activity)
        self.call("SendTaskFailure", taskToken=task["taskToken"], error="No", cause="too dear")
        ended = self.end_of(refused)
        self.assertEqual((ended["status"], ended["error"]), ("FAILED", "No"))
        self.assertEqual(ended["cause"], "too dear")
        self.refuses("InvalidToken", "SendTaskHeartbeat", taskToken="none")

        self.call("DeleteActivity", activityArn=activity)
        self.refuses("ActivityDoesNotExist", "DescribeActivity", activityArn=activity)

    def test_tags_are_put_on_and_taken_off(self):
        arn = self.create(tags=[{"key": "team", "value": "a"}])
        tags = [{"key": "team", "value": "b"}, {"key": "stage", "value": "dev"}]
        self.call("TagResource", resourceArn=arn, tags=tags)
        listed = self.call("ListTagsForResource", resourceArn=arn)["tags"]
        self.assertCountEqual(listed, tags)
        self.call("UntagResource", resourceArn=arn, tagKeys=["team"])
        listed = self.call("ListTagsForResource", resourceArn=arn)["tags"]
        self.assertEqual(listed, tags[1:])

    def test_an_express_execution_answers_the_call(self):
        arn = self.create("double", type="EXPRESS")
        ended = self.call("StartSyncExecution", stateMachineArn=arn, name="one", input="[4]")
        self.assertEqual((ended["status"], ended["output"]), ("SUCCEEDED", "[4]"))
        self.assertTrue(ended["executionArn"].startswith(f"{ARN}:express:double:one:"))
        self.assertGreater(ended["billingDetails"]["billedDurationInMilliseconds"], 0)
        arn = self.create("broken", fails(), type="EXPRESS")
        ended = self.call("StartSyncExecution", stateMachineArn=arn)
        self.assertEqual((ended["status"], ended["error"]), ("FAILED", "Broken"))
        self.assertNotIn("output", ended)
        arn = self.create("standard")
        self.refuses("StateMachineTypeNotSupported", "StartSyncExecution", stateMachineArn=arn)

    def test_a_state_is_tested_by_itself(self):
        state = {"Type": "Pass", "Parameters": {"doubled.$": "$.n"}, "Next": "After"}
        tested = self.call(
            "TestState", definition=json.dumps(state), input='{"n":4}', inspectionLevel="DEBUG"
        )
        self.assertEqual((tested["status"], tested["nextState"]), ("SUCCEEDED", "After"))
        self.assertEqual(json.loads(tested["output"]), {"doubled": 4})
        self.assertEqual(json.loads(tested["inspectionData"]["afterParameters"]), {"doubled": 4})

    def test_a_map_run_that_is_not_there_is_not_found(self):
        execution = self.run_to_end(self.create())["executionArn"]
        self.assertEqual(self.call("ListMapRuns", executionArn=execution)["mapRuns"], [])
        run = f"{ARN}:mapRun:machine/Map:0f3a1d0e-7d4b-4c5e-9a57-6d9d0b0d7c11"
        self.refuses("ResourceNotFound", "DescribeMapRun", mapRunArn=run)
        self.refuses("ResourceNotFound", "UpdateMapRun", mapRunArn=run, maxConcurrency=2)
