"""What a GetItem costs through the client of all services, beside aws-sdk-dynamodb: instructions, counted by
callgrind; and what that client adds to a program that is built for Lambda.

    python3 tests/get_item/measure.py --target target/get_item

Fails if it is more than 1.2 times the instructions, or 2.5 MB.
"""

import argparse
import http.server
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
ANSWER = b'{"Item":{"id":{"S":"1"},"n":{"N":"5"}}}'
CALLS = 200
FACTOR_MAX = 1.2
GROWTH_MAX = 2_500_000


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", required=True)
    target = pathlib.Path(parser.parse_args().target).resolve()
    for features in ("sdk", "segno"):
        build(target, "release", features)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    sdk, segno = (per_call(target / "release" / name, url) for name in ("sdk", "segno"))
    print(f"instructions of a GetItem: {segno:,.0f}; with aws-sdk-dynamodb {sdk:,.0f}: {segno / sdk:.2f} times")
    build(target, "lambda", "segno")
    segno_bytes, baseline_bytes = ((target / "lambda" / name).stat().st_size for name in ("segno", "baseline"))
    growth = segno_bytes - baseline_bytes
    print(f"bytes for Lambda: {segno_bytes:,}; without the client and its table {baseline_bytes:,}: {growth:,} more")
    sys.exit(segno > FACTOR_MAX * sdk or growth > GROWTH_MAX)


def build(target, profile, features):
    command = ["cargo", "build", "--quiet", "--locked", "--profile", profile, "--features", features, "--bins"]
    subprocess.run(
        [*command, "--manifest-path", str(HERE / "Cargo.toml")],
        env={**os.environ, "CARGO_TARGET_DIR": str(target)},
        check=True,
    )


def per_call(program, url):
    """Instructions of one more call, without what comes before the first."""
    return (instructions(program, url, CALLS + 10) - instructions(program, url, 10)) / CALLS


def instructions(program, url, calls):
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", str(program), url, str(calls)],
            stderr=subprocess.PIPE,
            text=True,
            check=True,
        )
    return int(re.search(r"Collected\s*:\s*(\d+)", done.stderr)[1])


main()
