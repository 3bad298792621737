"""From rounds to figures side by side: a table for people, and the same as JSON.

Everything is compared with the bare relay on the same server, and throughput with the stock consumer too, within each round;
what is shown of the ratios is their median. A ratio of two medians would mix different hours of one machine.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from .figures import Summary, differences, ratios, summary
from .rounds import Plan, Sample
from .servers import Subject

Rounds = Sequence[Mapping[str, Sample]]

COLUMNS: Sequence[tuple[str, str, str]] = (
    ("CPU µs a message", "cpu_us", "{:.1f}"),
    ("messages/s", "messages_per_second", "{:,.0f}"),
    ("round trip p50 ms", "p50_ms", "{:.2f}"),
    ("p99 ms", "p99_ms", "{:.2f}"),
    ("connections/s", "connections_per_second", "{:,.0f}"),
    ("without proof", "keyless_connections_per_second", "{:,.0f}"),
    ("KiB idle", "idle_kib", "{:.1f}"),
)
COMPARISONS: Sequence[tuple[str, str, str]] = (
    ("CPU × bare", "cpu_times_bare", "{:.2f}"),
    ("throughput × stock", "throughput_times_stock", "{:.2f}"),
    ("KiB over bare", "idle_kib_over_bare", "{:.1f}"),
)


def report(subjects: Sequence[Subject], rounds: Rounds, plan: Plan) -> dict[str, Any]:
    """The whole of it, ready for JSON: `subjects` by name, each with `figures`, `compared` and every round's `samples`."""
    return {
        "plan": asdict(plan),
        "machine": {
            "cores": os.cpu_count(),
            "kernel": platform.release(),
            "python": platform.python_version(),
            "load": os.getloadavg()[0],
        },
        "subjects": {subject.name: _of(subject, rounds) for subject in subjects},
    }


def table(whole: Mapping[str, Any]) -> str:
    """Columns for people; a figure of several rounds is its median, with the range of the first column beside it."""
    heads = ["", *(head for head, _, _ in (*COLUMNS, *COMPARISONS)), "CPU range"]
    rows = [_row(name, of) for name, of in whole["subjects"].items()]
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    rule = ["-" * width for width in widths]
    return "\n".join(_line(row, widths) for row in [heads, rule, *rows])


def _of(subject: Subject, rounds: Rounds) -> dict[str, Any]:
    samples = [dict(samples[subject.name]) for samples in rounds]
    names = sorted({name for sample in samples for name in sample})
    figures = {name: _plain(summary(sample[name] for sample in samples if name in sample)) for name in names}
    return {"figures": figures, "compared": _compared(subject, rounds), "samples": samples}


def _compared(subject: Subject, rounds: Rounds) -> dict[str, Any]:
    def of(app: str, figure: str) -> list[float | None]:
        return [samples.get(f"{app}@{subject.server}", {}).get(figure) for samples in rounds]

    def own(figure: str) -> list[float | None]:
        return [samples[subject.name].get(figure) for samples in rounds]

    return {
        "cpu_times_bare": _plain(summary(ratios(own("cpu_us"), of("bare", "cpu_us")))),
        "throughput_times_stock": _plain(
            summary(ratios(own("messages_per_second"), of("stock", "messages_per_second")))
        ),
        "cpu_times_stock": _plain(summary(ratios(own("cpu_us"), of("stock", "cpu_us")))),
        "idle_kib_over_bare": _plain(summary(differences(own("idle_kib"), of("bare", "idle_kib")))),
    }


def _plain(of: Summary | None) -> dict[str, float] | None:
    return asdict(of) if of else None


def _row(name: str, of: Mapping[str, Any]) -> list[str]:
    figures, compared = of["figures"], of["compared"]
    shown = [_shown(figures.get(key), form) for _, key, form in COLUMNS]
    shown += [_shown(compared.get(key), form) for _, key, form in COMPARISONS]
    cpu = figures["cpu_us"]
    return [name, *shown, f"{cpu['low']:.1f}–{cpu['high']:.1f}"]


def _shown(of: Mapping[str, float] | None, form: str) -> str:
    return form.format(of["median"]) if of else ""


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
    return " | ".join(cells).rstrip()
