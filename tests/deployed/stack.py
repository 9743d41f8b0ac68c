"""The shipped template, deployed into an emulator of AWS that runs the real binaries as its functions.

Everything is bound to the loopback, and ends with the test.
"""

import io
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import zipfile

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
TOOLS = TARGET / "tools"
FUNCTIONS = ("api", "callback", "start", "step")
PATIENCE_SECONDS = 60
ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/segno/machine"


# A runtime of its own: the emulator's own runtime of Python loses the names of errors.
BOOTSTRAP = """#!/usr/bin/env python3
import json, os, time, urllib.request

HANDLER

url = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(url + "next") as invocation:
        request, event = invocation.headers["Lambda-Runtime-Aws-Request-Id"], json.load(invocation)
    try:
        path, answer = "response", handler(event)
    except Exception as error:
        path, answer = "error", {"errorType": type(error).__name__, "errorMessage": str(error)}
    urllib.request.urlopen(urllib.request.Request(f"{url}{request}/{path}", json.dumps(answer).encode())).close()
"""


def resolve(host, *rest, _resolve=socket.getaddrinfo, **more):
    """What stands before the emulator's address names an API of it."""
    return _resolve("127.0.0.1" if str(host).endswith(".127.0.0.1") else host, *rest, **more)


socket.getaddrinfo = resolve


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Account:
    """An empty account."""

    def __init__(self, **environment):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="segno-deployed-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("AWS_")
        } | {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": "/dev/null",
        }
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(
            [TOOLS / "emulators" / "bin" / "ministack"],
            cwd=self.folder,
            env=self.environment | environment | {
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": str(self.port),
                # What custom resources are told to answer to: the loopback by its number, as all else.
                "MINISTACK_HOST": "127.0.0.1",
                "TMPDIR": str(self.folder),
                "STATE_DIR": str(self.folder / "state"),
                "S3_DATA_DIR": str(self.folder / "s3"),
                "PYTHONUNBUFFERED": "1",
            },
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
                return
            except OSError as error:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"the emulator does not start: {self.folder}/log") from error
                time.sleep(0.05)

    def client(self, service, url=None, **config):
        return boto3.client(
            service,
            endpoint_url=url or self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 1}, inject_host_prefix=False, read_timeout=70, **config),
        )

    def aws(self, *arguments):
        """The AWS command line."""
        run = subprocess.run(
            [TOOLS / "venv" / "bin" / "aws", "--endpoint-url", self.url, *arguments],
            env=self.environment, capture_output=True, text=True,
        )
        if run.returncode != 0:
            raise RuntimeError(f"aws {' '.join(arguments)}: {run.stdout}{run.stderr}")
        return run.stdout

    def segno(self, *arguments, **environment):
        """The command line of Segno: what it has done."""
        return subprocess.run(
            [TARGET / "debug" / "segno", *arguments],
            env=self.environment | environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS,
        )

    def function(self, name, handler):
        """A function beside the stack, in Python: its ARN."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            bootstrap = zipfile.ZipInfo("bootstrap")
            bootstrap.external_attr = 0o755 << 16
            archive.writestr(bootstrap, BOOTSTRAP.replace("HANDLER", handler))
        created = self.client("lambda").create_function(
            FunctionName=name, Runtime="provided.al2023", Role=ROLE, Handler="bootstrap", Timeout=30,
            Code={"ZipFile": packed.getvalue()},
        )
        return created["FunctionArn"]

    def bootstraps(self, function):
        """The processes of a function."""
        found = []
        for folder in pathlib.Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                environment = (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            names = [entry for entry in environment if entry.startswith(b"AWS_LAMBDA_FUNCTION_NAME=")]
            is_ours = f"AWS_ENDPOINT_URL={self.url}".encode() in environment
            if is_ours and any(function.encode() in name for name in names):
                found.append(int(folder.name))
        return found

    def close(self):
        # The functions are processes of its group.
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Stack:
    """The deployed stack."""

    def __init__(self, account, name="segno", **parameters):
        self.account = account
        self.name = name
        built = account.folder / "built"
        template = (REPOSITORY / "template.yaml").read_text()
        for function in FUNCTIONS:
            folder = built / function
            folder.mkdir(parents=True, exist_ok=True)
            # Without what only a debugger reads: it is zipped and unzipped.
            subprocess.run(["strip", "-o", folder / "bootstrap", TARGET / "debug" / function], check=True)
            template = template.replace(f"CodeUri: functions/{function}\n", f"CodeUri: {folder}\n")
        # The emulator takes a number for a text if it is a parameter's.
        template = template.replace("MaximumConcurrency: !Ref MaximumConcurrency", "MaximumConcurrency: 100")
        # It has permissions for requests that SQS has none for: those of batches are those of single messages.
        template = re.sub(r"sqs:(SendMessage|DeleteMessage|ChangeMessageVisibility)\b", r'"sqs:\1*"', template)
        # It takes a session of a role for the principal, which on AWS is the role.
        template = re.sub(
            r"( +)- !GetAtt (\w+Role)\.Arn\n",
            r"\g<0>\1- !Sub arn:aws:sts::${AWS::AccountId}:assumed-role/${\2}/*\n", template,
        )
        (built / "template.yaml").write_text(template)
        account.client("s3").create_bucket(Bucket="deployment")
        account.aws(
            "cloudformation", "package", "--template-file", str(built / "template.yaml"),
            "--s3-bucket", "deployment", "--output-template-file", str(built / "packaged.yaml"),
        )
        parameters = {"Architecture": "x86_64", **parameters}
        account.aws(
            "cloudformation", "deploy", "--template-file", str(built / "packaged.yaml"), "--stack-name", name,
            "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND",
            "--parameter-overrides", *(f"{key}={value}" for key, value in parameters.items()),
        )
        described = account.client("cloudformation").describe_stacks(StackName=name)
        outputs = described["Stacks"][0]["Outputs"]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in outputs}
        self.url = f"{account.url}/_aws/execute-api/{self.host('Endpoint')}/$default"
        self.sfn = account.client("stepfunctions", f"{self.url}/")
        self.admin = account.client("stepfunctions", f"{self.url}/admin")

    def host(self, output):
        """The first label of the address that an output has."""
        return self.outputs[output].split("//")[1].split(".")[0]

    def client_with_key(self, id, secret, region="us-east-1"):
        """A client as people have it, but for the endpoint, the region and the key."""
        return boto3.client(
            "stepfunctions",
            # By the name of the host: the path is signed, too.
            endpoint_url=f"http://{self.host('KeysEndpoint')}.execute-api.127.0.0.1:{self.account.port}",
            region_name=region, aws_access_key_id=id, aws_secret_access_key=secret,
            config=Config(retries={"max_attempts": 1}, inject_host_prefix=False),
        )

    def trust(self, actions):
        """The role of the machines, which lets only this stack's functions assume it, and may do that."""
        iam = self.account.client("iam")
        roles = iam.list_roles()["Roles"]
        functions = [role["Arn"] for role in roles if re.match(rf"{self.name}-(Api|Step)Role", role["RoleName"])]
        machines = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:*"
        iam.create_role(RoleName="machine", Path="/segno/", AssumeRolePolicyDocument=json.dumps({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Principal": {"AWS": functions}, "Action": "sts:AssumeRole",
                "Condition": {"StringLike": {"sts:ExternalId": machines}},
            }],
        }))
        iam.put_role_policy(RoleName="machine", PolicyName="tasks", PolicyDocument=json.dumps({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}],
        }))

    def create(self, name, definition, **more):
        created = self.admin.create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=ROLE, **more
        )
        return created["stateMachineArn"]

    def wait(self, execution, seconds=PATIENCE_SECONDS):
        """The end of an execution."""
        end = time.monotonic() + seconds
        while True:
            described = self.sfn.describe_execution(executionArn=execution)
            if described["status"] != "RUNNING":
                return described
            if time.monotonic() > end:
                raise AssertionError(f"{execution} does not end; see {self.account.folder}/log")
            time.sleep(0.1)

    def run(self, machine, input=None, **more):
        started = self.sfn.start_execution(stateMachineArn=machine, input=json.dumps(input or {}), **more)
        return self.wait(started["executionArn"])

    def post(self, path, body):
        """A request that is signed for API Gateway, without a client: its status and its answer."""
        data = json.dumps(body).encode()
        request = AWSRequest("POST", self.url + path, data=data, headers={"Content-Type": "application/json"})
        SigV4Auth(Credentials("test", "test"), "execute-api", "us-east-1").add_auth(request)
        request = urllib.request.Request(request.url, data, dict(request.headers))
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def invoke(self, function, event):
        """Invokes a function of the stack: its answer, or its error."""
        answer = self.account.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        return json.loads(answer["Payload"].read()), "FunctionError" in answer
