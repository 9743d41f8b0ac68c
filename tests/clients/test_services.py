"""Executions call AWS services: a moto server stands in for AWS."""

import json
import os
import socket
import subprocess
import sys
import time
import unittest
import urllib.request

from server import PATIENCE_SECONDS, ROLE, Server
from services import ANY, SCENARIOS, SDK
from test_boto3 import client


class Moto:
    """A moto server, started for the tests and ended with them."""

    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            env={**environment, "MOTO_EVENTS_INVOKE_HTTP": "false"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/moto-api/data.json", timeout=5).close()
                return
            except OSError as error:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("moto does not answer") from error
                time.sleep(0.05)

    def close(self):
        self.process.kill()
        self.process.wait()


class Services(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.moto = Moto()
        cls.addClassCleanup(cls.moto.close)
        cls.server = Server("--aws", cls.moto.url)
        cls.addClassCleanup(cls.server.close)
        cls.sfn = client(cls.server.url)

    def results(self, name, tasks):
        """What each task of an execution came to: its result, or its error."""
        states = {}
        for number, (resource, parameters, _) in enumerate(tasks):
            after = {"Next": f"task{number + 1}"} if number + 1 < len(tasks) else {"Next": "end"}
            states[f"task{number}"] = {
                "Type": "Task",
                "Resource": f"arn:aws:states:::{resource}",
                "Parameters": parameters,
                "ResultPath": f"$.task{number}",
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": f"$.task{number}", **after}],
                **after,
            }
        states["end"] = {"Type": "Succeed"}
        definition = json.dumps({"StartAt": "task0", "States": states})
        machine = self.sfn.create_state_machine(name=name, definition=definition, roleArn=ROLE)
        started = self.sfn.start_execution(stateMachineArn=machine["stateMachineArn"])
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            ended = self.sfn.describe_execution(executionArn=started["executionArn"])
            if ended["status"] != "RUNNING":
                break
            time.sleep(0.02)
        self.assertEqual(ended["status"], "SUCCEEDED", ended)
        output = json.loads(ended["output"])
        return [output[f"task{number}"] for number in range(len(tasks))]

    def matches(self, wanted, got, where):
        if wanted is ANY:
            return
        if isinstance(wanted, dict):
            self.assertIsInstance(got, dict, where)
            for key, value in wanted.items():
                self.assertIn(key, got, where)
                self.matches(value, got[key], f"{where}.{key}")
        elif isinstance(wanted, list):
            self.assertIsInstance(got, list, where)
            self.assertGreaterEqual(len(got), len(wanted), where)
            for one, other in zip(wanted, got):
                self.matches(one, other, where)
        else:
            self.assertEqual(wanted, got, where)

    def check(self, name):
        tasks = SCENARIOS[name]
        for (resource, _, wanted), result in zip(tasks, self.results(name, tasks)):
            where = f"{resource}: {json.dumps(result)[:500]}"
            if isinstance(wanted, str):
                self.assertEqual(result.get("Error"), wanted, where)
                self.cause(resource, wanted, result["Cause"])
                continue
            self.assertNotIn("Error", result, where)
            self.matches(wanted, result, where)
            has_metadata = "SdkHttpMetadata" in result
            # The result of a job is what the service says of it in the end.
            is_response = not resource.startswith(SDK) and not resource.endswith(".sync")
            self.assertEqual(has_metadata, is_response, where)

    def cause(self, resource, error, cause):
        """Version 1 and 2 of the SDK for Java word their causes differently."""
        if resource.startswith(SDK):
            self.assertRegex(cause, r"\(Service: \w+, Status Code: \d+, Request ID: .*\) \(SDK Attempt Count: 1\)$")
        elif error != "EventBridge.FailedEntry":
            self.assertRegex(cause, r"\(Service: \w+; Status Code: \d+; Error Code: \w+; Request ID: .*; Proxy: null\)$")

    def test_a_service_without_an_endpoint_is_refused_at_creation(self):
        with Server("--aws", "none") as server:
            definition = json.dumps({"StartAt": "A", "States": {"A": {
                "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:listBuckets", "Parameters": {}, "End": True,
            }}})
            sfn = client(server.url)
            with self.assertRaisesRegex(sfn.exceptions.InvalidDefinition, "--aws account"):
                sfn.create_state_machine(name="m", definition=definition, roleArn=ROLE)

    def test_an_aws_sdk_task_calls_this_very_server(self):
        tasks = [
            (SDK + "sfn:listStateMachines", {}, {"StateMachines": ANY}),
            (SDK + "sfn:describeExecution", {"ExecutionArn.$": "$$.Execution.Id"}, {"Status": "RUNNING"}),
            (SDK + "sfn:sendTaskSuccess", {"TaskToken": "none", "Output": "1"}, "Sfn.InvalidTokenException"),
        ]
        results = self.results("itself", tasks)
        self.assertEqual(results[1]["Status"], "RUNNING")
        self.assertEqual(results[2]["Error"], "Sfn.InvalidTokenException")

    def test_enough_is_called(self):
        calls = {(resource, json.dumps(parameters)) for tasks in SCENARIOS.values() for resource, parameters, _ in tasks}
        self.assertGreaterEqual(len(calls), 60)
        self.assertGreaterEqual(len(SCENARIOS), 20)


def add(name):
    setattr(Services, f"test_{name}", lambda self: self.check(name))


for scenario in SCENARIOS:
    add(scenario)

if __name__ == "__main__":
    unittest.main()
