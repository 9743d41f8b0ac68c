"""Makes sdk.tbl, the table of all AWS services and operations, from botocore's models.

    python3 -m venv VENV && VENV/bin/pip install -r requirements.txt
    VENV/bin/python generate            writes sdk.tbl and LOCK
    VENV/bin/python generate --check    fails if they are not what would be written

The pinned wheel of botocore is the only source; the pinned compressor makes the bytes the same everywhere.
"""

import hashlib
import json
import pathlib
import sys

import botocore

import endpoints
import service
import source
import table

MODEL = pathlib.Path(__file__).resolve().parent.parent


def main():
    frames = {}
    resolve = endpoints.resolver()
    for model in source.services():
        name, frame = service.encode(model, resolve(model))
        if name in frames:
            raise SystemExit(f"two services are called {name}")
        frames[name] = frame
    data = table.pack(frames)
    lock = json.dumps(lock_of(data, frames), indent=2) + "\n"
    if "--check" in sys.argv[1:]:
        stale = [
            path
            for path, wanted in (("sdk.tbl", data), ("LOCK", lock.encode()))
            if (MODEL / path).read_bytes() != wanted
        ]
        raise SystemExit(f"not what the generator writes: {', '.join(stale)}" if stale else 0)
    (MODEL / "sdk.tbl").write_bytes(data)
    (MODEL / "LOCK").write_text(lock)


def lock_of(data, frames):
    """What the table was made of, and what came of it."""
    return {
        "botocore": botocore.__version__,
        "models": source.digest(),
        "services": len(frames),
        "table": hashlib.sha256(data).hexdigest(),
    }


main()
