"""What a deployed stack does, through API Gateway."""

import datetime
import json
import os
import pathlib
import random
import re
import signal
import string
import tempfile
import time
import unittest
import unittest.mock
import urllib.error
import urllib.parse
import urllib.request

from stack import ACCOUNT, REPOSITORY, ROLE, Account, Stack

CHECK = """
class OutOfStock(Exception):
    pass

def handler(event):
    if event["quantity"] > 3:
        raise OutOfStock(f"{event['quantity']} wanted, 3 left")
    return {"reserved": event["quantity"]}
"""

PAY = """
def handler(event):
    return {"paid": event["reserved"] * 10}
"""

SLOW = """
def handler(event):
    time.sleep(event["seconds"])
    return event
"""


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Shows where a browser is sent, and stays."""

    def redirect_request(self, *_):
        return None


def one(state):
    return {"StartAt": "S", "States": {"S": {**state, "End": True}}}


class Deployed(unittest.TestCase):
    environment = {}

    @classmethod
    def setUpClass(cls):
        cls.account = Account(**cls.environment)
        cls.addClassCleanup(cls.account.close)
        cls.stack = Stack(cls.account, EventBus="default")
        cls.stack.trust(["lambda:InvokeFunction", "sqs:SendMessage"])
        # The schedule comes by each minute: what waits for it begins before all else.
        cls.waits = Stack(cls.account, "waits", LongestDelaySeconds=2, Keys="on", Console="on")
        machine = cls.waits.create("long", one({"Type": "Wait", "Seconds": 5}))
        cls.waiting = cls.waits.sfn.start_execution(stateMachineArn=machine)["executionArn"]
        cls.check = cls.account.function("check", CHECK)
        cls.pay = cls.account.function("pay", PAY)
        cls.slow = cls.account.function("slow", SLOW)

    def succeeds(self, ended, output):
        self.assertEqual(ended["status"], "SUCCEEDED", ended)
        self.assertEqual(json.loads(ended["output"]), output)

    def test_hello_world(self):
        machine = self.stack.create("hello", one({"Type": "Pass", "Result": {"hello": "world"}}))
        ended = self.stack.run(machine)
        self.succeeds(ended, {"hello": "world"})
        history = self.stack.sfn.get_execution_history(executionArn=ended["executionArn"])["events"]
        self.assertEqual(
            [event["type"] for event in history],
            ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"],
        )
        listed = self.stack.sfn.list_executions(stateMachineArn=machine, statusFilter="SUCCEEDED")["executions"]
        self.assertEqual([execution["executionArn"] for execution in listed], [ended["executionArn"]])

    def test_an_order_is_processed_by_functions(self):
        invoke = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}
        payload = {"Payload.$": "$"}
        machine = self.stack.create("order", {"StartAt": "Check", "States": {
            "Check": {
                **invoke, "Parameters": {"FunctionName": self.check, **payload}, "OutputPath": "$.Payload", "Next": "Pay",
                "Catch": [{"ErrorEquals": ["OutOfStock"], "Next": "Reject"}],
            },
            "Pay": {"Type": "Task", "Resource": self.pay, "End": True},
            "Reject": {"Type": "Pass", "Parameters": {"rejected.$": "$.Error"}, "End": True},
        }})
        self.succeeds(self.stack.run(machine, {"quantity": 2}), {"paid": 20})
        self.succeeds(self.stack.run(machine, {"quantity": 5}), {"rejected": "OutOfStock"})

    def test_a_payload_that_is_kept_in_the_bucket(self):
        large = {"seconds": 0, "text": "".join(random.Random(7).choices(string.ascii_letters + string.digits, k=100_000))}
        machine = self.stack.create("large", one({"Type": "Task", "Resource": self.slow}))
        ended = self.stack.run(machine, large)
        self.succeeds(ended, large)
        self.assertEqual(json.loads(ended["input"]), large)
        s3 = self.account.client("s3")
        [bucket] = [b["Name"] for b in s3.list_buckets()["Buckets"] if b["Name"].startswith("segno-bucket")]
        stored = s3.list_objects_v2(Bucket=bucket, Prefix="executions/")
        self.assertGreater(stored["KeyCount"], 0)

    def approval(self, name):
        """A machine that asks for an approval, and what tells the token that it waits with."""
        sqs = self.account.client("sqs")
        queue = sqs.create_queue(QueueName=name)["QueueUrl"]
        machine = self.stack.create(name, one({
            "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "HeartbeatSeconds": 60,
            "Parameters": {"QueueUrl": queue, "MessageBody": {"token.$": "$$.Task.Token"}},
        }))
        execution = self.stack.sfn.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
        [message] = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
        return execution, json.loads(message["Body"])["token"]

    def test_an_approval_is_answered_from_outside(self):
        execution, token = self.approval("approval")
        self.assertEqual(self.stack.sfn.describe_execution(executionArn=execution)["status"], "RUNNING")
        self.stack.sfn.send_task_heartbeat(taskToken=token)
        self.stack.sfn.send_task_success(taskToken=token, output='{"approved":true}')
        self.succeeds(self.stack.wait(execution), {"approved": True})
        with self.assertRaises(self.stack.sfn.exceptions.TaskTimedOut):
            self.stack.sfn.send_task_success(taskToken=token, output='{"approved":false}')

    def test_a_callback_by_http_and_by_invocation(self):
        execution, token = self.approval("by-http")
        self.assertEqual(self.stack.post("/callbacks/heartbeat", {"taskToken": token})[0], 200)
        status, _ = self.stack.post("/callbacks/success", {"taskToken": token, "output": {"by": "http"}})
        self.assertEqual(status, 200)
        self.succeeds(self.stack.wait(execution), {"by": "http"})
        self.assertEqual(self.stack.post("/callbacks/success", {"taskToken": "none", "output": {}})[0], 400)
        execution, token = self.approval("by-invocation")
        callback = self.stack.outputs["CallbackFunction"]
        event = {"action": "failure", "taskToken": token, "error": "Rejected", "cause": "no"}
        answer, failed = self.stack.invoke(callback, event)
        self.assertFalse(failed, answer)
        ended = self.stack.wait(execution)
        self.assertEqual((ended["status"], ended["error"], ended["cause"]), ("FAILED", "Rejected", "no"))

    def test_the_worker_of_an_activity(self):
        activity = self.stack.admin.create_activity(name="press")["activityArn"]
        machine = self.stack.create("press", one({"Type": "Task", "Resource": activity}))
        execution = self.stack.sfn.start_execution(stateMachineArn=machine, input='{"press":1}')["executionArn"]
        task = self.stack.sfn.get_activity_task(activityArn=activity, workerName="me")
        self.assertEqual(task["input"], '{"press":1}')
        self.stack.sfn.send_task_success(taskToken=task["taskToken"], output='"pressed"')
        self.succeeds(self.stack.wait(execution), "pressed")

    def test_a_short_wait(self):
        machine = self.stack.create("wait", one({"Type": "Wait", "Seconds": 2}))
        ended = self.stack.run(machine)
        self.assertEqual(ended["status"], "SUCCEEDED", ended)
        took = (ended["stopDate"] - ended["startDate"]).total_seconds()
        self.assertTrue(2 <= took < 6, took)

    def test_waiting_longer_than_the_queue_can(self):
        ended = self.waits.wait(self.waiting, 180)
        self.assertEqual(ended["status"], "SUCCEEDED", ended)
        self.assertGreaterEqual((ended["stopDate"] - ended["startDate"]).total_seconds(), 5)

    def test_nested_executions(self):
        inner = self.stack.create("inner", one({"Type": "Pass", "Result": {"inner": 1}}))
        outer = self.stack.create("outer", one({
            "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Parameters": {"StateMachineArn": inner, "Input": {}}, "OutputPath": "$.Output",
        }))
        self.succeeds(self.stack.run(outer), {"inner": 1})

    def test_synchronous_express(self):
        machine = self.stack.create("express", one({"Type": "Task", "Resource": self.pay}), type="EXPRESS")
        ended = self.stack.sfn.start_sync_execution(stateMachineArn=machine, input='{"reserved":4}')
        self.succeeds(ended, {"paid": 40})

    def test_a_redrive_goes_on_from_the_state_that_failed(self):
        machine = self.stack.create("redrive", {"StartAt": "Before", "States": {
            "Before": {"Type": "Pass", "Next": "Work"},
            "Work": {"Type": "Task", "Resource": self.check, "End": True},
        }})
        failed = self.stack.run(machine, {"quantity": 9})
        self.assertEqual((failed["status"], failed["error"]), ("FAILED", "OutOfStock"))
        self.stack.sfn.redrive_execution(executionArn=failed["executionArn"])
        again = self.stack.wait(failed["executionArn"])
        self.assertEqual((again["status"], again["redriveCount"]), ("FAILED", 1))

    def test_a_start_by_http_and_by_invocation_is_one_start_if_it_is_repeated(self):
        machine = self.stack.create("started", one({"Type": "Pass"}))
        status, answer = self.stack.post("/state-machines/started/executions?name=first", {"a": 1})
        self.assertEqual(status, 200, answer)
        self.succeeds(self.stack.wait(answer["executionArn"]), {"a": 1})
        start = self.stack.outputs["StartFunction"]
        event = {"stateMachineArn": machine, "name": "second", "input": {"a": 2}}
        answers = [self.stack.invoke(start, event) for _ in range(2)]
        self.assertEqual({json.dumps(answer.get("executionArn")) for answer, _ in answers}, {
            json.dumps(f"arn:aws:states:us-east-1:{ACCOUNT}:execution:started:second"),
        })
        listed = self.stack.sfn.list_executions(stateMachineArn=machine)["executions"]
        self.assertEqual(sorted(execution["name"] for execution in listed), ["first", "second"])
        answer, failed = self.stack.invoke(start, {"nothing": "known"})
        self.assertTrue(failed)

    def test_what_changes_state_machines_is_for_administrators(self):
        with self.assertRaisesRegex(Exception, "AccessDenied.*/admin"):
            self.stack.sfn.create_state_machine(name="m", definition=json.dumps(one({"Type": "Pass"})), roleArn=ROLE)
        with self.assertRaisesRegex(Exception, "AccessDenied.*RolePattern"):
            self.stack.admin.create_state_machine(
                name="m", definition=json.dumps(one({"Type": "Pass"})), roleArn=f"arn:aws:iam::{ACCOUNT}:role/other",
            )

    def key(self, *options):
        """A new key of the stack that has keys: its id and its secret."""
        made = self.account.segno("keys", "create", "--stack", "waits", *options)
        self.assertEqual(made.returncode, 0, made.stderr)
        exported = dict(re.findall(r"(AWS_\w+)=(\S+)", made.stdout))
        self.assertEqual(exported["AWS_ENDPOINT_URL_SFN"], self.waits.outputs["KeysEndpoint"])
        self.assertEqual(exported["AWS_DEFAULT_REGION"], "us-east-1")
        # The function reads the keys once a second at most.
        time.sleep(1)
        return exported["AWS_ACCESS_KEY_ID"], exported["AWS_SECRET_ACCESS_KEY"]

    def refused(self, name, message, call, **request):
        with self.assertRaises(Exception) as refused:
            call(**request)
        error = refused.exception.response["Error"]
        self.assertEqual(error["Code"], name, error)
        self.assertRegex(error["Message"], message)

    def test_an_unchanged_sdk_comes_in_with_a_key(self):
        sfn = self.waits.client_with_key(*self.key("--operations", "*", "--expires", "1h"))
        machine = sfn.create_state_machine(
            name="keyed", definition=json.dumps(one({"Type": "Pass"})), roleArn=ROLE, type="EXPRESS",
        )["stateMachineArn"]
        self.succeeds(sfn.start_sync_execution(stateMachineArn=machine, input='{"ä":"  b"}'), {"ä": "  b"})
        self.assertIn(machine, [listed["stateMachineArn"] for listed in sfn.list_state_machines()["stateMachines"]])

    def test_a_key_is_for_its_operations_and_its_state_machines(self):
        own = self.waits.create("own-1", one({"Type": "Pass"}))
        other = self.waits.create("other", one({"Type": "Pass"}))
        sfn = self.waits.client_with_key(*self.key("--operations", "Start*,List*", "--state-machines", "own-*"))
        started = sfn.start_execution(stateMachineArn=own)["executionArn"]
        self.assertEqual(self.waits.wait(started)["status"], "SUCCEEDED")
        denied = "AccessDeniedException"
        self.refused(denied, "states:StartExecution on .* other$", sfn.start_execution, stateMachineArn=other)
        self.refused(denied, "states:ListStateMachines", sfn.list_state_machines)
        self.refused(denied, "states:StopExecution$", sfn.stop_execution, executionArn=started)

    def test_who_has_no_key_is_refused_in_the_words_of_aws(self):
        id, secret = self.key("--operations", "*")
        call = self.waits.client_with_key(id, secret).list_state_machines
        call()
        invalid = "InvalidSignatureException"
        self.refused(invalid, "does not match", self.waits.client_with_key(id, secret[::-1]).list_state_machines)
        self.refused(invalid, "valid region", self.waits.client_with_key(id, secret, "eu-west-1").list_state_machines)
        self.refused(
            "UnrecognizedClientException", "security token", self.waits.client_with_key("AKIA", secret).list_state_machines
        )
        for minutes, message in [(-6, "Signature expired"), (6, "not yet current")]:
            then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
            with unittest.mock.patch("botocore.auth.get_current_datetime", return_value=then.replace(tzinfo=None)):
                self.refused(invalid, message, call)

    def test_keys_are_listed_without_their_secrets_and_revoked(self):
        id, secret = self.key("--operations", "Describe*", "--state-machines", "a,b-*", "--expires", "never")
        listed = self.account.segno("keys", "list", "--stack", "waits").stdout
        self.assertRegex(listed, rf"{id} +Describe\* +a,b-\* .* never")
        self.assertNotIn(secret, listed)
        self.assertNotIn(secret, self.account.segno("keys", "list", "--stack", "waits", "--format", "json").stdout)
        revoked = self.account.segno("keys", "revoke", id, "--stack", "waits")
        self.assertEqual(revoked.returncode, 0, revoked.stderr)
        self.assertNotIn(id, self.account.segno("keys", "list", "--stack", "waits").stdout)
        self.assertIn("there is no key", self.account.segno("keys", "revoke", id, "--stack", "waits").stderr)

    def test_without_the_parameter_there_are_no_keys(self):
        self.assertNotIn("KeysEndpoint", self.stack.outputs)
        self.assertIn("--parameter Keys=on", self.account.segno("keys", "list").stderr)

    def test_what_comes_through_the_function_url(self):
        machine = self.stack.create("by-url", one({"Type": "Task", "Resource": self.pay}), type="EXPRESS")
        functions = self.account.client("lambda").list_functions()["Functions"]
        [api] = [function["FunctionName"] for function in functions if function["FunctionName"].startswith("segno-Api")]
        event = json.loads((REPOSITORY / "events/api/function-url.json").read_text())
        event["body"] = json.dumps({"stateMachineArn": machine, "input": '{"reserved":4}'})
        answer, failed = self.stack.invoke(api, event)
        self.assertFalse(failed, answer)
        self.assertEqual(json.loads(json.loads(answer["body"])["output"]), {"paid": 40})
        # The emulator does not say who has signed, as AWS does: that is nobody.
        url = f"{self.account.url}/_aws/lambda-url/{self.stack.host('FunctionUrl')}/"
        by_url = self.account.client("stepfunctions", url)
        self.refused("MissingAuthenticationTokenException", "Missing", by_url.list_state_machines)

    def test_a_deployment_with_sam(self):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.account.folder))
        missing = self.account.segno("deploy", "--template", str(REPOSITORY / "template.yaml"), PATH=str(folder))
        self.assertEqual(missing.returncode, 2)
        self.assertRegex(missing.stderr, "(?s)aws-sam-cli.*cargo-lambda")
        for program in ["sam", "cargo"]:
            stub = folder / program
            stub.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >>{folder}/{program}.log\n')
            stub.chmod(0o755)
        deployed = self.account.segno(
            "deploy", "--template", str(REPOSITORY / "template.yaml"), "--stack", "waits", "--parameter", "Keys=on",
            "--parameter", 'Triggers={"a": "b"}', "--", "--profile", "work", PATH=f"{folder}:/bin",
        )
        self.assertEqual(deployed.returncode, 0, deployed.stderr)
        self.assertIn(self.waits.outputs["Endpoint"], deployed.stdout)
        self.assertIn(f"export AWS_ENDPOINT_URL_SFN={self.waits.outputs['KeysEndpoint']}", deployed.stdout)
        _, build, deploy = (folder / "sam.log").read_text().splitlines()
        # As the AWS SAM CLI wants JSON.
        overrides = r'--parameter-overrides Keys=on Triggers="{\"a\": \"b\"}" Architecture=arm64'
        self.assertEqual(build, f"build --beta-features --template-file template.yaml {overrides}")
        self.assertRegex(deploy, rf"^deploy .*--stack-name waits .*{re.escape(overrides)} --profile work$")

    def browse(self, stack, path, cookie="", form=None, **headers):
        """What a browser gets: the status, the headers, the page. It goes where it is sent only if it is told to."""
        data = None if form is None else urllib.parse.urlencode(form).encode()
        headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded", **headers}
        request = urllib.request.Request(stack.url + path, data, headers)
        opener = urllib.request.build_opener(NoRedirect)
        try:
            with opener.open(request, timeout=30) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def sign_in(self, stack):
        """A link as `segno console` prints it, and the cookie that it is exchanged for."""
        said = self.account.segno(
            "console", "--stack", stack.name, AWS_ENDPOINT_URL_EXECUTE_API=stack.url,
        )
        self.assertEqual(said.returncode, 0, said.stderr)
        link = urllib.parse.urlsplit(said.stdout.strip())
        self.assertEqual(f"{link.scheme}://{link.netloc}", stack.outputs["Endpoint"])
        path = f"{link.path}?{link.query}"
        status, _, page = self.browse(stack, path)
        self.assertEqual((status, "Sign in" in page), (200, True), page)
        code = urllib.parse.parse_qs(link.query)["code"][0]
        status, headers, _ = self.browse(stack, link.path, form={"code": code})
        self.assertEqual((status, headers["Location"]), (303, "/console"))
        for attribute in ("HttpOnly", "Secure", "SameSite=Strict"):
            self.assertIn(attribute, headers["Set-Cookie"])
        return code, headers["Set-Cookie"].split(";")[0]

    def test_the_console_is_for_whoever_has_a_link(self):
        stack = self.waits
        machine = stack.create("seen", one({"Type": "Pass", "Result": {"hello": "console"}}))
        execution = stack.run(machine)["executionArn"]
        pages = ["/console", "/console/executions", f"/console/machines/{machine}", f"/console/executions/{execution}"]
        for path in [*pages, "/console/script.js", f"/console/executions/{execution}/data?of=history"]:
            status, _, page = self.browse(stack, path, "__Host-segno-console=AAAA")
            self.assertEqual(status, 401, path)
            self.assertNotIn("seen", page)
        code, cookie = self.sign_in(stack)
        for path in pages:
            status, headers, page = self.browse(stack, path, cookie)
            self.assertEqual(status, 200, page)
            self.assertIn("seen", page)
            self.assertIn("frame-ancestors 'none'", headers["Content-Security-Policy"])
            self.assertEqual(headers["X-Frame-Options"], "DENY")
        self.assertIn('<svg class="graph"', page)
        self.assertRegex(page, 'aria-label="S, Pass, succeeded"')
        # Once, for one browser.
        status, _, _ = self.browse(stack, "/console/sign-in", form={"code": code})
        self.assertEqual(status, 403)
        # Its own forms do something, others do not.
        token = re.search('name="form-token" value="([^"]+)"', page)[1]
        start = f"/console/machines/{machine}/start"
        for form, headers in (({}, {}), ({"form-token": "x"}, {}), ({"form-token": token}, {"Origin": "https://other.test"})):
            status, _, _ = self.browse(stack, start, cookie, form, **headers)
            self.assertEqual(status, 403, (form, headers))
        status, headers, _ = self.browse(stack, start, cookie, {"form-token": token, "input": '{"from":"console"}'})
        self.assertEqual(status, 303)
        started = stack.wait(headers["Location"].removeprefix("/console/executions/"))
        self.assertEqual(json.loads(started["input"]), {"from": "console"})
        # What is left in the table lets nobody in.
        kept = self.account.client("dynamodb").scan(TableName=stack.outputs["Table"])["Items"]
        passes = [item["pk"]["S"] for item in kept if item["sk"]["S"] == "p"]
        self.assertEqual(len(passes), 1, passes)
        self.assertNotIn(cookie.split("=")[1], json.dumps(kept, default=str))
        status, _, _ = self.browse(stack, "/console/sign-out", cookie, {"form-token": token})
        self.assertEqual((status, self.browse(stack, "/console", cookie)[0]), (303, 401))

    def test_by_default_there_is_no_console(self):
        self.assertEqual(self.browse(self.stack, "/console")[0], 404)
        said = self.account.segno(
            "console", "--endpoint", self.stack.outputs["Endpoint"], AWS_ENDPOINT_URL_EXECUTE_API=self.stack.url,
        )
        self.assertNotEqual(said.returncode, 0)
        self.assertIn("Console=on", said.stderr)

    def test_an_execution_goes_on_when_its_worker_is_killed(self):
        retry = [{"ErrorEquals": ["Lambda.SdkClientException"], "IntervalSeconds": 1, "MaxAttempts": 3}]
        machine = self.stack.create("killed", {"StartAt": "Slow", "States": {
            "Slow": {"Type": "Task", "Resource": self.slow, "Retry": retry, "Next": "After"},
            "After": {"Type": "Pass", "End": True},
        }})
        execution = self.stack.sfn.start_execution(stateMachineArn=machine, input='{"seconds":4}')["executionArn"]
        self.until(lambda: self.types(execution)[-1] == "LambdaFunctionStarted")
        workers = self.account.bootstraps("segno-Step")
        self.assertTrue(workers)
        begun = time.monotonic()
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        ended = self.stack.wait(execution, 180)
        self.succeeds(ended, {"seconds": 4})
        self.assertLess(time.monotonic() - begun, 120)
        self.assertEqual(self.types(execution).count("LambdaFunctionStarted"), 2)

    def test_status_changes_arrive_and_metrics_are_in_the_log(self):
        sqs, events = self.account.client("sqs"), self.account.client("events")
        queue = sqs.create_queue(QueueName="changes")["QueueUrl"]
        arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:changes"
        machine = self.stack.create("told", {
            "StartAt": "S", "States": {"S": {"Type": "Fail", "Error": "Boom", "Cause": "as told"}},
        })
        events.put_rule(Name="changes", EventPattern=json.dumps({
            "source": ["segno.states"], "detail-type": ["Step Functions Execution Status Change"],
            "detail": {"stateMachineArn": [machine]},
        }))
        events.put_targets(Rule="changes", Targets=[{"Id": "queue", "Arn": arn}])
        ended = self.stack.run(machine, {"a": 1})
        heard = {}

        def both():
            received = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=2, MaxNumberOfMessages=10)
            for message in received.get("Messages", []):
                event = json.loads(message["Body"])
                heard[event["detail"]["status"]] = event
            return len(heard) == 2

        self.until(both)
        self.assertEqual(set(heard), {"RUNNING", "FAILED"})
        failed = heard["FAILED"]
        self.assertEqual(failed["resources"], [ended["executionArn"]])
        detail = failed["detail"]
        self.assertEqual((detail["error"], detail["cause"]), ("Boom", "as told"))
        self.assertEqual((detail["input"], detail["inputDetails"]), ('{"a": 1}', {"included": True}))
        self.assertEqual(detail["stopDate"] / 1000, ended["stopDate"].timestamp())
        logs = self.account.client("logs")

        def metrics():
            found = logs.filter_log_events(logGroupName=self.stack.outputs["Logs"])["events"]
            lines = [json.loads(event["message"]) for event in found if '"_aws"' in event["message"]]
            return [line for line in lines if line.get("StateMachineArn") == machine]

        self.until(metrics)
        [line] = metrics()
        self.assertEqual((line["ExecutionsStarted"], line["ExecutionsFailed"]), (1, 1))
        self.assertGreaterEqual(line["ExecutionTime"], 0)

    def test_a_custom_resource_is_a_state_machine(self):
        example = str(REPOSITORY / "infra" / "examples" / "cloudformation" / "template.yaml")
        roles = self.account.client("iam").list_roles()["Roles"]
        roles = [role["Arn"] for role in roles if role["RoleName"].startswith(("segno-ApiRole", "segno-StepRole"))]
        self.account.aws(
            "cloudformation", "deploy", "--template-file", example, "--stack-name", "shop",
            "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND", "--parameter-overrides",
            f"Segno={self.stack.outputs['ApiFunction']}", f"SegnoRoles={','.join(roles)}",
        )
        cloudformation = self.account.client("cloudformation")
        [output] = cloudformation.describe_stacks(StackName="shop")["Stacks"][0]["Outputs"]
        machine = output["OutputValue"]
        self.assertRegex(machine, r":stateMachine:shop-Order-[0-9a-f]{12}$")
        self.assertEqual(self.stack.sfn.describe_state_machine(stateMachineArn=machine)["status"], "ACTIVE")
        self.assertEqual(self.stack.run(machine, {"quantity": 2})["status"], "SUCCEEDED")
        self.account.aws("cloudformation", "delete-stack", "--stack-name", "shop")

        def is_gone():
            machines = self.stack.sfn.list_state_machines()["stateMachines"]
            return machine not in [entry["stateMachineArn"] for entry in machines]

        self.until(is_gone)

    def test_the_alarms_are_those_of_the_stack(self):
        self.account.aws(
            "cloudformation", "deploy", "--template-file", str(REPOSITORY / "infra" / "alarms.yaml"),
            "--stack-name", "alarms", "--parameter-overrides", "Stack=segno",
        )
        alarms = self.account.client("cloudwatch").describe_alarms()["MetricAlarms"]
        queues = {dimension["Value"] for alarm in alarms for dimension in alarm["Dimensions"] if alarm["Namespace"] == "AWS/SQS"}
        known = {url.rsplit("/", 1)[1] for url in self.account.client("sqs").list_queues()["QueueUrls"]}
        self.assertEqual(len(queues), 2)
        self.assertLessEqual(queues, known)

    def types(self, execution):
        history = self.stack.sfn.get_execution_history(executionArn=execution)["events"]
        return [event["type"] for event in history] or [None]

    def until(self, holds):
        end = time.monotonic() + 30
        while not holds():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)


class Enforced(Deployed):
    """The same where IAM is enforced: each function may do what the template says, and nothing else."""

    environment = {"AUTH": "true"}

    def test_a_task_has_the_rights_of_its_machines_role_and_no_others(self):
        machine = self.stack.create("denied", one({
            "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:dynamodb:scan",
            "Parameters": {"TableName": self.stack.outputs["Table"]},
        }))
        ended = self.stack.run(machine)
        self.assertEqual((ended["status"], ended["error"]), ("FAILED", "DynamoDb.DynamoDbException"), ended)
        self.assertIn("assumed-role/machine/", ended["cause"])


if __name__ == "__main__":
    unittest.main()
