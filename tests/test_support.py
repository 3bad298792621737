from __future__ import annotations

import subprocess
import sys
import unittest
import urllib.request
from contextlib import redirect_stderr
from io import StringIO
from typing import cast

from django.test import SimpleTestCase

from tests.support.paths import ROOT
from tests.support.runner import Runner
from tests.support.server import DaphneServer
from tests.support.slowest import TimedResult, report


class Sample(unittest.TestCase):
    """Run by hand below: two tests pass, two fail, one is skipped."""

    def passes(self) -> None:
        pass

    def fails(self) -> None:
        self.fail("on purpose")

    def fails_twice(self) -> None:
        for number in range(2):
            with self.subTest(number):
                self.fail("on purpose")

    def skips(self) -> None:
        self.skipTest("on purpose")


class Busy(unittest.TestCase):
    """Run by hand below: another process computes for it."""

    def computes(self) -> None:
        subprocess.run([sys.executable, "-Sc", "import time\nwhile time.process_time() < 0.3: pass"], check=True)

    def does_nothing(self) -> None:
        pass


class Slowest(SimpleTestCase):
    def test_what_a_test_had_others_compute_is_its_cost_and_the_slowest_is_named_first(self) -> None:
        suite = unittest.TestSuite(map(Busy, ("does_nothing", "computes")))
        result = unittest.TextTestRunner(StringIO(), resultclass=TimedResult).run(suite)
        costs = cast(TimedResult, result).costs
        self.assertGreater(costs[__name__, "Busy.computes"].cpu, 0.2)
        self.assertLess(costs[__name__, "Busy.does_nothing"].cpu, 0.2)
        _, module, _, first, *_ = report(costs, 1).splitlines()
        self.assertRegex(module, r"\d  tests\.test_support$")
        self.assertRegex(first, r"\d  tests\.test_support\.Busy\.computes$")


STANDING = """
import threading, unittest
from tests.support.limited import LimitedResult

class Sample(unittest.TestCase):
    def passes(self): pass
    def stands_for_ever(self): threading.Event().wait()

LimitedResult.limit = 0.2
unittest.TextTestRunner(resultclass=LimitedResult).run(unittest.TestSuite(map(Sample, ("passes", "stands_for_ever"))))
"""


class Limited(SimpleTestCase):
    def test_a_test_that_stands_for_ever_ends_the_run_and_it_is_said_where(self) -> None:
        command = [sys.executable, "-c", STANDING]
        ended = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=60)
        self.assertEqual(ended.returncode, 1)
        self.assertIn("in stands_for_ever", ended.stderr)


class ClosingLine(SimpleTestCase):
    def test_it_counts_each_test_once(self) -> None:
        result = unittest.TestResult()
        suite = unittest.TestSuite(map(Sample, ("passes", "passes", "fails", "fails_twice", "skips")))
        suite.run(result)
        with redirect_stderr(StringIO()) as said:
            failures = Runner().suite_result(suite, result)
        self.assertEqual(said.getvalue(), "skipped: on purpose\n2 passed, 2 failed\n")
        self.assertGreater(failures, 0)


class Server(SimpleTestCase):
    def test_it_comes_back_on_its_port_after_a_power_cut(self) -> None:
        server = self.enterContext(DaphneServer())
        url = server.url
        server.kill()
        with self.assertRaises(OSError):
            urllib.request.urlopen(f"{url}/health")
        server.start()
        self.assertEqual(server.url, url)
        with urllib.request.urlopen(f"{url}/health") as response:
            self.assertEqual(response.status, 200)

    def test_what_it_says_on_a_failed_start_is_in_the_error(self) -> None:
        with self.assertRaisesMessage(RuntimeError, "SESSION_TTL must be a duration"):
            DaphneServer({"SESSION_TTL": "soon"}).start()


class Guarded(SimpleTestCase):
    def test_it_ends_with_its_parent(self) -> None:
        command = [sys.executable, "-m", "tests.support.guarded", "http.server", "--bind", "127.0.0.1", "0"]
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.addCleanup(process.kill)
        process.communicate(timeout=10)  # closes its standard input, as the death of a parent does
        self.assertEqual(process.returncode, 1)
