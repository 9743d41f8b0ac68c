"""Makes sdk.tbl, the table of all AWS services and operations, from botocore's models; and constraints.tbl, what
the models say of values.

    python3 -m venv VENV && VENV/bin/pip install -r requirements.txt
    VENV/bin/python generate            writes the tables and LOCK
    VENV/bin/python generate --check    fails if they are not what would be written

The pinned wheel of botocore is the only source; the pinned compressor makes the bytes the same everywhere.
"""

import hashlib
import json
import pathlib
import sys

import botocore

import constraints
import endpoints
import service
import source
import table

MODEL = pathlib.Path(__file__).resolve().parent.parent


def main():
    frames, limits = {}, {}
    resolve = endpoints.resolver()
    for model in source.services():
        name, frame = service.encode(model, resolve(model))
        if name in frames:
            raise SystemExit(f"two services are called {name}")
        frames[name] = frame
        limits[name] = constraints.encode(model)
    data, limits = table.pack(frames), table.pack(limits)
    lock = json.dumps(lock_of(data, limits, frames), indent=2) + "\n"
    written = {"sdk.tbl": data, "constraints.tbl": limits, "LOCK": lock.encode()}
    if "--check" in sys.argv[1:]:
        stale = [path for path, wanted in written.items() if (MODEL / path).read_bytes() != wanted]
        raise SystemExit(f"not what the generator writes: {', '.join(stale)}" if stale else 0)
    for path, wanted in written.items():
        (MODEL / path).write_bytes(wanted)


def lock_of(data, limits, frames):
    """What the tables were made of, and what came of it."""
    return {
        "botocore": botocore.__version__,
        "models": source.digest(),
        "services": len(frames),
        "table": hashlib.sha256(data).hexdigest(),
        "constraints": hashlib.sha256(limits).hexdigest(),
    }


main()
