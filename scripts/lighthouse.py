#!/usr/bin/env python3
"""What Lighthouse says of the pages, and failing where it is not content.

`make lighthouse` (or `.venv/bin/python scripts/lighthouse.py`) audits the username page, the chat page of somebody who has a
name, and the chat page of somebody who has none, as production serves them: on a slow phone, as Lighthouse takes everybody
to be on, and on a desktop. Each of performance, accessibility and best practices has to be 95 or better. Lighthouse comes
from package-lock.json, its browser is Debian's Chromium, and nothing of it leaves this machine.

The figures of performance come from the time that the processor takes, so a busy machine spoils them: what falls short is
measured twice more, and the median counts.
"""

from __future__ import annotations

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page, sync_playwright  # noqa: E402  (finds the repository first)

from tests.support.browser import CHROMIUM, QUIET  # noqa: E402
from tests.support.server import DaphneServer  # noqa: E402

LIGHTHOUSE = ROOT / "node_modules" / ".bin" / "lighthouse"
LEAST = 95
CATEGORIES = ("performance", "accessibility", "best-practices")
DETAILS = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift")
DEVICES: dict[str, tuple[str, ...]] = {"phone": (), "desktop": ("--preset=desktop",)}
NAME = "alice"
VISITS = (("/", ""), ("/chat", ""), ("/chat", NAME))
"""Pages, each with the name that whoever comes has chosen before."""
AUDIT_SECONDS = 120
ATTEMPTS = 3


@dataclass(frozen=True)
class Report:
    """What Lighthouse said of one visit."""

    scores: dict[str, int]
    details: str
    complaints: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Report:
        """From Lighthouse's JSON; an audit that could not be done is a complaint."""
        said: dict[str, Any] = json.loads(text)
        audits: dict[str, dict[str, Any]] = said["audits"]
        weighed = [ref["id"] for name in CATEGORIES for ref in said["categories"][name]["auditRefs"] if ref["weight"]]
        return cls(
            {name: round(100 * (said["categories"][name]["score"] or 0)) for name in CATEGORIES},
            ", ".join(str(audits[name].get("displayValue", "?")).replace("\xa0", " ") for name in DETAILS),
            tuple(audits[name]["title"] for name in dict.fromkeys(weighed) if (audits[name]["score"] or 0) < 0.9),
        )

    @property
    def content(self) -> bool:
        """Whether every score is good enough."""
        return min(self.scores.values()) >= LEAST


def main() -> int:
    """The exit code says whether Lighthouse is content with all of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", choices=DEVICES, action="append", help="on this one only")
    devices = parser.parse_args().device or list(DEVICES)
    if not LIGHTHOUSE.exists():
        print("lighthouse is missing: run `npm ci` first", file=sys.stderr)
        return 1
    print(f"{'':<24}{'   '.join(CATEGORIES)}   first paint, largest paint, blocked, shifted")
    reports = []
    with DaphneServer() as server, browser(server.url) as (page, port):
        for path, name in VISITS:
            remember(page, name)
            for device in devices:
                report = audited(server.url + path, port, DEVICES[device])
                reports.append(report)
                tell(f"{path}{f' as {name}' if name else ''}, {device}", report)
    return int(not all(report.content for report in reports))


@contextmanager
def browser(url: str) -> Iterator[tuple[Page, int]]:
    """A Chromium with a page of the site, and the port where Lighthouse finds it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as profile, sync_playwright() as playwright:
        options = [*QUIET, f"--remote-debugging-port={port}"]
        context = playwright.chromium.launch_persistent_context(profile, executable_path=CHROMIUM, args=options)
        page = context.new_page()
        page.goto(f"{url}/nowhere")
        yield page, port
        context.close()


def remember(page: Page, name: str) -> None:
    """Be somebody who has chosen this name, or none; Lighthouse leaves that as it is and clears the cache."""
    page.evaluate("(name) => { localStorage.clear(); if (name) localStorage.setItem('lowkey.username', name); }", name)


def audited(url: str, port: int, options: tuple[str, ...]) -> Report:
    """One audit, or the one in the middle of three."""
    report = audit(url, port, options)
    if report.content:
        return report
    three = [report, *(audit(url, port, options) for _ in range(2))]
    middle = {name: int(statistics.median(each.scores[name] for each in three)) for name in CATEGORIES}
    nearest = min(three, key=lambda each: abs(each.scores["performance"] - middle["performance"]))
    return Report(middle, nearest.details, nearest.complaints)


def audit(url: str, port: int, options: tuple[str, ...]) -> Report:
    """Have Lighthouse look at it; it says itself that it has to be asked again when it missed the page's beginning."""
    command = [
        *(str(LIGHTHOUSE), url, f"--port={port}", "--quiet", "--output=json", "--no-enable-error-reporting"),
        *(f"--only-categories={','.join(CATEGORIES)}", *options),
    ]
    said = ""
    for _ in range(ATTEMPTS):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=AUDIT_SECONDS, check=False)
        if done.returncode == 0:
            return Report.parse(done.stdout.decode())
        said = done.stderr.decode()
    raise RuntimeError(f"Lighthouse could not look at {url}:\n{said}")


def tell(what: str, report: Report) -> None:
    """One line, and what to mend where it falls short."""
    figures = "".join(f"{report.scores[name]:>{len(name)}}   " for name in CATEGORIES)
    print(f"{what:<24}{figures}{report.details}", flush=True)
    for complaint in () if report.content else report.complaints:
        print(f"    {complaint}")


if __name__ == "__main__":
    sys.exit(main())
