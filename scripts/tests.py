"""All tests, in two halves side by side: those that drive a browser or nginx, and the others, which mostly wait or compute.

Each half is a `manage.py test` of its own. How far both are is said from time to time; what they print comes when both are
done, and last the sum of both: "N passed, N failed". Fails when either did.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
BESIDE_THE_OTHERS = ("tests.browser", "tests.deploy")
SAYING_SECONDS = 15.0

_OUTCOME = re.compile(r"^(\d+) passed, (\d+) failed$", re.MULTILINE)
_DOTS = re.compile(r"^[.sxu][.FEsxu]*", re.MULTILINE)


class Half:
    """Some of the tests, being run."""

    def __init__(self, name: str, tests: Sequence[str]) -> None:
        self.name = name
        self._output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this object
        command = [sys.executable, "manage.py", "test", *tests]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=self._output, stderr=subprocess.STDOUT)

    @property
    def output(self) -> str:
        """All that it printed so far."""
        return os.pread(self._output.fileno(), 1 << 24, 0).decode(errors="replace")

    @property
    def done(self) -> int:
        """How many tests are done, as far as the output tells."""
        return sum(map(len, _DOTS.findall(self.output)))

    def ends_within(self, seconds: float) -> bool:
        """Wait so long; whether it has ended."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def outcome(self) -> tuple[int, int]:
        """How many passed and failed; one failed that never got as far as to say so."""
        said = _OUTCOME.findall(self.output)
        passed, failed = map(int, said[-1]) if said else (0, 1)
        return passed, failed or (self._process.returncode != 0)

    def stop(self) -> None:
        """End it, if it still runs."""
        self._process.kill()
        self._process.wait()


def others() -> list[str]:
    """The modules of tests/ itself."""
    return [f"tests.{path.stem}" for path in sorted((ROOT / "tests").glob("test_*.py"))]


def main() -> int:
    """The exit code."""
    halves = [Half("in browsers", BESIDE_THE_OTHERS), Half("others", others())]
    try:
        while not all(half.ends_within(SAYING_SECONDS / len(halves)) for half in halves):
            print(", ".join(f"{half.name}: {half.done} done" for half in halves), flush=True)
    finally:
        for half in halves:
            half.stop()
    for half in halves:
        print(f"\n{half.name}\n{half.output}")
    passed, failed = map(sum, zip(*(half.outcome() for half in halves), strict=True))
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
