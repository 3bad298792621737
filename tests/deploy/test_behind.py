from __future__ import annotations

from argparse import Namespace

from django.test import SimpleTestCase

from bench.behind import BEHIND, DIRECT, measure
from bench.servers import Subject


class BehindTest(SimpleTestCase):
    def test_the_bench_measures_a_server_straight_and_behind_nginx(self) -> None:
        options = Namespace(pairs=2, window=1, seconds=0.2, rate=50.0)
        for server in ("daphne", "uvicorn"):
            direct, behind = (measure(Subject("lowkey", server), way, options) for way in (DIRECT, BEHIND))
            self.assertGreater(min(direct["messages_per_second"], behind["messages_per_second"]), 0)
            self.assertEqual(direct["proxy_us"], 0)
            self.assertLess(0, behind["p50_ms"])
