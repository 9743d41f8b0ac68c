"""Terraform and its AWS provider, against `segno dev`.

Nothing is downloaded: the test needs the program, and the provider in a mirror or a cache of plugins on this
machine. It is skipped, and says so, where one of them is missing.
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from operations import machine, passes
from server import REPOSITORY, Server
from terraform import plugins
from test_boto3 import client

CONFIGURATION = REPOSITORY / "tests" / "terraform"

# The exit status of `terraform plan -detailed-exitcode` if there is nothing to do.
NOTHING_TO_DO = 0


class Terraform(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("terraform"):
            raise unittest.SkipTest("terraform is not installed")
        if not (folder := plugins()):
            raise unittest.SkipTest("terraform's AWS provider is not on this machine")
        work = tempfile.TemporaryDirectory(prefix="segno-terraform-")
        cls.addClassCleanup(work.cleanup)
        cls.work = pathlib.Path(work.name)
        shutil.copytree(CONFIGURATION, cls.work, dirs_exist_ok=True)
        cls.run_terraform("init", "-input=false", f"-plugin-dir={folder}")

    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)
        self.sfn = client(self.server.url)
        state = self.work / "terraform.tfstate"
        self.addCleanup(lambda: state.unlink(missing_ok=True))

    @classmethod
    def run_terraform(cls, *words, variables=(), expected=0):
        own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
        ran = subprocess.run(
            ["terraform", f"-chdir={cls.work}", *words, "-no-color"],
            env={**own, **{f"TF_VAR_{name}": str(value) for name, value in variables}},
            capture_output=True,
            text=True,
            timeout=300,
        )
        if ran.returncode != expected:
            raise AssertionError(f"terraform {words[0]}: {ran.returncode}\n{ran.stdout}{ran.stderr}")
        return ran.stdout

    def terraform(self, command, *words, expected=0, **variables):
        variables = {"endpoint": self.server.url, **variables}
        words = ["-input=false", *words]
        return self.run_terraform(command, *words, variables=variables.items(), expected=expected)

    def apply(self, definition, **variables):
        """Applies, and sees to it that there is nothing left to do."""
        file = self.work / "definition.asl.json"
        file.write_text(definition)
        variables["definition_file_path"] = file
        self.terraform("apply", "-auto-approve", **variables)
        self.terraform("plan", "-detailed-exitcode", expected=NOTHING_TO_DO, **variables)
        outputs = json.loads(self.run_terraform("output", "-json"))
        return {name: output["value"] for name, output in outputs.items()}

    def destroy(self):
        file = self.work / "definition.asl.json"
        self.terraform("destroy", "-auto-approve", definition_file_path=file)
        self.assertEqual(self.sfn.list_state_machines()["stateMachines"], [])
        self.assertEqual(self.sfn.list_activities()["activities"], [])

    def tags(self, arn):
        tags = self.sfn.list_tags_for_resource(resourceArn=arn)["tags"]
        return {tag["key"]: tag["value"] for tag in tags}

    def route(self, arn):
        described = self.sfn.describe_state_machine_alias(stateMachineAliasArn=f"{arn}:live")
        return described["routingConfiguration"]

    def test_a_state_machine_is_applied_updated_and_destroyed(self):
        made = self.apply(passes())
        arn = made["arn"]
        self.assertEqual(made["found_arn"], arn)
        self.assertEqual(made["version_arn"], f"{arn}:1")
        described = self.sfn.describe_state_machine(stateMachineArn=arn)
        self.assertEqual((described["definition"], described["type"]), (passes(), "STANDARD"))
        self.assertEqual(self.tags(arn), {"stage": "test", "team": "a"})
        self.assertEqual(self.route(arn), [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}])

        other = machine(First={"Type": "Pass"}, Second={"Type": "Pass"})
        made = self.apply(other, team="b")
        self.assertEqual((made["arn"], made["version_arn"]), (arn, f"{arn}:2"))
        described = self.sfn.describe_state_machine(stateMachineArn=arn)
        self.assertEqual(described["definition"], other)
        self.assertEqual(self.tags(arn), {"stage": "test", "team": "b"})
        self.assertEqual(self.route(arn), [{"stateMachineVersionArn": f"{arn}:2", "weight": 100}])
        self.destroy()

    def test_a_change_of_type_replaces_the_state_machine(self):
        arn = self.apply(passes(), has_alias="false")["arn"]
        group = "arn:aws:logs:eu-central-1:123456789012:log-group:orders"
        self.apply(passes(), has_alias="false", stepfunc_type="EXPRESS", log_group_arn=group)
        described = self.sfn.describe_state_machine(stateMachineArn=arn)
        self.assertEqual(described["type"], "EXPRESS")
        destination = {"cloudWatchLogsLogGroup": {"logGroupArn": f"{group}:*"}}
        self.assertEqual(described["loggingConfiguration"]["destinations"], [destination])
        self.destroy()

    def test_what_is_invalid_fails_before_anything_is_made(self):
        file = self.work / "definition.asl.json"
        file.write_text('{"StartAt":"Nowhere","States":{"Pass":{"Type":"Pass","End":true}}}')
        with self.assertRaises(AssertionError) as failed:
            self.terraform("plan", definition_file_path=file)
        self.assertIn("Missing 'Next' target: Nowhere", str(failed.exception))


if __name__ == "__main__":
    unittest.main()
