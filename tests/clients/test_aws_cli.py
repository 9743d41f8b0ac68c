"""The AWS CLI as people use it, against `segno dev`.

Its own code, from the words of a command line to what it prints, is run within the tests' process: starting
a process for each of a few hundred calls would take minutes. What only a process shows is tested with one.
"""

import contextlib
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest
from unittest import mock

from awscli.botocore import xform_name
from awscli.clidriver import create_clidriver

from operations import Operations, Refused, passes
from server import REGION, ROLE, Server

# Every operation that was answered, over all tests.
called = set()

# Options that are not named like their members: the CLI has one of that name for itself.
RENAMED = {("SendTaskSuccess", "output"): "task-output"}

# How the CLI tells of an error of the API.
ERROR = re.compile(r"An error occurred \((\w+)\) when calling the (\w+) operation[^:]*: (.*)", re.DOTALL)


def environment(url):
    """What people set; nothing of theirs."""
    # Where the CLI's own data are, it tells itself.
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") or name == "AWS_DATA_PATH"
    }
    return {
        **own,
        "AWS_ENDPOINT_URL_SFN": url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_MAX_ATTEMPTS": "1",
        # Nothing resolves the prefix that the CLI puts before the host for two operations.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
    }


def command_line(operation, request):
    """The words of a request: what is no text is JSON, as the CLI takes it."""
    words = ["stepfunctions", xform_name(operation, "-")]
    for name, value in request.items():
        option = RENAMED.get((operation, name), xform_name(name, "-"))
        if isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        elif isinstance(value, str):
            words += [f"--{option}", value]
        else:
            words += [f"--{option}", json.dumps(value)]
    # The CLI reads all pages by itself, but where it is told not to.
    if "maxResults" in request or "nextToken" in request:
        words.append("--no-paginate")
    return words


class AwsCli(Operations, unittest.TestCase):
    def connect(self, url):
        environ = mock.patch.dict(os.environ, environment(url), clear=True)
        environ.start()
        self.addCleanup(environ.stop)
        self.driver = create_clidriver()

    def call(self, operation, **request):
        out, err = io.StringIO(), io.StringIO()
        words = command_line(operation, request)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = self.driver.main(words)
        if found := ERROR.search(err.getvalue()):
            self.assertEqual((status, found[2]), (255, operation))
            called.add(operation)
            raise Refused(found[1], found[3].strip())
        self.assertEqual((status, err.getvalue()), (0, ""), words)
        called.add(operation)
        return json.loads(out.getvalue() or "{}")


class Process(unittest.TestCase):
    """The command itself."""

    def run_aws(self, server, *words):
        aws = pathlib.Path(sys.executable).parent / "aws"
        return subprocess.run(
            [sys.executable, aws, "stepfunctions", *words],
            env=environment(server.url),
            capture_output=True,
            text=True,
            timeout=60,
        )

    def test_a_pipeline_reads_what_it_prints(self):
        with Server() as server:
            create = ["--name", "m", "--definition", passes(), "--role-arn", ROLE]
            query = ["--query", "stateMachineArn", "--output", "text"]
            created = self.run_aws(server, "create-state-machine", *create, *query)
            self.assertEqual(created.returncode, 0, created.stderr)
            arn = created.stdout.strip()
            self.assertTrue(arn.endswith(":stateMachine:m"), arn)
            started = self.run_aws(server, "start-execution", "--state-machine-arn", arn)
            self.assertEqual(started.returncode, 0, started.stderr)
            self.assertIn(":execution:m:", json.loads(started.stdout)["executionArn"])

    def test_an_error_is_its_exit_status(self):
        with Server() as server:
            arn = "arn:aws:states:eu-central-1:123456789012:execution:m:none"
            described = self.run_aws(server, "describe-execution", "--execution-arn", arn)
            self.assertEqual(described.returncode, 255, described.stderr)
            self.assertIn("(ExecutionDoesNotExist)", described.stderr)
            self.assertEqual(described.stdout, "")

    def test_it_reads_every_page(self):
        with Server() as server:
            for name in "abc":
                create = ["--name", name, "--definition", passes(), "--role-arn", ROLE]
                self.run_aws(server, "create-state-machine", *create)
            listed = self.run_aws(server, "list-state-machines", "--page-size", "1")
            names = [one["name"] for one in json.loads(listed.stdout)["stateMachines"]]
            self.assertEqual(names, ["a", "b", "c"])


class Every(unittest.TestCase):
    def test_operation_was_called(self):
        session = create_clidriver().session
        operations = session.get_service_model("stepfunctions").operation_names
        self.assertEqual(len(operations), 37)
        self.assertEqual(called, set(operations))


def load_tests(loader, *_):
    """The one about all the others comes last."""
    tests = [AwsCli, Process, Every]
    return unittest.TestSuite(map(loader.loadTestsFromTestCase, tests))


if __name__ == "__main__":
    unittest.main()
