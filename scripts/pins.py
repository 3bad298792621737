"""What is pinned, wished for and held: requirements*.txt and .in, package.json and its lock files, scripts/holds.toml."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
HOLDS = ROOT / "scripts" / "holds.toml"
SERVER, RUN, DEV = PYTHON_LISTS = ("requirements-server", "requirements", "requirements-dev")
"""From the smallest to the whole: each `.in` includes the one before it, and so does each `.txt`."""

NPM_LISTS = (ROOT / "package-lock.json", ROOT / "scripts" / "observatory" / "package-lock.json")

Language: TypeAlias = Literal["python", "npm"]


@dataclass(frozen=True)
class Hold:
    """Nothing at or above `below` until `until` has happened."""

    language: Language
    name: str
    below: Version
    reason: str
    until: str


def holds() -> list[Hold]:
    """What scripts/holds.toml says."""
    table = cast("dict[Language, dict[str, dict[str, str]]]", tomllib.loads(HOLDS.read_text()))
    return [
        Hold(language, name, Version(row["below"]), row["reason"], row["until"])
        for language, rows in table.items()
        for name, row in rows.items()
    ]


def python_pins(which: str = DEV) -> list[Requirement]:
    """What that list's .txt installs; a package may be there twice, for different places."""
    lines = (ROOT / f"{which}.txt").read_text().splitlines()
    return [Requirement(line.removesuffix("\\")) for line in lines if line and not line.startswith(("#", " "))]


def python_wishes(which: str = DEV) -> list[Requirement]:
    """What that list's .in asks for, with those that it includes."""
    return list(_wishes(ROOT / f"{which}.in"))


def hashes(which: str = DEV) -> dict[str, int]:
    """How many files of each pin may be installed, by their hashes."""
    counts: dict[str, int] = {}
    name = ""
    for line in (ROOT / f"{which}.txt").read_text().splitlines():
        if line and not line.startswith(("#", " ")):
            name = line
            counts[name] = 0
        elif line.strip().startswith("--hash=sha256:"):
            counts[name] += 1
    return counts


def version(pin: Requirement) -> str:
    """The one that it is pinned to."""
    (only,) = pin.specifier
    return only.version


def normal(name: str) -> str:
    """As PyPI compares names."""
    return canonicalize_name(name)


def npm_wishes() -> dict[str, str]:
    """What package.json asks for."""
    wishes: dict[str, str] = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    return wishes


def npm_pins(lock: Path) -> dict[str, dict[str, Any]]:
    """What a lock file of npm installs, by where it goes."""
    packages: dict[str, dict[str, Any]] = json.loads(lock.read_text())["packages"]
    return {place: package for place, package in packages.items() if place}


def _wishes(path: Path) -> Iterator[Requirement]:
    for line in path.read_text().splitlines():
        asked = line.partition("#")[0].strip()
        if asked.startswith("-r "):
            yield from _wishes(path.parent / asked.removeprefix("-r "))
        elif asked:
            yield Requirement(asked)
