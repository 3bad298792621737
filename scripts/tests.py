"""The tests, in a few processes side by side, one more than there are processors: there is always one that waits.

    scripts/tests.py              # "N passed, N failed", after what each of them printed
    scripts/tests.py --slowest 20 # and what took longest; what stands here goes to each `manage.py test`

Each takes the next module when it is done with one (tests/support/taking.py): one begins with those that drive no browser, the
others with those that do, so a browser is not started for each. How far all are is said from time to time. Fails when one does.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.taking import wait_in  # noqa: E402  (the path has to be known before)

SAYING_SECONDS = 15.0
LONGEST = ("tests.browser.test_accessibility", "tests.test_cluster", "tests.test_terminal")
"""What had better not begin last, though the files are not the longest. tests.net and tests.deploy run by themselves (Makefile)."""

_OUTCOME = re.compile(r"^(\d+) passed, (\d+) failed$", re.MULTILINE)
_DOTS = re.compile(r"^[.sxu][.FEsxu]*", re.MULTILINE)


class Process:
    """One of the processes, running tests that wait in these folders."""

    def __init__(self, share: Path, folders: Sequence[Path], arguments: Sequence[str]) -> None:
        self._output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this object
        taking = [part for folder in folders for part in ("--take", str(folder))]
        self._process = subprocess.Popen(
            [sys.executable, "manage.py", "test", *taking, *arguments],
            cwd=ROOT,
            env={**os.environ, "LOWKEY_TESTS_SHARE": str(share)},
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

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


def modules(package: str) -> list[str]:
    """The modules of a package, those first that are likely to take long."""
    files = sorted((ROOT / package.replace(".", "/")).glob("test_*.py"), key=lambda path: -path.stat().st_size)
    names = [f"{package}.{path.stem}" for path in files]
    return sorted(names, key=lambda name: name not in LONGEST)


def main() -> int:
    """The exit code."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lowkey-tests-") as scratch:
        share = Path(scratch)
        browsers, others = share / "browsers", share / "others"
        wait_in(browsers, modules("tests.browser"))
        wait_in(others, modules("tests"))
        orders = [(others, browsers), *[(browsers, others)] * (os.cpu_count() or 1)]
        processes = [Process(share, folders, sys.argv[1:]) for folders in orders]
        try:
            while not all(process.ends_within(SAYING_SECONDS / len(processes)) for process in processes):
                print(f"{sum(process.done for process in processes)} done", flush=True)
        finally:
            for process in processes:
                process.stop()
    for process in processes:
        print(process.output)
    passed, failed = map(sum, zip(*(process.outcome() for process in processes), strict=True))
    print(
        f"in {time.monotonic() - began:.0f} seconds, {os.times().children_user + os.times().children_system:.0f} of processors"
    )
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
