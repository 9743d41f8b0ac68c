"""Differences that are meant, or not ours, each with its cause."""


def reason(title, case, why):
    """The cause of a difference, or None."""
    if title == "requests":
        if case.protocol == "rest-xml" and why.startswith("body") and why.endswith("not b''"):
            return "without members the codec of the AWS SDK for Rust sends an empty element, botocore nothing"
        if case.service == "simpledb":
            return "botocore names an empty list otherwise than one with elements; the service cannot be called here"
        if case.operation == "RestoreObject":
            return "the codec leaves line breaks in an XML attribute as they are"
    elif title == "protocol tests" and case.is_ignored:
        return "botocore does not pass it either, by its own list"
    elif case.operation == "RestJsonDeserializesDenseSetMapAndSkipsNull":
        return "the models do not say which maps may hold null"
    elif (case.service, case.operation) == ("s3", "GetBucketNotification"):
        return "Event and Events have one name on the wire; botocore gives what it reads to both"
    elif (case.service, case.operation) == ("dataexchange", "SendApiAsset"):
        return "the prefix of the headers is empty; botocore counts Content-Type, which has a member of its own"
    return None
