"""What is asked of the numbers: the queries of deploy/monitoring, and the series and labels that they speak of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.support.paths import ROOT

MONITORING = ROOT / "deploy" / "monitoring"

_ALERT = re.compile(r"- alert: (\w+)\n +expr: (.+?)\n +(?:for|labels):", re.DOTALL)
_SELECTOR = re.compile(r"\b((?:lowkey|process|python)_\w+)\b(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*=~?\s*"([^"]*)"')
_SCRAPED = frozenset({"job", "instance"})
"""Labels that Prometheus adds when it scrapes."""


@dataclass(frozen=True)
class Selector:
    """A series that a query asks for, and the values of its labels that it names."""

    name: str
    labels: frozenset[tuple[str, str]]


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana imports it."""
    loaded: dict[str, Any] = json.loads((MONITORING / "dashboard.json").read_text())
    return loaded


def panels() -> list[dict[str, Any]]:
    """Its panels, without the rows that only head them."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def panel_queries() -> dict[str, list[str]]:
    """What each panel asks, by its title, with Grafana's variables filled in: all processes, a rate over 30 seconds."""
    filled = {"$instance": ".*", "$__rate_interval": "30s"}
    return {panel["title"]: [_filled(target["expr"], filled) for target in panel["targets"]] for panel in panels()}


def alerts() -> dict[str, str]:
    """The expression of each alert."""
    return {name: expr.removeprefix(">-") for name, expr in _ALERT.findall((MONITORING / "alerts.yml").read_text())}


def selectors(query: str) -> Iterator[Selector]:
    """The series of lowkey that a query asks for, one for each value where it names several with `a|b`."""
    for name, matchers in _SELECTOR.findall(query):
        named = [(label, value) for label, value in _MATCHER.findall(matchers) if label not in _SCRAPED]
        yield Selector(name, frozenset((label, each) for label, value in named for each in value.split("|")))


def _filled(query: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        query = query.replace(name, value)
    return query
