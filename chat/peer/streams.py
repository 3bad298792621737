"""The lines of the terminal client's streams. Input is read in a thread, since a terminal cannot be waited for otherwise."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TextIO


def put_line(stream: TextIO, line: str) -> bool:
    """Write a line at once. False when nobody reads the stream any more: what is written later goes nowhere."""
    try:
        stream.write(f"{line}\n")
        stream.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        return False
    return True


def read_lines(descriptor: int, take: Callable[[bytes | None], None]) -> None:
    """Hand over each line that comes in, without its end, then None; always in this loop."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            for line in _lines(descriptor):
                loop.call_soon_threadsafe(take, line)
            loop.call_soon_threadsafe(take, None)

    threading.Thread(target=read, daemon=True).start()


def _lines(descriptor: int) -> Iterator[bytes]:
    """Reads the descriptor, since a blocked `readline` cannot be left. What is left without an end is a line too."""
    parts: list[bytes] = []
    while chunk := os.read(descriptor, 65_536):
        first, *others = chunk.split(b"\n")
        parts.append(first)
        for other in others:
            yield b"".join(parts).removesuffix(b"\r")
            parts = [other]
    if rest := b"".join(parts):
        yield rest
