"""`manage.py peer` as a process of its own, as a test of anything may need one."""

from __future__ import annotations

import atexit
import functools
import json
import os
import pty
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from typing import IO, Any, Self

from tests.support.paths import ROOT

PATIENCE = 60.0


@functools.cache
def config_home() -> str:
    """Where the identities of this test process are kept, removed at its end."""
    root = tempfile.mkdtemp(prefix="lowkey-config-")
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return root


class Run:
    """One run of the command. Its lines of both outputs are read as they come.

    `typed`: its input is a terminal; `shown`: its standard output is one; not `read`: nobody reads its standard output.
    """

    def __init__(
        self,
        server: str | None,
        *arguments: str,
        typed: bool = False,
        shown: bool = False,
        read: bool = True,
        program: tuple[str, ...] = ("manage.py", "peer"),
    ) -> None:
        keyboard = pty.openpty() if typed else None
        screen = pty.openpty() if shown else None
        self.process = subprocess.Popen(
            [sys.executable, *program, *arguments, *(["--server", server] if server else [])],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", "XDG_CONFIG_HOME": config_home()},
            stdin=keyboard[1] if keyboard else subprocess.PIPE,
            stdout=screen[1] if screen else subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._keyboard = keyboard[0] if keyboard else None
        if keyboard:
            os.close(keyboard[1])
        if screen:
            os.close(screen[1])
        if not read and self.process.stdout is not None:
            self.process.stdout.close()
        self.out = queue.Queue[str]()
        if read:
            self.out, _ = _lines(os.fdopen(screen[0], encoding="utf-8") if screen else self.process.stdout)
        self.err, self._errors = _lines(self.process.stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        if self._keyboard is not None:
            os.close(self._keyboard)
        elif self.process.stdin is not None:
            self.process.stdin.close()

    def type(self, text: str) -> None:
        """Write to its input as it is."""
        if self._keyboard is not None:
            os.write(self._keyboard, text.encode())
        else:
            assert self.process.stdin is not None
            self.process.stdin.write(text)
            self.process.stdin.flush()

    def end_of_input(self) -> None:
        if self._keyboard is not None:
            os.write(self._keyboard, b"\x04")
        else:
            assert self.process.stdin is not None
            self.process.stdin.close()

    def reads(self, line: str) -> None:
        """Wait for a line on standard output; it must be the next."""
        got = self.out.get(timeout=PATIENCE)
        assert got == line, f"{got!r} is not {line!r}"

    def hears(self, **fields: Any) -> dict[str, Any]:
        """Wait for an event of `--json` that has these fields, whatever comes before; the whole event."""
        while True:
            event: dict[str, Any] = json.loads(self.out.get(timeout=PATIENCE))
            if fields.items() <= event.items():
                return event

    def asks(self, do: str, **fields: Any) -> dict[str, Any]:
        """Give a command of `--json`; the `done` or `error` that answers it."""
        self.type(json.dumps({"do": do, "tag": do, **fields}) + "\n")
        return self.hears(tag=do)

    def says(self, words: str) -> str:
        """Wait for a line on standard error that has these words."""
        while words not in (line := self.err.get(timeout=PATIENCE)):
            pass
        return line

    def said_all(self) -> None:
        """It has exited, and nothing more stands on standard error."""
        assert not self.rest(), self.rest()

    def rest(self) -> list[str]:
        """It has exited; what is left of standard error."""
        self._errors.join(PATIENCE)
        return list(self.err.queue)

    def exits(self) -> int:
        return self.process.wait(PATIENCE)


def _lines(stream: IO[str] | None) -> tuple[queue.Queue[str], threading.Thread]:
    assert stream is not None
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        with stream, suppress(OSError):  # a terminal whose other end is closed
            for line in stream:
                lines.put(line.removesuffix("\n"))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    return lines, reader
