"""A fuzzer of every operation, driven by the service's model. `python -m fuzz --help` says how to run it."""
