"""Runs modules of tests, and ends with a line of totals as `cargo test` has it.

python tests/clients/run.py test_boto3 test_aws_cli
"""

import sys
import unittest


class Result(unittest.TextTestResult):
    """Counts what has passed, and says what is skipped, and why."""

    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def main():
    suite = unittest.TestLoader().loadTestsFromNames(sys.argv[1:])
    result = unittest.TextTestRunner(sys.stdout, verbosity=0, resultclass=Result).run(suite)
    for test, why in result.skipped:
        print(f"SKIPPED: {test}: {why}")
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    word = "FAILED" if failed else "ok"
    print(f"test result: {word}. {result.passed} passed; {failed} failed; {len(result.skipped)} ignored")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
