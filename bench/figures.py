"""The arithmetic of measurements: percentiles of one run, medians and ranges over rounds, ratios within a round."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Summary:
    """One figure over several rounds."""

    median: float
    low: float
    high: float
    rounds: int


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of all are not above (nearest rank). Raises ValueError without values."""
    if not values:
        raise ValueError("no values have no percentile")
    rank = math.ceil(len(values) * percent / 100)
    return sorted(values)[max(rank, 1) - 1]


def summary(values: Iterable[float]) -> Summary | None:
    """None without values."""
    known = list(values)
    return Summary(statistics.median(known), min(known), max(known), len(known)) if known else None


def ratios(values: Sequence[float | None], bases: Sequence[float | None]) -> list[float]:
    """Each round's value by the same round's base; rounds that lack one, or have a base of zero, are left out."""
    return [value / base for value, base in zip(values, bases, strict=True) if value is not None and base]


def differences(values: Sequence[float | None], bases: Sequence[float | None]) -> list[float]:
    """Each round's value less the same round's base; rounds that lack one are left out."""
    return [value - base for value, base in zip(values, bases, strict=True) if value is not None and base is not None]
