"""boto3 as people use it, against `segno dev`."""

import tempfile
import unittest

import boto3
import botocore.config
import botocore.exceptions
from botocore import xform_name

from operations import Operations, Refused, passes
from server import REGION, ROLE, Server

CREDENTIALS = {
    "region_name": REGION,
    "aws_access_key_id": "AKIDEXAMPLE",
    "aws_secret_access_key": "secret",
}

# Every operation that was answered, over all tests.
called = set()


def client(url, **config):
    config = botocore.config.Config(retries={"total_max_attempts": 1}, **config)
    return boto3.client("stepfunctions", endpoint_url=url, config=config, **CREDENTIALS)


class Boto3(Operations, unittest.TestCase):
    def connect(self, url):
        # Nothing resolves the prefix that botocore puts before the host for two operations.
        self.client = client(url, inject_host_prefix=False)

    def call(self, operation, **request):
        try:
            answer = getattr(self.client, xform_name(operation))(**request)
        except botocore.exceptions.ClientError as error:
            self.assertIsInstance(
                error,
                getattr(self.client.exceptions, error.response["Error"]["Code"], ()),
                "boto3 has a class for it",
            )
            called.add(operation)
            raise Refused(**names(error)) from error
        called.add(operation)
        self.assertTrue(answer.pop("ResponseMetadata")["RequestId"])
        return answer


class OnDisk(Boto3):
    """The same, of a server that keeps what it has in a folder."""

    def folder(self):
        folder = tempfile.TemporaryDirectory(prefix="segno-boto3-")
        self.addCleanup(folder.cleanup)
        return folder.name


def names(error):
    error = error.response["Error"]
    return {"name": error["Code"], "message": error["Message"]}


class Paginators(unittest.TestCase):
    """What boto3 does for its users beyond the calls."""

    def test_a_paginator_reads_every_page(self):
        with Server() as server:
            sfn = client(server.url)
            for number in range(7):
                sfn.create_state_machine(name=f"m{number}", definition=passes(), roleArn=ROLE)
            pages = sfn.get_paginator("list_state_machines").paginate(PaginationConfig={"PageSize": 3})
            pages = [[one["name"] for one in page["stateMachines"]] for page in pages]
            self.assertEqual([len(page) for page in pages], [3, 3, 1])
            self.assertEqual(sorted(sum(pages, [])), [f"m{number}" for number in range(7)])

    def test_the_prefixed_host_is_let_in(self):
        """Where names like `sync-localhost` do not resolve, a proxy may say who they are."""
        with Server() as server:
            sfn = client(server.url, proxies={"http": server.url})
            arn = sfn.create_state_machine(name="m", definition=passes(), roleArn=ROLE, type="EXPRESS")[
                "stateMachineArn"
            ]
            sent = []
            sfn.meta.events.register("before-send.sfn", lambda request, **_: sent.append(request.url))
            ended = sfn.start_sync_execution(stateMachineArn=arn)
            self.assertEqual(ended["status"], "SUCCEEDED")
            self.assertEqual(sent, [f"http://sync-127.0.0.1:{server.port}/"])


class Every(unittest.TestCase):
    def test_operation_was_called(self):
        operations = client("http://127.0.0.1:1").meta.service_model.operation_names
        self.assertEqual(len(operations), 37)
        self.assertEqual(called, set(operations))


def load_tests(loader, *_):
    """The one about all the others comes last."""
    tests = [Boto3, OnDisk, Paginators, Every]
    return unittest.TestSuite(map(loader.loadTestsFromTestCase, tests))


if __name__ == "__main__":
    unittest.main()
