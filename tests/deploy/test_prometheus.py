"""The files of deploy/monitoring in a real Prometheus: does it take them, do the queries work, do the alerts speak?"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from django.test import SimpleTestCase

from tests.support.monitoring import MONITORING, alerts, panel_queries
from tests.support.paths import ROOT
from tests.support.prometheus import BINARY, PROMTOOL, Prometheus
from tests.support.server import DaphneServer

PATIENCE = 60.0

needs_prometheus = unittest.skipUnless(
    BINARY and PROMTOOL, "there is no Prometheus here (Debian's package is called prometheus)"
)


@needs_prometheus
class FilesTest(SimpleTestCase):
    def promtool(self, *arguments: str | Path) -> None:
        result = subprocess.run([str(PROMTOOL), *arguments], capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_prometheus_takes_the_configuration_and_its_rules(self) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            for name in ("prometheus.yml", "alerts.yml"):
                shutil.copy(MONITORING / name, scratch)
            self.promtool("check", "config", Path(scratch, "prometheus.yml"))

    def test_each_alert_speaks_when_it_should_and_not_before(self) -> None:
        self.promtool("test", "rules", ROOT / "tests" / "deploy" / "alerts.test.yml")


@needs_prometheus
class QueriesTest(SimpleTestCase):
    def test_every_query_is_answered_for_a_running_server(self) -> None:
        waiting = [(title, query) for title, queries in panel_queries().items() for query in queries]
        deadline = time.monotonic() + PATIENCE
        with DaphneServer({"METRICS": "1"}) as server, Prometheus(server.port) as prometheus:
            self.assertEqual({rule["name"] for rule in prometheus.rules()}, set(alerts()))
            while waiting and time.monotonic() < deadline:  # a rate needs two scrapes
                waiting = [(title, query) for title, query in waiting if not prometheus.ask(query)]
                time.sleep(0.1 if waiting else 0)
            self.assertEqual(waiting, [])
            for name, query in alerts().items():
                with self.subTest(name):
                    prometheus.ask(query)
