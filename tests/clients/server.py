"""`segno dev`, started for a test and ended with it."""

import os
import pathlib
import re
import signal
import subprocess
import threading
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]

# A generous time-out: nothing here takes long.
PATIENCE_SECONDS = 60

REGION = "eu-central-1"
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/any"


def binary():
    """The program under test: SEGNO, or what Cargo has built."""
    target = os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")
    return os.environ.get("SEGNO", str(pathlib.Path(target) / "debug" / "segno"))


class Server:
    """A server with only what the test creates."""

    def __init__(self, *options, data=None):
        """One that keeps what it has in a folder, or else in memory."""
        store = ["--data", str(data)] if data else ["--ephemeral"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.process = subprocess.Popen(
            [binary(), "dev", "--no-discovery", "--port", "0", *store, *options],
            env={**environment, "AWS_REGION": REGION},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        self.said = ""
        # All of it is read, so that the server never waits for a reader.
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        found = self._hears(r"AWS_ENDPOINT_URL_SFN=http://[^:\s]+:(\d+)\s")
        self.port = int(found[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def _read(self):
        for line in self.process.stderr:
            self.said += line

    def _hears(self, pattern):
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            if found := re.search(pattern, self.said):
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.005)
        raise RuntimeError(f"`{pattern}` is not said: {self.said}")

    def is_alive(self):
        return self.process.poll() is None

    def close(self):
        """Ends it with all that it has started."""
        if self.is_alive():
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.reader.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
