#!/usr/bin/env python3
"""What the model in docs/model says: `make model` (or `scripts/model.py [NAME ...]`).

Asks Maude each query of docs/model/queries.maude, and compares the answer with the one that is declared beside it. Fails
if any differs, or if Maude has something to complain about. `--markdown` prints the table of docs/model/README.md,
`--path NAME` the steps that lead to what a query found.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "docs" / "model"
QUERIES = MODEL / "queries.maude"

FOUND = {"reached": True, "attack": True, "holds": False}
"""Declared answer → whether the search finds something."""

TIMEOUT = 480.0
"""Seconds for one query: far more than any needs."""


class ModelError(Exception):
    """What stands in the way, as a sentence."""


@dataclass(frozen=True)
class Query:
    """One search, with its declared answer and what it means."""

    section: str
    name: str
    expected: str
    meaning: str
    search: str


@dataclass(frozen=True)
class Answer:
    """What Maude said: `last` is the state that it found, if any, and `states` how many it looked at."""

    last: int | None
    states: int
    seconds: float

    def fits(self, query: Query) -> bool:
        """Whether it is the declared one."""
        return (self.last is not None) is FOUND[query.expected]


def main() -> int:
    """Ask; the exit code says whether all answers are the declared ones."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these queries")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at once")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--markdown", action="store_true", help="print a table")
    how.add_argument("--path", action="store_true", help="show the steps that lead to what was found")
    arguments = parser.parse_args()
    try:
        queries = chosen(parse(QUERIES.read_text(encoding="utf-8")), arguments.names)
        if shutil.which("maude") is None:
            raise ModelError("maude is missing: install it (Debian and Ubuntu: apt-get install maude)")
        if arguments.path:
            return show(queries)
        return report(queries, arguments.jobs, markdown=arguments.markdown)
    except ModelError as error:
        print(f"model: {error}", file=sys.stderr)
        return 1


def parse(text: str) -> list[Query]:
    """The queries of a file. Raises ModelError for what is not declared as it should be."""
    queries: list[Query] = []
    section = ""
    for block in re.split(r"\n{2,}", text):
        if heading := re.fullmatch(r"\*\*\* == (.+) ==", block.strip()):
            section = heading[1]
        elif "search " in block:
            queries.append(query(section, block.strip()))
    names = [each.name for each in queries]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise ModelError(f"declared twice: {', '.join(doubled)}")
    return queries


def query(section: str, block: str) -> Query:
    """One of them: `*** [name] answer`, lines of `*** meaning`, and the search."""
    declared = re.fullmatch(r"\*\*\* \[([a-z0-9-]+)\] (\w+)\n((?:\*\*\* .+\n)+)(search \[1\] [^*]+=>\*[^*]+ \.)", block)
    if declared is None or declared[2] not in FOUND:
        raise ModelError(f"not a query: {block.splitlines()[0]}")
    meaning = " ".join(line.removeprefix("*** ") for line in declared[3].splitlines())
    return Query(section, declared[1], declared[2], meaning, " ".join(declared[4].split()))


def chosen(queries: list[Query], names: Iterable[str]) -> list[Query]:
    """Those with these names, or all."""
    wanted = set(names)
    if unknown := sorted(wanted - {each.name for each in queries}):
        raise ModelError(f"no such query: {', '.join(unknown)}")
    return [each for each in queries if not wanted or each.name in wanted]


def report(queries: list[Query], jobs: int, *, markdown: bool) -> int:
    """Ask them all and print each answer in its turn."""
    began = time.monotonic()
    wrong = 0
    section = ""
    with ThreadPoolExecutor(jobs) as pool:
        for asked, answer in zip(queries, pool.map(ask, queries), strict=True):
            if asked.section != section:
                section = asked.section
                print(
                    f"\n### {section}\n\n| | | states | |\n|---|---|---|---|" if markdown else f"\n{section}",
                    flush=True,
                )
            wrong += not answer.fits(asked)
            print("\n".join(row(asked, answer) if markdown else lines(asked, answer)), flush=True)
    if not markdown:
        took = time.monotonic() - began
        print(f"\n{len(queries) - wrong} of {len(queries)} answers as declared, in {took:.0f} s")
    return min(wrong, 1)


def lines(asked: Query, answer: Answer) -> Iterator[str]:
    """An answer for a terminal."""
    verdict = asked.expected if answer.fits(asked) else f"NOT AS DECLARED ({asked.expected})"
    yield f"  {asked.name:<29}{verdict:<8}{answer.states:>8} states{answer.seconds:>7.1f} s"
    yield from textwrap.wrap(asked.meaning, 100, initial_indent="    ", subsequent_indent="    ")


def row(asked: Query, answer: Answer) -> Iterator[str]:
    """An answer for the table of docs/model/README.md."""
    verdict = asked.expected if answer.fits(asked) else f"**not as declared ({asked.expected})**"
    yield f"| `{asked.name}` | {verdict} | {answer.states:,} | {asked.meaning} |"


def ask(asked: Query) -> Answer:
    """Put one query to a Maude of its own."""
    began = time.monotonic()
    return understood(asked, run(asked.search), time.monotonic() - began)


def understood(asked: Query, output: str, seconds: float) -> Answer:
    """The answer in what Maude printed. Raises ModelError where there is none."""
    states = re.search(r"^states: (\d+) ", output, re.MULTILINE)
    found = re.search(r"^Solution 1 \(state (\d+)\)$", output, re.MULTILINE)
    none = re.search(r"^No solution\.$", output, re.MULTILINE)
    if states is None or bool(found) is bool(none):
        raise ModelError(f"Maude gave no answer to {asked.name}:\n{output.strip()[:2000]}")
    return Answer(int(found[1]) if found else None, int(states[1]), seconds)


def show(queries: list[Query]) -> int:
    """Print the names of the steps to what each query found."""
    for asked in queries:
        last = ask(asked).last
        steps = [] if last is None else run(f"{asked.search}\nshow path labels {last} .").splitlines()
        labels = [line for line in steps if re.fullmatch(r"[a-z]\w*", line, re.IGNORECASE)]
        print(f"{asked.name}: {' → '.join(labels) if last is not None else 'nothing found'}")
    return 0


def run(commands: str) -> str:
    """What Maude prints, having loaded the model. Raises ModelError for its warnings, and if it takes too long."""
    command = ["maude", "-no-banner", "-no-wrap", str(MODEL / "lowkey.maude")]
    try:
        done = subprocess.run(
            command, input=f"{commands}\nquit\n", capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"no answer within {TIMEOUT:.0f} s to: {commands}") from error
    if done.returncode != 0 or done.stderr.strip():
        raise ModelError(f"Maude complains:\n{done.stderr.strip()[:2000]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
