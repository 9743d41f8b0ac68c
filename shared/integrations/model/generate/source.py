"""Botocore's service models, as they are in the wheel."""

import gzip
import hashlib
import json
import pathlib

import botocore

DATA = pathlib.Path(botocore.__file__).parent / "data"

# A second model of pinpointsmsvoice.
DUPLICATES = {"sms-voice"}

seen = hashlib.sha256()


def services():
    """The newest model of each service, by the name of its folder."""
    for folder in sorted(DATA.iterdir()):
        versions = sorted(path.parent for path in folder.glob("*/service-2.json*")) if folder.is_dir() else []
        if versions and folder.name not in DUPLICATES:
            model = read(versions[-1] / "service-2.json")
            model["rules"] = read(versions[-1] / "endpoint-rule-set-1.json")
            yield model


def read(path):
    """A JSON file, which may be compressed; None if there is none."""
    packed = path.with_name(path.name + ".gz")
    found = next((file for file in (packed, path) if file.exists()), None)
    if found is None:
        return None
    data = found.read_bytes()
    seen.update(data)
    return json.loads(gzip.decompress(data) if found == packed else data)


def digest():
    """The SHA-256 of all files that were read, in their order."""
    return seen.hexdigest()
