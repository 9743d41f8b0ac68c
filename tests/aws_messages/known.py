"""Differences that are not ours, or are meant, each with its cause."""


def reason(title, case, why):
    """The cause of a difference, or None."""
    return None
