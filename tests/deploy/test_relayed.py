"""The bench of a relayed chat (bench/relayed.py), in small."""

from __future__ import annotations

import unittest

from django.test import SimpleTestCase

from bench.relayed import relayed
from tests.support import coturn
from tests.support.browser import shared_chromium
from tests.support.contexts import shared_playwright


@unittest.skipIf(coturn.unavailable(), coturn.unavailable())
class RelayedTest(SimpleTestCase):
    def test_the_bench_counts_what_a_relay_passes_on(self) -> None:
        with shared_playwright() as playwright:
            browser = shared_chromium(playwright)
            silent, spoken = (relayed(browser, seconds=0, frames=frames) for frames in (0, 100))
        self.assertGreater(silent, 0)
        self.assertGreater(spoken, silent + 100 * 2 * 300)
