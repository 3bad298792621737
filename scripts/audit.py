#!/usr/bin/env python3
"""What is known against the pinned packages: weaknesses that were published, and versions that were withdrawn.

`make audit` asks OSV by uv for the Python packages, the npm registry by npm for the others, and PyPI whether a pin was
withdrawn. Fails when something is known, with 1, and when somebody who should know could not be asked, with 2: no answer is
not a clean one.
"""

from __future__ import annotations

import functools
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from scripts.pins import DEV, NPM_LISTS, ROOT, python_pins

SECONDS = 300
UV = str(ROOT / ".venv" / "bin" / "uv")
KNOWN, UNASKED = 1, 2

_AUDIT = ("--preview-features", "audit-command,json-output", "--output-format", "json")


class Unasked(Exception):
    """Somebody who should know did not say."""


def main() -> int:
    """The exit code, as above."""
    outcome = 0
    for what, ask in QUESTIONS.items():
        try:
            found = ask()
        except Unasked as error:
            print(f"{what}: could not be asked ({error})")
            outcome = outcome or UNASKED
        else:
            print(f"{what}: {'; '.join(found) or 'nothing known'}")
            outcome = KNOWN if found else outcome
    return outcome


def weak_python() -> list[str]:
    """What OSV knows against the Python pins that are installed here."""
    with tempfile.TemporaryDirectory() as scratch:
        script = Path(scratch) / "pins.py"
        script.write_text(as_script([str(pin) for pin in python_pins()]))
        done = _run(UV, "audit", *_AUDIT, "--script", str(script))
    if done.returncode not in {0, 1}:
        raise Unasked(_reason(done.stderr))
    return told_by_uv(done.stdout)


def told_by_uv(report: str) -> list[str]:
    """What its report says, one for each weakness. Raises Unasked."""
    try:
        said = json.loads(report)
        rows = [(row["dependency"], row["display_id"], row["summary"]) for row in said["vulnerabilities"]]
        lines = [f"{package['name']} {package['version']}: {known}, {summary}" for package, known, summary in rows]
        return lines + [json.dumps(status) for status in said["adverse_statuses"]]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise Unasked("uv says it in a form that is not known here") from error


def withdrawn_python() -> list[str]:
    """Which Python pins their makers have withdrawn from PyPI since."""
    with tempfile.TemporaryDirectory() as scratch:
        options = ("--no-deps", "--universal", "--python-version", "3.11", "--output-file", f"{scratch}/pins.txt")
        done = _run(UV, "pip", "compile", "--no-cache", *options, str(ROOT / f"{DEV}.txt"))
    if done.returncode:
        raise Unasked(_reason(done.stderr))
    return re.findall(r"`([^`]+)` is yanked", done.stderr)


def weak_npm(lock: Path) -> list[str]:
    """What the npm registry knows against what this lock file pins."""
    done = _run("npm", "audit", "--json", "--package-lock-only", cwd=lock.parent)
    try:
        return told_by_npm(done.stdout)
    except Unasked:
        raise Unasked(_reason(done.stderr)) from None


def told_by_npm(report: str) -> list[str]:
    """What its report says, one for each package. Raises Unasked."""
    try:
        return [f"{name} ({row['severity']})" for name, row in json.loads(report)["vulnerabilities"].items()]
    except (json.JSONDecodeError, KeyError) as error:
        raise Unasked("npm says it in a form that is not known here") from error


QUESTIONS: dict[str, Callable[[], list[str]]] = {
    "Python packages, published weaknesses": weak_python,
    "Python packages, withdrawn versions": withdrawn_python,
    **{
        f"npm packages of {lock.relative_to(ROOT)}, published weaknesses": functools.partial(weak_npm, lock)
        for lock in NPM_LISTS
    },
}


def as_script(pins: Sequence[str]) -> str:
    """A script that needs just these, in the form (PEP 723) that uv can audit."""
    wishes = "".join(f"#   {json.dumps(pin)},\n" for pin in pins)
    return f'# /// script\n# requires-python = ">=3.11"\n# dependencies = [\n{wishes}# ]\n# ///\n'


def _run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unasked(type(error).__name__) from error


def _reason(stderr: str) -> str:
    """The line that says most: the first of npm's warnings about its audit, or the last of uv's causes."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip() and "user config" not in line]
    told = [line for line in lines if " audit " in line]
    return (told[:1] or lines[-1:] or ["no reason given"])[0]


if __name__ == "__main__":
    sys.exit(main())
