"""No test stands for ever: one that does ends the run, after all threads have said where they are."""

from __future__ import annotations

import faulthandler
import unittest

LIMIT_SECONDS = 300.0
"""More than any test takes on a busy machine."""


class LimitedResult(unittest.TextTestResult):
    """Gives each test so long, with what is set up for it alone."""

    limit = LIMIT_SECONDS

    def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802 - unittest's own name
        super().startTest(test)
        faulthandler.dump_traceback_later(self.limit, exit=True)

    def stopTest(self, test: unittest.TestCase) -> None:  # noqa: N802 - unittest's own name
        faulthandler.cancel_dump_traceback_later()
        super().stopTest(test)
