#!/usr/bin/env python3
"""What an execution costs a local server, beside other servers that run state machines.

    tests/bench/peers.py target/release/segno [ROUNDS]

Servers take turns in each round, one at a time, on loopback. What is compared is the CPU time of a server and
of all its processes per execution: that hardly depends on what else the machine is doing. The others
are installed from PyPI into target/tools the first time, at pinned versions. Prints a table in Markdown,
with the medians over the rounds.
"""

import concurrent.futures
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid

PROJECT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", PROJECT / "target")) / "tools"

# A poll each so many seconds, until an execution has ended.
POLL = 0.005

# Longest time to wait for anything.
PATIENCE = 120


def passes(count):
    names = [f"Pass{number}" for number in range(count)]
    states = {name: {"Type": "Pass", "Next": after} for name, after in zip(names, names[1:])}
    states[names[-1]] = {"Type": "Pass", "End": True}
    return {"StartAt": names[0], "States": states}


def wide_map():
    processor = {
        "ProcessorConfig": {"Mode": "INLINE"},
        "StartAt": "Item",
        "States": {"Item": {"Type": "Pass", "End": True}},
    }
    state = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "End": True}
    return {"StartAt": "All", "States": {"All": state}}


def catalogue(articles):
    return {"items": [{"id": number, "name": f"article {number}", "price": number * 1.25} for number in range(articles)]}


SMALL = {"a": 1}
THOUSAND = list(range(1_000))
LARGE = catalogue(1_800)  # 100 KB

# name: definition, input, output, executions in flight, executions in a round
WORKLOADS = {
    "10 Pass states, 64 in flight": (passes(10), SMALL, SMALL, 64, 600),
    "10 Pass states, alone": (passes(10), SMALL, SMALL, 1, 100),
    "Map of 1,000 Pass states, alone": (wide_map(), {"items": THOUSAND}, THOUSAND, 1, 30),
    "100 KB through 10 Pass states, alone": (passes(10), LARGE, LARGE, 1, 50),
}


def environment(name, *requirements):
    """A Python environment with something installed, made the first time."""
    folder = TOOLS / f"bench-{name}"
    if not (folder / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([folder / "bin/pip", "install", "--quiet", *requirements], check=True)
        (folder / "installed").touch()
    return folder / "bin"


def segno(program, *options):
    return lambda port, folder: ([program, "dev", "--no-discovery", "--port", str(port), *options], {})


def moto(port, folder):
    program = environment("moto", "moto[server]==5.2.5") / "moto_server"
    return [program, "-H", "127.0.0.1", "-p", str(port)], {}


def ministack(port, folder):
    program = environment("ministack", "ministack==1.5.33") / "ministack"
    quiet = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "LOG_LEVEL": "WARNING", "SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0"}
    return [program], quiet


