#!/usr/bin/env python3
"""What is newer in the registries than what is pinned here, and what we hold back and why (scripts/holds.toml).

`make outdated` asks pip and npm. A version that a hold keeps out is not reported as newer: the hold is, with its reason and
what would end it. Says so, and fails, where a registry does not answer; that something is newer is no failure.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from scripts.pins import NPM_LISTS, ROOT, Hold, Language, holds, normal, python_pins

SECONDS = 300
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "list", "--outdated", "--format=json")
NPM = ("npm", "outdated", "--json")


class Unanswered(Exception):
    """A registry, or its client, gave no answer that could be read."""


@dataclass(frozen=True)
class Newer:
    """A package of which the registry has a newer version than is installed."""

    language: Language
    name: str
    installed: str
    latest: str


def main() -> int:
    """The exit code: whether all were asked."""
    newer: list[Newer] = []
    silent = 0
    for ask in (newer_python, newer_npm):
        try:
            newer += ask()
        except Unanswered as error:
            print(f"outdated: {error}", file=sys.stderr)
            silent += 1
    print("\n".join(report(newer, holds())))
    return int(silent > 0)


def newer_python() -> list[Newer]:
    """What pip finds newer of what is pinned; pip itself and what it brings are not ours to pin."""
    pinned = {normal(pin.name) for pin in python_pins()}
    rows: list[dict[str, str]] = _answer(PIP)
    return [
        Newer("python", row["name"], row["version"], row["latest_version"])
        for row in rows
        if normal(row["name"]) in pinned
    ]


def newer_npm() -> list[Newer]:
    """What npm finds newer of what is installed by a package.json, as far as it runs on the Node that is here."""
    newer: list[Newer] = []
    for lock in NPM_LISTS:
        rows: dict[str, dict[str, str]] = _answer(NPM, lock.parent)
        if "error" in rows:
            raise Unanswered("npm outdated: the registry did not answer")
        newer += [Newer("npm", name, row["current"], row["latest"]) for name, row in rows.items() if "current" in row]
    return newer


def report(newer: Iterable[Newer], held: Sequence[Hold]) -> list[str]:
    """A line for each that is newer and not held back, then the holds."""
    rows = list(newer)
    free = [row for row in rows if not any(_keeps_out(hold, row) for hold in held)]
    lines = [f"{row.language:<6}  {row.name:<28} {row.installed:<12} → {row.latest}" for row in free]
    lines = ["Newer than pinned (make lock, or npm install):", *lines] if lines else ["Nothing is newer than pinned."]
    lines += ["", "Held back (scripts/holds.toml):"]
    for hold in held:
        there = next((row.latest for row in rows if _keeps_out(hold, row)), "nothing newer is told of")
        lines += [f"{hold.language:<6}  {hold.name} < {hold.below}  ({there})"]
        lines += [f"        {hold.reason}", f"        until {hold.until}"]
    return lines


def _keeps_out(hold: Hold, row: Newer) -> bool:
    if (hold.language, normal(hold.name)) != (row.language, normal(row.name)):
        return False
    try:
        return Version(row.latest) >= hold.below
    except InvalidVersion:
        return False


def _answer(command: Sequence[str], where: Path = ROOT) -> Any:
    """What it prints, as JSON; npm fails when something is outdated, so its exit code says nothing."""
    what = "npm outdated" if command == NPM else "pip list --outdated"
    try:
        done = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=SECONDS, check=False)
        return json.loads(done.stdout or "{}") if command == NPM else json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, json.JSONDecodeError) as error:
        raise Unanswered(f"{what}: {type(error).__name__}") from error


if __name__ == "__main__":
    sys.exit(main())
