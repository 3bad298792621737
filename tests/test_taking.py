"""tests/support/taking.py: several processes share the tests, and each test is run by one of them."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import TestLoader

from django.test import SimpleTestCase

from tests.support.paths import ROOT
from tests.support.taking import take, wait_in

MODULES = ["tests.test_errors", "tests.test_limits", "tests.test_meter", "tests.test_names", "tests.test_printable"]


class TakingTest(SimpleTestCase):
    def setUp(self) -> None:
        scratch = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.first, self.second = scratch / "first", scratch / "second"

    def run_tests(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "manage.py", "test", *arguments]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def test_what_waits_is_taken_once_in_its_order(self) -> None:
        wait_in(self.first, MODULES)
        self.assertEqual([*iter(lambda: take(self.first), None)], MODULES)

    def test_processes_that_take_run_together_what_one_would_run(self) -> None:
        wait_in(self.first, MODULES[:3])
        wait_in(self.second, MODULES[3:])
        folders = [("--take", str(folder)) for folder in (self.first, self.second)]
        runs = [self.run_tests(*folders[0], *folders[1]), self.run_tests(*folders[1], *folders[0])]
        whole = TestLoader().loadTestsFromNames(MODULES).countTestCases()
        self.assertEqual(sum(map(passed, runs)), whole)

    def test_a_module_that_is_none_is_a_failure(self) -> None:
        wait_in(self.first, ["tests.nothing"])
        run = self.run_tests("--take", str(self.first))
        output, _ = run.communicate()
        self.assertRegex(output, r"\n0 passed, 1 failed\n")
        self.assertEqual(run.returncode, 1)


def passed(run: subprocess.Popen[str]) -> int:
    """How many passed; none failed."""
    output, _ = run.communicate()
    said = re.findall(r"^(\d+) passed, 0 failed$", output, re.MULTILINE)
    assert said, output
    return int(said[-1])