class Server:
    """A server in a process group and a folder of its own."""

    def __init__(self, command):
        self.folder = tempfile.mkdtemp(prefix="segno-bench-")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        arguments, variables = command(self.port, self.folder)
        keys = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1"}
        begun = time.perf_counter()
        self.process = subprocess.Popen(
            arguments,
            cwd=self.folder,
            env={**os.environ, **keys, **variables},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.local = threading.local()
        while True:
            try:
                self.call("ListStateMachines", {})
                break
            except OSError:
                if time.perf_counter() - begun > PATIENCE or self.process.poll() is not None:
                    raise
                time.sleep(0.002)
        self.cold_start = time.perf_counter() - begun

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def request(self, method, path, body=None, headers=None):
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            connection.connect()
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.local.connection = connection
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            self.local.connection = None
            raise ConnectionError(str(error)) from error

    def call(self, operation, body):
        credential = "AWS4-HMAC-SHA256 Credential=any/20250101/us-east-1/states/aws4_request, SignedHeaders=host, Signature=00"
        headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": f"AWSStepFunctions.{operation}", "authorization": credential}
        status, answer = self.request("POST", "/", json.dumps(body), headers)
        if status != 200:
            raise RuntimeError(f"{operation}: {status} {answer[:300]}")
        return json.loads(answer)

    def processes(self):
        children = {}
        for entry in pathlib.Path("/proc").iterdir():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                children.setdefault(int(fields[1]), []).append((int(entry.name), fields))
            except (OSError, ValueError, IndexError):
                pass
        found, parents = [], [self.process.pid]
        while parents:
            parent = parents.pop()
            found.append(parent)
            parents += [pid for pid, _ in children.get(parent, [])]
        return found

    def cpu(self):
        """Seconds of CPU time of all its processes, those that have ended included."""
        ticks = 0
        for pid in self.processes():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += sum(map(int, fields[11:15]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Resident megabytes."""
        lines = (line for pid in self.processes() for line in open(f"/proc/{pid}/status") if line.startswith("VmRSS"))
        return sum(int(line.split()[1]) for line in lines) / 1024

    def fsyncs(self):
        """What Segno has counted: transactions with an fsync, and two for each time that the log is brought home."""
        text = self.request("GET", "/metrics")[1].decode()
        counts = dict(line.split() for line in text.splitlines() if not line.startswith("#"))
        get = lambda name: int(counts.get(f"segno_store_{name}_total", 0))
        return get("synced_transactions") + 2 * get("checkpoints")

    def run(self, machine, given, expected):
        """One execution, and how long it took."""
        begun = time.perf_counter()
        name = uuid.uuid4().hex
        execution = self.call("StartExecution", {"stateMachineArn": machine, "name": name, "input": given})["executionArn"]
        while True:
            found = self.call("DescribeExecution", {"executionArn": execution})
            # moto tells that it succeeded, and a moment later of the output.
            is_whole = found["status"] != "SUCCEEDED" or "output" in found
            if found["status"] != "RUNNING" and is_whole:
                break
            if time.perf_counter() - begun > PATIENCE:
                raise RuntimeError(f"it does not end: {found}")
            time.sleep(POLL)
        if found["status"] != "SUCCEEDED" or json.loads(found["output"]) != expected:
            raise RuntimeError(f"it ended wrong: {str(found)[:300]}")
        return time.perf_counter() - begun


def measure(server, workload, number):
    definition, given, expected, in_flight, count = workload
    role = "arn:aws:iam::123456789012:role/any"
    request = {"name": f"bench-{number}", "definition": json.dumps(definition), "roleArn": role}
    machine = server.call("CreateStateMachine", request)["stateMachineArn"]
    given = json.dumps(given)
    with concurrent.futures.ThreadPoolExecutor(in_flight) as pool:
        one = lambda _: server.run(machine, given, expected)
        list(pool.map(one, range(in_flight)))  # what is only done the first time
        before = server.cpu()
        took = list(pool.map(one, range(count)))
        cpu = server.cpu() - before
    return {"cpu": cpu / count * 1_000, "latency": statistics.median(took) * 1_000}


def round_of(name, command, prepare):
    figures = {}
    with Server(command) as server:
        figures["cold start, ms"] = server.cold_start * 1_000
        time.sleep(1)
        figures["memory when idle, MB"] = server.memory()
        prepare(server)
        for number, (title, workload) in enumerate(WORKLOADS.items()):
            counts = name.startswith("Segno")
            before = server.fsyncs() if counts else 0
            measured = measure(server, workload, number)
            figures[f"{title}: CPU ms"] = measured["cpu"]
            if workload[3] == 1:
                figures[f"{title}: p50 ms"] = measured["latency"]
            if counts:
                executions = workload[3] + workload[4]
                figures[f"{title}: fsyncs"] = (server.fsyncs() - before) / executions
        figures["memory after that, MB"] = server.memory()
    return figures


def table(results):
    servers = list(results)
    rows = []
    for rounds in results.values():
        rows += [row for row in rounds[0] if row not in rows]
    print("| | " + " | ".join(servers) + " |")
    print("|---|" + "---:|" * len(servers))
    for row in rows:
        cells = []
        for server in servers:
            values = [figures[row] for figures in results[server] if row in figures]
            cells.append(f"{statistics.median(values):,.2f}" if values else "–")
        print(f"| {row} | " + " | ".join(cells) + " |")


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    executes = json.dumps({"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}})
    nothing = lambda server: None
    servers = {
        "Segno": (segno(program), nothing),
        "Segno --ephemeral": (segno(program, "--ephemeral"), nothing),
        # It does not run anything unless it is told to.
        "moto 5.2.5": (moto, lambda server: server.request("POST", "/moto-api/config", executes, {"content-type": "application/json"})),
        "ministack 1.5.33": (ministack, nothing),
    }
    results = {name: [] for name in servers}
    for number in range(rounds):
        for name, (command, prepare) in servers.items():
            print(f"round {number + 1}: {name}", file=sys.stderr)
            results[name].append(round_of(name, command, prepare))
    table(results)


main()
