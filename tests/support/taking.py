"""Tests that several processes share: each takes the next module when it is done with one, so none is idle while there is work.

    wait_in(folder, ["tests.test_hub", "tests.test_post"])
    manage.py test --take folder --take another

A module that waits is an empty file with its name; who removes the file has taken it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from unittest import TestCase, TestLoader, TestSuite


def wait_in(folder: Path, modules: Sequence[str]) -> None:
    """Let these modules be taken, the first of them first."""
    folder.mkdir()
    for number, module in enumerate(modules):
        Path(folder, f"{number:04} {module}").touch()


def take(folder: Path) -> str | None:
    """A module that is nobody else's, while there is one."""
    for waiting in sorted(folder.iterdir()):
        with contextlib.suppress(FileNotFoundError):  # somebody else was quicker
            waiting.unlink()
            return waiting.name.partition(" ")[2]
    return None


class TakenSuite(TestSuite):
    """The tests of all modules that this process comes to take, from the first folder while there are any."""

    _cleanup = False  # there is no list of them that could be made shorter

    def __init__(self, folders: Sequence[Path]) -> None:
        super().__init__()
        self._folders = folders

    def __iter__(self) -> Iterator[TestCase | TestSuite]:
        loader = TestLoader()
        for folder in self._folders:
            while (module := take(folder)) is not None:
                yield loader.loadTestsFromName(module)
