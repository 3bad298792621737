"""The servers of a soak: real ones in processes of their own, with the real limits, that run application.py."""

from __future__ import annotations

import asyncio
import json
import re
import time
import urllib.request
from collections.abc import Callable, Mapping

from tests.support.server import DaphneServer, SiteServer, UvicornServer

from .window import PATH

APPLICATION = "bench.soak.application:application"

_ANSWER_SECONDS = 20.0
_UNEXPECTED = re.compile(r"Traceback|Exception|\b(?:ERROR|CRITICAL)\b|never retrieved|never awaited")
_UNHEALTHY = ("Service Unavailable: /health", "Service Unavailable: /health more=held back")


KINDS: Mapping[str, type[SiteServer]] = {"daphne": DaphneServer, "uvicorn": UvicornServer}


def soaked(kind: str, env: Mapping[str, str]) -> SiteServer:
    """A server of that kind, not yet started."""
    return KINDS[kind](env, arguments=(APPLICATION,))


def remembered(server: SiteServer) -> dict[str, int]:
    """What it remembers now. Raises OSError."""
    with urllib.request.urlopen(f"{server.url}{PATH}", timeout=_ANSWER_SECONDS) as answer:  # noqa: S310 - its own
        sizes: dict[str, int] = json.load(answer)
        return sizes


def is_healthy(server: SiteServer) -> bool:
    """Whether `/health` says so."""
    try:
        with urllib.request.urlopen(f"{server.url}/health", timeout=_ANSWER_SECONDS):  # noqa: S310 - its own
            return True
    except OSError:
        return False


def unexpected_lines(log: str) -> list[str]:
    """What a server should not have had reason to say. That it was not healthy, it says for each time it was asked."""
    return [line for line in log.splitlines() if _UNEXPECTED.search(line) and not line.endswith(_UNHEALTHY)]


async def until(condition: Callable[[], bool], seconds: float, every: float = 0.25) -> bool:
    """Ask, in a thread, until it is so or so many seconds are over; whether it is so."""
    deadline = time.monotonic() + seconds
    while not (holds := await asyncio.to_thread(condition)) and time.monotonic() < deadline:  # noqa: ASYNC110 - another process is asked
        await asyncio.sleep(every)
    return holds
