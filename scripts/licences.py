#!/usr/bin/env python3
"""docs/licences.md: every package that is pinned, with its licence, and whether it is of a kind that will do.

`make licences` writes it, from what the installed packages and npm's lock files say of themselves; tests/test_licences.py
compares. scripts/licences.toml has the kinds, and the licences that are only said in prose.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any

from scripts.pins import DEV, NPM_LISTS, ROOT, RUN, SERVER, normal, npm_pins, python_pins, version
from scripts.vendor import packages

PAGE = ROOT / "docs" / "licences.md"
SAID: dict[str, dict[str, Any]] = tomllib.loads((ROOT / "scripts" / "licences.toml").read_text())
_CLASSIFIED = {"MIT License": "MIT", "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0"}
_UNKNOWN = "?"

INTRODUCTION = """# Licences of what lowkey rests on

Made by `make licences` from `requirements*.txt` and npm's lock files. lowkey itself is under the [MIT licence](../LICENSE).
The whole texts of what the page brings are in `static/vendor/LICENSES.md`; the others come with their packages.
"""


@dataclass(frozen=True, order=True)
class Row:
    """A package, its licence as an SPDX expression, and whether it is served to people or runs on a server."""

    name: str
    version: str
    licence: str
    served: bool

    @property
    def will_do(self) -> bool:
        """Whether one of the licences that it offers is of a kind that we want, with all that it asks for together."""
        kinds = {*SAID["kinds"]["served"], *(() if self.served else SAID["kinds"]["tools"])}
        offers = self.licence.strip("()").split(" OR ")
        return any(all(part in kinds for part in offer.split(" AND ")) for offer in offers)


def main() -> int:
    """The exit code: whether all will do."""
    argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0]).parse_args()
    PAGE.write_text(page())
    bad = [row for row in every() if not row.will_do]
    for row in bad:
        print(f"licences: {row.name} {row.version} is under {row.licence}", file=sys.stderr)
    return int(bool(bad))


def every() -> list[Row]:
    """All that is pinned."""
    return [row for _, rows in sections() for row in rows]


def page() -> str:
    """The whole document."""
    parts = [INTRODUCTION]
    for heading, rows in sections():
        parts.append(f"## {heading}\n\n" + "\n".join(_lines(rows)) + "\n")
    notes = "\n".join(f"- `{name}`: {note}." for name, note in SAID["notes"].items())
    return "\n".join([*parts, f"## To know besides\n\n{notes}\n"])


def sections() -> Iterator[tuple[str, list[Row]]]:
    """The parts of the document: who gets what."""
    server, run, dev = (python_rows(which) for which in (SERVER, RUN, DEV))
    vendored = set(packages(json.loads((ROOT / "scripts" / "vendor.json").read_text())))
    npm = [npm_rows(npm_pins(lock), vendored) for lock in NPM_LISTS]
    yield "In the page (npm)", sorted(row for row in npm[0] if row.served)
    yield "On a server (Python)", sorted(server)
    yield "In the Python peer besides", sorted(run - server)
    yield "For tests and checks (Python)", sorted(Row(row.name, row.version, row.licence, False) for row in dev - run)
    yield "For tests and checks (npm)", sorted(set().union(*npm) - {row for row in npm[0] if row.served})


def python_rows(which: str) -> set[Row]:
    """What that list pins."""
    return {Row(normal(pin.name), version(pin), python_licence(normal(pin.name)), True) for pin in python_pins(which)}


def python_licence(name: str) -> str:
    """As we have it from its licence file, or as its metadata say, by the new field, the old one or a classifier."""
    if name in SAID["python"]:
        return str(SAID["python"][name])
    try:
        said = metadata(name)
    except PackageNotFoundError:
        return _UNKNOWN
    classified = [kind.rpartition(" :: ")[2] for kind in said.get_all("Classifier") or () if kind.startswith("License")]
    fields = (text for field in ("License-Expression", "License") for text in said.get_all(field) or ())
    found = (*fields, *(_CLASSIFIED[kind] for kind in classified if kind in _CLASSIFIED))
    short = [text for text in found if text and len(text) < 60 and "\n" not in text]
    return short[0] if short else _UNKNOWN


def npm_rows(pins: Mapping[str, Mapping[str, Any]], vendored: set[str]) -> set[Row]:
    """What a lock file of npm pins."""
    return {npm_row(place.rpartition("node_modules/")[2], pin, vendored) for place, pin in pins.items()}


def npm_row(name: str, pin: Mapping[str, Any], vendored: set[str]) -> Row:
    """One of them."""
    licence = SAID["npm"].get(name) or pin.get("license") or _UNKNOWN
    return Row(name, str(pin["version"]), str(licence).strip("()"), name in vendored)


def _lines(rows: Iterable[Row]) -> Iterator[str]:
    """One for each licence, with those that are under it."""
    under: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        under[row.licence].append(f"{row.name} {row.version}")
    for licence in sorted(under):
        yield f"- **{licence}**: {', '.join(under[licence])}"


if __name__ == "__main__":
    sys.exit(main())
