"""The dashboard and the alerts beside what a running server exports; tests/deploy/test_prometheus.py runs them for real."""

from __future__ import annotations

import re
from http.client import HTTPConnection
from typing import ClassVar

from django.test import SimpleTestCase
from prometheus_client.parser import text_string_to_metric_families

from tests.support.http import request
from tests.support.monitoring import MONITORING, alerts, dashboard, panel_queries, panels, selectors
from tests.support.paths import ROOT
from tests.support.server import ServerTestCase


class QueriesTest(ServerTestCase):
    server_env: ClassVar[dict[str, str]] = {"METRICS": "1"}
    exported: ClassVar[dict[str, set[tuple[str, str]]]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        answer = request(HTTPConnection("127.0.0.1", cls.server.port), "/metrics")
        cls.exported = {}
        for family in text_string_to_metric_families(answer.body.decode()):
            for sample in family.samples:
                cls.exported.setdefault(sample.name, set()).update(sample.labels.items())

    def assert_exported(self, query: str) -> None:
        found = list(selectors(query))
        for selector in found:
            self.assertIn(selector.name, self.exported)
            self.assertLessEqual(selector.labels, self.exported[selector.name])
        self.assertTrue(found or "up{" in query, query)

    def test_every_series_of_the_dashboard_is_exported(self) -> None:
        for title, queries in panel_queries().items():
            with self.subTest(title):
                for query in queries:
                    self.assert_exported(query)

    def test_every_series_of_the_alerts_is_exported(self) -> None:
        self.assertGreater(len(alerts()), 10)
        for name, query in alerts().items():
            with self.subTest(name):
                self.assert_exported(query)

    def test_every_series_of_ours_is_drawn(self) -> None:
        drawn = {
            selector.name for queries in panel_queries().values() for each in queries for selector in selectors(each)
        }
        ours = {name for name in self.exported if name.startswith("lowkey_")}
        self.assertEqual(ours - drawn - {name for name in ours if name.endswith(("_count", "_sum"))}, set())

    def test_every_series_of_ours_is_explained_to_operators(self) -> None:
        text = (ROOT / "docs" / "operations" / "monitoring.md").read_text()
        explained = set(re.findall(r"`(lowkey_\w+)", text))
        ours = {re.sub("_(bucket|count|sum)$", "", name) for name in self.exported if name.startswith("lowkey_")}
        self.assertEqual(ours, explained & ours)
        self.assertEqual({name for name in explained if not name.startswith(tuple(ours))}, set())


class FormTest(SimpleTestCase):
    def test_no_panel_lies_on_another(self) -> None:
        taken: set[tuple[int, int]] = set()
        for panel in dashboard()["panels"]:
            place = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            self.assertEqual(taken & cells, set(), panel["title"])
            self.assertLessEqual(place["x"] + place["w"], 24)
            taken |= cells

    def test_every_panel_says_what_it_shows_and_has_a_number_of_its_own(self) -> None:
        self.assertTrue(all(panel["description"].endswith(".") for panel in panels()))
        numbers = [panel["id"] for panel in dashboard()["panels"]]
        self.assertEqual(len(numbers), len(set(numbers)))

    def test_the_ports_that_prometheus_asks_are_those_that_nginx_hands_on(self) -> None:
        asked = re.findall(r"127\.0\.0\.1:\d+", (MONITORING / "prometheus.yml").read_text())
        self.assertEqual(asked, re.findall(r"listen (\S+);", (MONITORING / "nginx-metrics.conf").read_text()))

    def test_what_to_do_about_each_alert_is_written_down(self) -> None:
        text = (ROOT / "docs" / "operations" / "troubleshooting.md").read_text()
        for name in alerts():
            self.assertIn(f"`{name}`", text)
