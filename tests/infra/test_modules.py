"""Terraform takes the modules of infra/, and they are formatted. Skipped where it, or its AWS provider, is missing:
nothing is downloaded."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

from terraform import plugins

INFRA = pathlib.Path(__file__).resolve().parents[2] / "infra"


class Modules(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("terraform"):
            raise unittest.SkipTest("terraform is not installed")
        cls.plugins = plugins()
        if not cls.plugins:
            raise unittest.SkipTest("terraform's AWS provider is not on this machine")
        work = tempfile.TemporaryDirectory(prefix="segno-infra-")
        cls.addClassCleanup(work.cleanup)
        cls.work = pathlib.Path(work.name) / "infra"
        shutil.copytree(INFRA, cls.work, ignore=shutil.ignore_patterns(".terraform*"))

    def terraform(self, folder, *words):
        run = subprocess.run(
            ["terraform", f"-chdir={self.work / folder}", *words], capture_output=True, text=True,
        )
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_the_module_and_the_example_are_valid(self):
        for folder in ("terraform", "examples/terraform"):
            self.terraform(folder, "init", "-input=false", "-backend=false", f"-plugin-dir={self.plugins}")
            self.terraform(folder, "validate")

    def test_they_are_formatted(self):
        self.terraform(".", "fmt", "-check", "-recursive")


if __name__ == "__main__":
    unittest.main()
