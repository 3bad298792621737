"""What the kernel says of a process (proc(5)), and how many files one may have open."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")

STABLE = 0.002
"""Two readings of memory this close, relatively, count as the same."""

STABLE_READINGS = 4
READING_SECONDS = 0.1
SETTLING_SECONDS = 15.0


def cpu_seconds(pid: int) -> float:
    """The user and system time of all its threads so far, in steps of the kernel's tick, mostly 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_kib(pid: int) -> int:
    """What of its memory is in RAM."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1])
    raise ValueError(f"/proc/{pid}/smaps_rollup has no Rss")


async def settled_kib(pid: int) -> int:
    """Its resident memory, once several readings in a row say the same; the last one, if that takes too long."""
    deadline = time.monotonic() + SETTLING_SECONDS
    last, same = resident_kib(pid), 1
    while same < STABLE_READINGS and time.monotonic() < deadline:
        await asyncio.sleep(READING_SECONDS)
        now = resident_kib(pid)
        same = same + 1 if abs(now - last) <= STABLE * last else 1
        last = now
    return last


def raise_file_limit() -> int:
    """Allow as many open files as the hard limit does; processes started later inherit it. Returns the number."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
