"""Many idle connections: what they cost in memory, and whether those who do talk notice them.

On one server, round trips are timed with and without the idle connections in turns, so that what is compared is close in
time. The bare relay holds as many on the same kind of server, for the memory that is the server's own.
"""

from __future__ import annotations

import argparse
import statistics
from typing import Any

from .generator import Generator
from .process import raise_file_limit
from .rounds import say
from .servers import Server, Subject

SENTENCE = "hold many idle connections while a few pairs talk"

SPARE_FILES = 500
"""What a server and the generator need beside the idle connections."""

SLOWER = 1.5
LIGHT_KIB = 20.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=run)
    parser.add_argument("--connections", type=int, default=10_000, help="(10000)")
    parser.add_argument("--pairs", type=int, default=20, help="(20)")
    parser.add_argument("--rate", type=float, default=400.0, help="round trips a second, over all pairs (400)")
    parser.add_argument("--seconds", type=float, default=4.0, help="of timing, each time (4)")
    parser.add_argument("--turns", type=int, default=3, help="with and without, so many times (3)")
    parser.add_argument("--servers", nargs="+", default=["daphne", "uvicorn"], help="(daphne uvicorn)")


def run(options: argparse.Namespace) -> tuple[dict[str, Any], str, bool]:
    """The figures by server, a table, and whether memory and latency are within what is promised."""
    room = raise_file_limit() - SPARE_FILES
    count = min(options.connections, room)
    if count < options.connections:
        say(f"the limit of open files allows {count} connections")
    servers = {name: _one_server(name, count, options) for name in options.servers}
    lines = [_line(name, of) for name, of in servers.items()]
    kept = all(of["p99_ratio"] <= SLOWER and of["kib_over_bare"] <= LIGHT_KIB for of in servers.values())
    return {"idle": servers}, "\n".join(lines), kept


def _one_server(name: str, count: int, options: argparse.Namespace) -> dict[str, Any]:
    timing = {"pairs": options.pairs, "rate": options.rate, "seconds": options.seconds}
    without, with_them, kib = [], [], 0.0
    with Server(Subject("lowkey", name)) as server, Generator(server) as load:
        load.do("trips", **timing)  # the first time is for what is loaded and compiled on first use
        for turn in range(options.turns):
            say(f"{name}, turn {turn + 1} of {options.turns}")
            without.append(load.do("trips", **timing))
            held = load.do("idle", count=count)
            kib = kib or held["idle_kib"]  # later ones move into memory that the first ones left
            with_them.append(load.do("trips", **timing))
            load.do("idle_no_more")
    say(f"{name}, bare")
    with Server(Subject("bare", name)) as server, Generator(server) as load:
        bare = load.do("idle", count=count)["idle_kib"]
    return {
        "connections": count,
        "kib": kib,
        "kib_bare": bare,
        "kib_over_bare": kib - bare,
        **{f"{key}_without": _median(without, key) for key in ("p50_ms", "p99_ms")},
        **{f"{key}_with": _median(with_them, key) for key in ("p50_ms", "p99_ms")},
        "p50_ratio": _ratio(with_them, without, "p50_ms"),
        "p99_ratio": _ratio(with_them, without, "p99_ms"),
    }


def _median(answers: list[dict[str, Any]], key: str) -> float:
    return statistics.median(float(answer[key]) for answer in answers)


def _ratio(with_them: list[dict[str, Any]], without: list[dict[str, Any]], key: str) -> float:
    return statistics.median(float(a[key]) / float(b[key]) for a, b in zip(with_them, without, strict=True))


def _line(name: str, of: dict[str, Any]) -> str:
    return (
        f"lowkey@{name}: {of['connections']:,} idle, {of['kib']:.1f} KiB each, {of['kib_over_bare']:.1f} over bare; "
        f"round trip p50 {of['p50_ms_without']:.2f} → {of['p50_ms_with']:.2f} ms (× {of['p50_ratio']:.2f}), "
        f"p99 {of['p99_ms_without']:.2f} → {of['p99_ms_with']:.2f} ms (× {of['p99_ratio']:.2f})"
    )
