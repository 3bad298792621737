"""A cable on which every frame takes its time: a TAP device in each of two namespaces, and a process that carries frames.

    with Cable((alice, "net0"), (switch, "alice")) as cable:
        cable.delay(150)

Netem would do this in the kernel; not each kernel has it. The process is this module, with the two devices' descriptors for
arguments; each line on its standard input is the milliseconds that a frame takes from then on, and it ends with that input.
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import itertools
import os
import select
import struct
import subprocess
import sys
import time
from typing import Final, Self

from tests.net.namespaces import Namespace
from tests.support.paths import ROOT

_SET_INTERFACE: Final = 0x400454CA
_TAP_WITHOUT_HEADER: Final = 0x0002 | 0x1000
_FRAME: Final = 65_536


class Cable:
    """From one interface to another, each in its namespace."""

    def __init__(self, near: tuple[Namespace, str], far: tuple[Namespace, str]) -> None:
        self._ends = near, far

    def __enter__(self) -> Self:
        taps = [str(_tap(*end)) for end in self._ends]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.net.cable", *taps],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            pass_fds=[int(tap) for tap in taps],
        )
        for tap in taps:
            os.close(int(tap))
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def delay(self, milliseconds: int) -> None:
        """How long each frame takes from now on, each way."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"%d\n" % milliseconds)
        self._process.stdin.flush()


def _tap(place: Namespace, name: str) -> int:
    """A new TAP device: what is written to it arrives at its namespace, and what the namespace sends can be read."""
    with place.inside():
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.ioctl(device, _SET_INTERFACE, struct.pack("16sH22x", name.encode(), _TAP_WITHOUT_HEADER))
    return device


def carry(near: int, far: int) -> None:
    """Pass frames between the two devices until standard input ends."""
    across = {near: far, far: near}
    under_way: list[tuple[float, int, int, bytes]] = []
    numbers = itertools.count()
    delay = 0.0
    while True:
        wait = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
        readable, _, _ = select.select([near, far, sys.stdin], [], [], wait)
        if sys.stdin in readable:
            line = sys.stdin.readline()
            if not line:
                return
            delay = int(line) / 1000
        for device in across.keys() & set(readable):
            with contextlib.suppress(OSError):  # the interface is not up
                frame = os.read(device, _FRAME)
                heapq.heappush(under_way, (time.monotonic() + delay, next(numbers), across[device], frame))
        while under_way and under_way[0][0] <= time.monotonic():
            _, _, device, frame = heapq.heappop(under_way)
            with contextlib.suppress(OSError):
                os.write(device, frame)


if __name__ == "__main__":
    carry(*map(int, sys.argv[1:]))
