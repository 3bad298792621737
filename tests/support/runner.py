"""Django's test runner, with one closing line that a person or a program can read: `N passed, N failed`. Why tests were skipped
stands above it.

While it runs, what a program keeps in the platform's folder for configuration goes to a folder that is removed at the end:
no test writes into a developer's home.
"""

from __future__ import annotations

import os
import sys
import tempfile
from typing import Any
from unittest import TestCase, TestResult, TestSuite

from django.test.runner import DiscoverRunner


class Runner(DiscoverRunner):
    """Counts each test once, however many of its subtests failed; a broken setUpClass is a failure of its own."""

    def setup_test_environment(self, **kwargs: Any) -> None:
        super().setup_test_environment(**kwargs)
        self._config = tempfile.TemporaryDirectory(prefix="lowkey-config-")
        self._config_before = os.environ.get("XDG_CONFIG_HOME")
        os.environ["XDG_CONFIG_HOME"] = self._config.name

    def teardown_test_environment(self, **kwargs: Any) -> None:
        if self._config_before is None:
            del os.environ["XDG_CONFIG_HOME"]
        else:
            os.environ["XDG_CONFIG_HOME"] = self._config_before
        self._config.cleanup()
        super().teardown_test_environment(**kwargs)

    def suite_result(self, suite: TestSuite, result: Any, **kwargs: Any) -> int:
        """Print the line and give the number of failures, from which the exit code comes."""
        unhappy = {owner(test) for test, _ in result.failures + result.errors} | set(result.unexpectedSuccesses)
        passed = result.testsRun - sum(isinstance(test, TestCase) for test in unhappy) - skipped(result)
        for reason in sorted({reason for _, reason in result.skipped}):
            print(f"skipped: {reason}", file=sys.stderr)
        print(f"{passed} passed, {len(unhappy)} failed", file=sys.stderr)
        return super().suite_result(suite, result, **kwargs)


def owner(test: Any) -> Any:
    """The test that a failed subtest belongs to."""
    return getattr(test, "test_case", test)


def skipped(result: TestResult) -> int:
    """How many tests were begun and skipped; a class skipped as a whole was never begun."""
    return sum(isinstance(test, TestCase) for test, _ in result.skipped)
