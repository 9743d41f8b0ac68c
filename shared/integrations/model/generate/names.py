"""Names as the AWS SDK for Java 2.x has them, which are those that Step Functions uses.

The names of members and actions follow from the model's by a rule that the reader of the table applies;
here is only what names a service.
"""

import re


def words(text):
    text = re.sub(r"[^A-Za-z0-9]+", " ", text)
    text = re.sub(r"([^a-z]{2,})v([0-9]+)", r"\1 v\2 ", text)
    text = re.sub(r"([^A-Z]{2,})V([0-9]+)", r"\1 V\2 ", text)
    text = re.sub(r"(?<=[a-z])(?=[A-Z]([a-zA-Z]|[0-9]))", " ", text)
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", text)
    text = re.sub(r"([0-9])([a-zA-Z])", r"\1 \2", text)
    return text.split()


def exception_prefix(service_id):
    """What stands before the names of a service's errors. Its lower case names the service in a resource."""
    name = "".join(word[:1].upper() + word[1:].lower() for word in words(service_id))
    for vendor in ("Amazon", "Aws"):
        if name.startswith(vendor) and name != vendor:
            name = name[len(vendor):]
    return name.removesuffix("Service") or name
