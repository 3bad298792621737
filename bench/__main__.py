"""The command: `python -m bench`, and `python -m bench idle`, `storm`, `cluster`, `behind` or `hotpath`; each has `--help`.

Progress goes to stderr, the table to stdout, and all figures to `--json FILE`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from . import behind, cluster, hotpath, idle, recovery
from .process import raise_file_limit
from .report import report, table
from .rounds import Plan, say, take_turns
from .servers import Subject, missing, subjects

QUICK = Plan(rounds=1, seconds=0.5, pairs=10, connections=50, idle=100)
"""Enough to see that it works, and nothing else."""

STANDARD = ("*@daphne", "lowkey@daphne-stock", "bare@daphne-stock", "*@uvicorn", "ws@node")
"""What is measured unless `--only` says otherwise."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 when a promise of `idle` or `storm` was not kept."""
    options = _parser().parse_args(arguments)
    raise_file_limit()
    whole, text, kept = options.run(options)
    sys.stdout.write(f"{text}\n")
    if options.json:
        options.json.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    return 0 if kept else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure the matchmaker, beside its baselines."
    )
    _add_common(parser)
    parser.set_defaults(run=_relay, only=[])
    for name in ("rounds", "pairs", "window", "connections", "idle"):
        parser.add_argument(f"--{name}", type=int, help=f"({getattr(Plan(), name)})")
    for name in ("seconds", "rate"):
        parser.add_argument(f"--{name}", type=float, help=f"({getattr(Plan(), name)})")
    parser.add_argument("--only", action="append", metavar="APP@SERVER", help="which, as lowkey@* or *@uvicorn; again")
    parser.add_argument("--against", type=Path, metavar="DIR", help="measure the lowkey of another checkout beside")
    parser.add_argument("--quick", action="store_true", help="one short round, to see that it works")
    modes = parser.add_subparsers(metavar="MODE", help="without one: relaying, connecting and memory, in rounds")
    for module, word in (
        *((idle, "idle"), (recovery, "storm"), (cluster, "cluster")),
        *((behind, "behind"), (hotpath, "hotpath")),
    ):
        mode = modes.add_parser(word, help=module.SENTENCE, description=module.SENTENCE)
        _add_common(mode)
        module.add_arguments(mode)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")


def chosen(only: Sequence[str], against: Path | None) -> list[Subject]:
    """The subjects to measure; those that cannot be are left out with a word."""
    everyone = subjects()
    if against is not None:
        everyone += [Subject("lowkey", s.server, against.resolve()) for s in everyone if s.app == "lowkey"]
    wanted = [
        subject
        for subject in everyone
        if any(fnmatch(f"{subject.app}@{subject.server}", pattern) for pattern in only or STANDARD)
    ]
    for subject in wanted:
        if why := missing(subject):
            say(f"{subject.name} is left out: {why}")
    return [subject for subject in wanted if not missing(subject)]


def _relay(options: argparse.Namespace) -> tuple[dict[str, Any], str, bool]:
    base = QUICK if options.quick else Plan()
    given = {name: getattr(options, name) for name in Plan.__slots__ if getattr(options, name, None) is not None}
    plan = Plan(**{**{name: getattr(base, name) for name in Plan.__slots__}, **given})
    measured = chosen(options.only, options.against)
    whole = report(measured, take_turns(measured, plan), plan)
    text = table(whole)
    return (
        whole,
        f"{text}\n\nToo quick to mean anything: it only shows that the bench works." if options.quick else text,
        True,
    )


if __name__ == "__main__":
    sys.exit(main())
