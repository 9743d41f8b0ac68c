"""Requests as bytes, and what comes back."""

import dataclasses
import http.client
import json
import socket
import time

TARGET = "AWSStepFunctions."

# Nothing takes long, but for a poll that finds no task, and the fuzzer sees to it that there is one.
PATIENCE_SECONDS = 20

SIGNATURE = (
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-central-1/states/aws4_request, "
    "SignedHeaders=host;x-amz-date;x-amz-target, Signature=0"
)


@dataclasses.dataclass
class Request:
    """A request that a mutation may change in every respect."""

    operation: str
    body: bytes
    method: str = "POST"
    path: str = "/"
    headers: dict = dataclasses.field(default_factory=dict)
    # After so many bytes of the body the sender hangs up; None: it waits for the answer.
    hangs_up_after: int | None = None

    def all_headers(self):
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": TARGET + self.operation,
            "Authorization": SIGNATURE,
            **self.headers,
        }
        return {name: value for name, value in headers.items() if value is not None}


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict
    body: bytes
    seconds: float

    def json(self):
        return json.loads(self.body)


class Hang(Exception):
    """There was no answer, or the connection ended without one."""


class Connection:
    """A connection that is kept as long as the server keeps it."""

    def __init__(self, port):
        self.port = port
        self.connection = None

    def send(self, request):
        """The answer to a request; None if its sender does not wait for one."""
        if request.hangs_up_after is not None:
            self._hang_up(request)
            return None
        begun = time.monotonic()
        for is_first in (True, False):
            is_new = self.connection is None
            if is_new:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
            try:
                self.connection.request(request.method, request.path, request.body, request.all_headers())
                response = self.connection.getresponse()
                body = response.read()
                break
            except (OSError, http.client.HTTPException) as error:
                self.close()
                # One that the server has closed after the answer before shows only now.
                if is_new or not is_first or isinstance(error, TimeoutError):
                    raise Hang(f"{type(error).__name__}: {error}") from error
        headers = {name.lower(): value for name, value in response.getheaders()}
        if response.will_close:
            self.close()
        return Answer(response.status, headers, body, time.monotonic() - begun)

    def call(self, operation, **request):
        """What an operation answers, which must be that it is done."""
        answer = self.send(Request(operation, json.dumps(request).encode()))
        if answer.status != 200:
            raise RuntimeError(f"{operation} {request}: {answer.status} {answer.body[:2000]}")
        return answer.json()

    def _hang_up(self, request):
        head = [f"{request.method} {request.path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        head += [f"{name}: {value}" for name, value in request.all_headers().items()]
        head.append(f"Content-Length: {len(request.body)}")
        head = "\r\n".join(head).encode() + b"\r\n\r\n"
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_SECONDS) as connection:
            connection.sendall(head + request.body[: request.hangs_up_after])

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None
