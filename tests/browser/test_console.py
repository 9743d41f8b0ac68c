"""The console in a browser: Chromium without a window, as people use it."""

import json
import os
import pathlib
import shutil
import tempfile
import unittest
import urllib.request

from playwright.sync_api import expect, sync_playwright

from server import REPOSITORY, ROLE, Server

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")

# Answers after a moment, so that it can be seen at work.
SLOW = "cmd:sh -c 'sleep 1; cat'"
BROKEN = "cmd:sh -c 'echo no route to host >&2; exit 3'"

DEFINITIONS = {
    "slow": {
        "StartAt": "Work",
        "States": {
            "Work": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:slow", "Next": "Rest"},
            "Rest": {"Type": "Wait", "Seconds": 1, "End": True},
        },
    },
    "broken": {
        "StartAt": "Fetch",
        "States": {
            "Fetch": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:broken", "End": True}
        },
    },
}


def ask(server, operation, **given):
    """Asks the API for something."""
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=a/20240101/eu-central-1/states/aws4_request",
        "X-Amz-Target": f"AWSStepFunctions.{operation}",
    }
    request = urllib.request.Request(server.url, json.dumps(given).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def create(server, name, definition):
    given = {"name": name, "definition": definition, "roleArn": ROLE}
    return ask(server, "CreateStateMachine", **given)["stateMachineArn"]


class Console(unittest.TestCase):
    """Each test has a page of its own; what it finds wrong on the console fails it."""

    @classmethod
    def setUpClass(cls):
        functions = {"slow": SLOW, "broken": BROKEN, "ask-for-approval": "cmd:cat"}
        cls.server = Server(*(f"--lambda={name}={target}" for name, target in functions.items()))
        approval = (REPOSITORY / "docs/examples/approval.asl.json").read_text(encoding="utf-8")
        definitions = {name: json.dumps(definition) for name, definition in DEFINITIONS.items()}
        cls.machines = {
            name: create(cls.server, name, definition)
            for name, definition in {**definitions, "approval": approval}.items()
        }
        cls.playwright = sync_playwright().start()
        cls.browser = cls.playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.playwright.stop()
        cls.server.close()

    def setUp(self):
        self.complaints = []
        self.context = self.browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def tearDown(self):
        self.context.close()
        self.assertEqual(self.complaints, [])

    def open(self, path=""):
        self.page.goto(f"{self.server.url}/console{path}")

    def start(self, machine, given, name):
        started = ask(
            self.server,
            "StartExecution",
            stateMachineArn=self.machines[machine],
            input=json.dumps(given),
            name=name,
        )
        return started["executionArn"]

    def begin(self, machine, given, name):
        execution = self.start(machine, given, name)
        self.open(f"/executions/{execution}")
        return execution

    def status(self):
        return self.page.locator("#head .status")

    def state(self, name):
        return self.page.locator(f".graph a[aria-label^='{name},']")

    def test_the_graph_changes_while_an_execution_runs(self):
        self.begin("slow", {"n": 1}, "live")
        expect(self.state("Work")).to_have_class("state run")
        expect(self.state("Rest")).to_have_class("state idle")
        expect(self.state("Rest")).to_have_class("state wait", timeout=10_000)
        expect(self.state("Work")).to_have_class("state ok")
        expect(self.status()).to_have_text("succeeded", timeout=10_000)
        expect(self.page.locator("#visits tr")).to_have_count(2)
        expect(self.page.locator("#panel")).to_contain_text("Output")

    def test_two_pages_follow_one_execution(self):
        execution = self.begin("slow", {"n": 2}, "twice")
        other = self.context.new_page()
        other.goto(f"{self.server.url}/console/executions/{execution}")
        for page in (self.page, other):
            expect(page.locator("#head .status")).to_have_text("succeeded", timeout=15_000)

    def test_an_approval_is_answered(self):
        self.begin("approval", {"id": 7, "total": 900}, "asked")
        self.page.locator("[name=output]").fill('{"by": "Ada"}')
        self.assertNotIn("taskToken", self.page.content())
        self.page.get_by_role("button", name="Succeed").click()
        expect(self.status()).to_have_text("succeeded", timeout=10_000)
        expect(self.page.locator("#panel")).to_contain_text("Ada")

    def test_an_approval_is_declined(self):
        self.begin("approval", {"id": 8, "total": 900}, "declined")
        self.page.get_by_text("or fail").click()
        self.page.locator("[name=error]").fill("Rejected")
        self.page.locator("[name=cause]").fill("too dear")
        self.page.get_by_role("button", name="Fail").click()
        expect(self.status()).to_have_text("succeeded", timeout=10_000)
        self.state("Ask for approval").click()
        expect(self.page.locator("#panel .problem")).to_contain_text("too dear")

    def test_an_execution_is_found_by_a_word_of_its_input(self):
        self.start("slow", {"customer": "Lovelace & <sons>"}, "findme")
        self.open()
        self.page.keyboard.press("/")
        self.page.keyboard.type("lovelace & <s")
        self.page.keyboard.press("Enter")
        expect(self.page.locator("a.row")).to_have_text(["findme"])

    def test_what_failed_is_told_and_redriven(self):
        self.begin("broken", {}, "redriven")
        expect(self.status()).to_have_text("failed", timeout=10_000)
        expect(self.page.get_by_role("alert")).to_contain_text("no route to host")
        self.page.get_by_role("button", name="Redrive").click()
        expect(self.page.locator("#head")).to_contain_text("redriven 1×")
        expect(self.status()).to_have_text("failed", timeout=10_000)
        expect(self.state("Fetch")).to_have_attribute("aria-label", "Fetch, Task, failed, 1 retry")

    def test_an_execution_is_started_with_other_input(self):
        self.open(f"/machines/{self.machines['slow']}")
        self.page.locator("section [name=input]").fill('{"n": 3}')
        self.page.get_by_role("button", name="Start").click()
        expect(self.page.locator("#panel")).to_contain_text('"n": 3')
        self.page.get_by_role("button", name="Stop").click()
        expect(self.status()).to_have_text("aborted")

    def test_a_state_is_shown_in_place_and_has_an_address(self):
        self.begin("approval", {"id": 9, "total": 90}, "state")
        self.state("Place").click()
        expect(self.page.locator("#panel h2")).to_have_text("Place")
        self.assertIn("state=Place", self.page.url)
        self.page.go_back()
        expect(self.page.locator("#panel h2")).to_have_text("Execution")
        self.page.go_forward()
        self.page.reload()
        expect(self.page.locator("#panel h2")).to_have_text("Place")

    def test_keys(self):
        self.open()
        self.page.keyboard.press("j")
        self.page.keyboard.press("j")
        self.page.keyboard.press("k")
        expect(self.page.locator("a.row").first).to_be_focused()
        self.page.keyboard.press("?")
        expect(self.page.get_by_role("dialog")).to_be_visible()
        self.page.keyboard.press("Escape")
        expect(self.page.get_by_role("dialog")).to_be_hidden()

    def test_an_export_needs_no_server(self):
        self.begin("approval", {"id": 10, "total": 10}, "exported")
        with self.page.expect_download() as download:
            self.page.get_by_role("link", name="Export").click()
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "exported.html")
            download.value.save_as(file)
            requests = []
            self.page.on("request", lambda request: requests.append(request.url))
            self.page.goto(file.as_uri())
            expect(self.page.locator("h1")).to_contain_text("exported")
            expect(self.state("Place")).to_have_class("state ok")
            self.assertEqual(requests, [file.as_uri()])

    def test_pages_fit_on_a_telephone(self):
        execution = self.start("approval", {"id": 11, "total": 900}, "narrow")
        self.page.set_viewport_size({"width": 375, "height": 700})
        machine = self.machines["approval"]
        for path in ("", "/executions", "/waiting", f"/machines/{machine}", f"/executions/{execution}"):
            self.open(path)
            width = self.page.evaluate("document.documentElement.scrollWidth")
            self.assertLessEqual(width, 375, path)

    def test_pages_work_without_a_script(self):
        execution = self.start("approval", {"id": 12, "total": 900}, "plain")
        context = self.browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(f"{self.server.url}/console/executions/{execution}")
        page.locator("[name=output]").fill('{"by": "Grace"}')
        page.get_by_role("button", name="Succeed").click()
        page.reload()
        expect(page.locator("#head .status")).to_have_text("succeeded")
        page.locator(".graph a[aria-label^='Place approved,']").click()
        expect(page.locator("#panel")).to_contain_text("Grace")
        context.close()
