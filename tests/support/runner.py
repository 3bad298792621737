"""Django's test runner, with one closing line that a person or a program can read: `N passed, N failed`. Why tests were skipped
stands above it.

While it runs, what a program keeps in the platform's folder for configuration goes to a folder that is removed at the end:
no test writes into a developer's home.
"""

from __future__ import annotations

import os
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import TestCase, TestResult, TestSuite

from django.test.runner import DiscoverRunner

from tests.support.limited import LimitedResult
from tests.support.slowest import TimedResult, report
from tests.support.taking import TakenSuite


class Runner(DiscoverRunner):
    """Counts each test once, however many of its subtests failed; a broken setUpClass is a failure of its own."""

    def __init__(self, *given: Any, slowest: int = 0, take: Sequence[Path] = (), **named: Any) -> None:
        super().__init__(*given, **named)
        self._slowest = slowest
        self._take = take

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--slowest", type=int, default=0, metavar="N", help="Say what the N slowest tests took.")
        what = "Run the modules that wait there (tests/support/taking.py)."
        parser.add_argument("--take", action="append", type=Path, default=[], metavar="FOLDER", help=what)

    def build_suite(self, *given: Any, **named: Any) -> TestSuite:
        return TakenSuite(self._take) if self._take else super().build_suite(*given, **named)

    def get_databases(self, suite: TestSuite) -> dict[str, bool]:  # type: ignore[override]  # what the stubs say is out of date
        """None: there is no database. Django would look at each test, and those to be taken are not known yet."""
        return {}

    def get_resultclass(self) -> Any:
        return super().get_resultclass() or (TimedResult if self._slowest else LimitedResult)

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
        if self._slowest:
            print(report(result.costs, self._slowest), file=sys.stderr)
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
