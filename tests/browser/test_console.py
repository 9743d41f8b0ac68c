"""The console in a browser: Chromium without a window, as people use it."""

import json
import os
import pathlib
import re
import shutil
import tempfile
import unittest
import urllib.request

from playwright.sync_api import expect, sync_playwright

from server import REPOSITORY, ROLE, Server

TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
AXE = TARGET / "tools" / "axe" / "node_modules" / "axe-core" / "axe.min.js"

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
    # A hundred states a second, for some seconds.
    "busy": {
        "StartAt": "Count",
        "States": {
            "Count": {"Type": "Pass", "Parameters": {"left.$": "States.MathAdd($.left, -1)"}, "Next": "Work"},
            "Work": {
                "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:quick",
                "ResultPath": None, "Next": "Over?",
            },
            "Over?": {
                "Type": "Choice", "Default": "End",
                "Choices": [{"Variable": "$.left", "NumericGreaterThan": 0, "Next": "Count"}],
            },
            "End": {"Type": "Succeed"},
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


class Browsing(unittest.TestCase):
    """Each test has a page of its own; what it finds wrong on the console fails it."""

    @classmethod
    def setUpClass(cls):
        functions = {"slow": SLOW, "quick": "cmd:sh -c 'sleep 0.02'", "broken": BROKEN, "ask-for-approval": "cmd:cat"}
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



class Smoke(Browsing):
    """What every commit must leave as it is."""

    def test_the_graph_changes_while_an_execution_runs(self):
        self.begin("slow", {"n": 1}, "live")
        expect(self.state("Work")).to_have_class("state run")
        expect(self.state("Rest")).to_have_class("state idle")
        expect(self.state("Rest")).to_have_class("state wait", timeout=10_000)
        expect(self.state("Work")).to_have_class("state ok")
        expect(self.status()).to_have_text("succeeded", timeout=10_000)
        expect(self.page.locator("#visits tr")).to_have_count(2)
        expect(self.page.locator("#panel")).to_contain_text("Output")


class Console(Browsing):
    """All that people do with it."""

    def test_two_pages_follow_one_execution(self):
        execution = self.begin("slow", {"n": 2}, "twice")
        other = self.context.new_page()
        other.goto(f"{self.server.url}/console/executions/{execution}")
        for page in (self.page, other):
            expect(page.locator("#head .status")).to_have_text("succeeded", timeout=15_000)

    def test_two_browsers_see_what_one_of_them_does(self):
        execution = self.begin("approval", {"id": 14, "total": 900}, "browsers")
        other = self.browser.new_context()
        page = other.new_page()
        page.goto(f"{self.server.url}/console/executions/{execution}")
        for each in (self.page, page):
            expect(each.locator("#head .status")).to_have_text("running")
        page.get_by_role("button", name="Stop").click()
        for each in (self.page, page):
            expect(each.locator("#head .status")).to_have_text("aborted")
        other.close()

    def test_a_busy_execution_can_be_looked_at(self):
        """What changes is told a few times a second, however often it does, and the page answers meanwhile."""
        self.page.add_init_script("""
            window.told = [];
            const Source = window.EventSource;
            window.EventSource = class extends Source {
              constructor(address) {
                super(address);
                this.addEventListener("message", (message) => window.told.push(message.data.length));
              }
            };
            window.pauses = [];
            let last = performance.now();
            setInterval(() => {
              window.pauses.push(performance.now() - last);
              last = performance.now();
            }, 20);
        """)
        execution = self.start("busy", {"left": 300}, "busy")
        self.open(f"/executions/{execution}")
        expect(self.state("Work")).to_have_attribute("aria-label", re.compile("×[3-9][0-9]"), timeout=20_000)
        self.page.evaluate("window.told = []; window.pauses = []; window.since = performance.now()")
        before = self.visits()
        self.state("Work").click()
        expect(self.page.locator("#panel h2")).to_have_text("Work", timeout=2_000)
        self.page.wait_for_timeout(2_000)
        states = self.visits() - before
        seconds = self.page.evaluate("(performance.now() - window.since) / 1000")
        told, pauses = self.page.evaluate("[window.told, window.pauses]")
        print(f"{states / seconds:.0f} states a second; {len(told) / seconds:.1f} messages a second, "
              f"{sum(told) / seconds / 1000:.1f} KB a second; longest pause {max(pauses):.0f} ms")
        self.assertGreater(states / seconds, 50)
        self.assertLessEqual(len(told) / seconds, 8)
        self.assertLess(max(pauses), 400)
        self.assertLess(self.page.locator("#visits tr").count(), 20)
        expect(self.page.locator("#visits .folded")).to_have_count(1)

    def visits(self):
        """How many states the page has heard of."""
        return int(self.page.locator("#visit-count").text_content())

    def test_several_executions_are_stopped(self):
        names = [f"several-{index}" for index in range(3)]
        executions = [self.start("approval", {"id": name, "total": 900}, name) for name in names]
        self.open(f"/executions?machine={self.machines['approval']}&q=several-")
        self.page.on("dialog", lambda dialog: dialog.accept())
        self.page.get_by_label("Choose several-0").check()
        self.page.get_by_label("Choose several-2").check()
        self.page.get_by_role("button", name="Stop").click()
        expect(self.page.locator("td .status")).to_have_text(["aborted", "running", "aborted"])
        self.page.get_by_label("Choose all").check()
        self.page.get_by_role("button", name="Redrive").click()
        expect(self.page.locator("h1")).to_have_text("2 of 3 executions are redriven")
        expect(self.page.locator("tbody tr")).to_have_count(1)
        expect(self.page.locator("tbody tr")).to_contain_text("several-1")
        self.page.get_by_role("link", name="Back").click()
        expect(self.page.locator("td .status")).to_have_text(["running"] * 3)
        self.assertEqual(len(executions), 3)

    def test_a_state_is_tried_while_somebody_types(self):
        self.open("/try")
        self.page.locator("[name=definition]").fill('{"Type": "Pass", "InputPath": "$.a", "End": true}')
        self.page.locator("[name=input]").fill('{"a": 41}')
        expect(self.page.locator("#outcome")).to_contain_text("41")
        self.page.locator("[name=input]").fill('{"a": 42')
        expect(self.page.locator("#outcome .problem")).to_be_visible()
        self.page.locator("[name=input]").fill('{"a": 42}')
        expect(self.page.locator("#outcome")).to_contain_text("42")
        # A call is not made because somebody types.
        task = '{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:broken", "End": true}'
        self.page.locator("[name=definition]").fill(task)
        self.page.locator("[name=role]").fill(ROLE)
        expect(self.page.locator("#outcome")).to_contain_text("once you say so")
        self.page.get_by_role("button", name="Try it").click()
        expect(self.page.locator("#outcome .problem")).to_contain_text("no route to host")

    def test_the_stages_of_data_are_shown(self):
        self.begin("approval", {"id": 15, "total": 90}, "stages")
        self.state("Place").click()
        expect(self.page.locator("#panel .stages")).to_contain_text("After InputPath")

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

    def pages(self, name):
        """Every kind of page, with an execution of this name that waits for an answer."""
        execution = self.start("approval", {"id": 11, "total": 900}, name)
        failed = self.start("broken", {}, f"{name}-failed")
        machine = self.machines["approval"]
        return [
            "", "/executions", "/executions?q=nothing", "/waiting", "/try", "/nowhere", f"/machines/{machine}",
            f"/executions/{execution}", f"/executions/{execution}?state=Ask%20for%20approval",
            f"/executions/{failed}", f"/try?execution={execution}&state=Place",
        ]

    def test_pages_fit_on_a_telephone(self):
        self.page.set_viewport_size({"width": 375, "height": 700})
        for path in self.pages("narrow"):
            self.visit(path)
            width = self.page.evaluate("document.documentElement.scrollWidth")
            self.assertLessEqual(width, 375, path)

    def test_everybody_can_use_every_page(self):
        """The rules of axe, of whatever impact, on what is shown and on what opens."""
        pages = self.pages("everybody")
        for scheme in ("light", "dark"):
            for width in (1280, 375):
                self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                self.page.set_viewport_size({"width": width, "height": 900})
                for path in pages:
                    self.visit(path)
                    self.page.evaluate("document.querySelectorAll('details').forEach((it) => { it.open = true; })")
                    self.assertEqual(self.violations(), [], f"{path}, {scheme}, {width}")

    def visit(self, path):
        """Opens a page that may be one that says there is none."""
        self.open(path)
        if path == "/nowhere":
            # The browser itself complains of the status.
            self.complaints.clear()

    def violations(self):
        """What axe finds: the rule and the elements. It is put in by the browser, past the policy of the page."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        return [
            (violation["id"], violation["impact"], [node["html"][:160] for node in violation["nodes"]])
            for violation in found["violations"]
        ]

    def test_the_graph_is_used_with_keys(self):
        self.begin("approval", {"id": 13, "total": 90}, "keys")
        expect(self.status()).to_have_text("succeeded", timeout=10_000)
        first = self.page.locator(".graph a").first
        first.focus()
        self.page.keyboard.press("j")
        expect(self.page.locator(".graph a").nth(1)).to_be_focused()
        name = self.page.locator(".graph a").nth(1).get_attribute("aria-label").split(",")[0]
        self.page.keyboard.press("Enter")
        expect(self.page.locator("#panel h2")).to_have_text(name)

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
