"""Executions call AWS services: a moto server stands in for AWS."""

import json
import os
import socket
import subprocess
import sys
import time
import unittest
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

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


class Shop(HTTPServer):
    """An HTTPS API, without the S: it keeps the headers of what it is asked."""

    def __init__(self):
        self.asked = []
        super().__init__(("127.0.0.1", 0), ShopRequest)
        self.url = f"http://127.0.0.1:{self.server_port}"
        Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


class ShopRequest(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.headers)
        body = b'{"pets": 2}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


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
        output = self.output_of(self.sfn, machine["stateMachineArn"])
        return [output[f"task{number}"] for number in range(len(tasks))]

    def output_of(self, sfn, machine):
        """The output of an execution."""
        started = sfn.start_execution(stateMachineArn=machine)
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            ended = sfn.describe_execution(executionArn=started["executionArn"])
            if ended["status"] != "RUNNING":
                break
            time.sleep(0.02)
        self.assertEqual(ended["status"], "SUCCEEDED", ended)
        return json.loads(ended["output"])

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

    def test_an_http_task_finds_its_connection_and_the_secret_of_it_in_the_account(self):
        shop = Shop()
        self.addCleanup(shop.close)
        connection = {
            "Name": "shop",
            "AuthorizationType": "API_KEY",
            "AuthParameters": {
                "ApiKeyAuthParameters": {"ApiKeyName": "x-key", "ApiKeyValue": "hidden"},
                "InvocationHttpParameters": {
                    "HeaderParameters": [{"Key": "x-shop", "Value": "9", "IsValueSecret": True}],
                },
            },
        }
        call = {"ApiEndpoint": shop.url + "/pets", "Method": "GET"}
        tasks = [
            (SDK + "eventbridge:createConnection", connection, {}),
            ("http:invoke", {**call, "InvocationConfig": {"ConnectionArn.$": "$.task0.ConnectionArn"}}, {}),
            ("http:invoke", {**call, "InvocationConfig": {"ConnectionArn": "arn:aws:events:eu-central-1:123456789012:connection/none/1"}}, {}),
        ]
        _, got, unknown = self.results("shop", tasks)
        self.assertEqual(got["ResponseBody"], {"pets": 2})
        self.assertEqual(unknown["Error"], "Events.ConnectionResource.ResourceNotFound", unknown)
        [headers] = shop.asked
        self.assertEqual((headers["x-key"], headers["x-shop"]), ("hidden", "9"))

    def test_a_task_has_the_rights_of_the_role_that_its_state_names(self):
        with Server("--aws", self.moto.url, "--assume-roles") as server:
            sfn = client(server.url)
            role = "arn:aws:iam::210987654321:role/theirs"
            state = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sts:getCallerIdentity", "Parameters": {}}
            definition = json.dumps({"StartAt": "Own", "States": {
                "Own": {**state, "ResultPath": "$.own", "Next": "Theirs"},
                "Theirs": {**state, "ResultPath": "$.theirs", "Credentials": {"RoleArn": role}, "End": True},
            }})
            machine = sfn.create_state_machine(name="roles", definition=definition, roleArn=ROLE)["stateMachineArn"]
            output = self.output_of(sfn, machine)
            own = ROLE.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
            self.assertEqual(output["own"]["Arn"], f"{own}/segno-roles")
            self.assertEqual(output["theirs"]["Arn"], "arn:aws:sts::210987654321:assumed-role/theirs/segno-roles")

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
