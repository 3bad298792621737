"""The rules by themselves: the same offers through lowkey's application and through the bare relay, with no server or socket.

What the kernel and a server cost is left out here, so the difference of the two is what lowkey's own code costs a message. It
is the best of many short runs, which a busy machine spoils last.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import time
from collections.abc import Iterator
from typing import Any

from signaling.messages import SessionConnect, dump

from .servers import APPLICATIONS, environment
from .wire import Offers

SENTENCE = "measure lowkey's own code, and the bare relay's, without a server"

MESSAGES = 1_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=run)
    parser.add_argument("--runs", type=int, default=200, help="of a thousand messages each (200)")


def run(options: argparse.Namespace) -> tuple[dict[str, Any], str, bool]:
    """The figures, a line for people, and whether all is well."""
    os.environ |= environment()
    applications = {name: _application(name) for name in ("bare", "lowkey")}
    best = dict.fromkeys(applications, float("inf"))
    for number in range(options.runs):
        for name, application in applications.items():
            best[name] = min(best[name], asyncio.run(one_run(application, number)))
    best["rules"] = best["lowkey"] - best["bare"]
    line = f"bare {best['bare']:.2f} µs a message, lowkey {best['lowkey']:.2f}: its rules cost {best['rules']:.2f} µs"
    return {"hotpath_us": best}, line, True


async def one_run(application: Any, number: int) -> float:
    """µs a message, from one connection to another of the same application."""
    caller, called = _Socket(f"caller_{number}"), _Socket(f"called_{number}")
    listening = asyncio.create_task(application(called.scope, called.receive, called.send))
    await called.listens.wait()
    offers = Offers(caller.name, called.name, None, stamped=False)
    caller.says(dump(SessionConnect(target=called.name)), (offers.frame(n).decode() for n in range(MESSAGES)))
    await application(caller.scope, caller.receive, caller.send)
    called.hangs_up()
    await listening
    if called.offers != MESSAGES:
        raise ValueError(f"{called.offers} of {MESSAGES} messages were relayed")
    return 1e6 * (caller.ended - caller.began) / MESSAGES


class _Socket:
    """What an application sees of a server: it never waits, except for whoever only listens."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.scope = {
            "type": "websocket",
            "path": "/ws",
            "query_string": f"username={name}".encode(),
            "headers": [],
            "client": ("127.0.0.1", 1),
        }
        self.listens = asyncio.Event()
        self.offers = 0
        self.began = self.ended = 0.0
        self._events: Iterator[dict[str, Any]] | None = None
        self._connected = False
        self._over: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    def says(self, first: str, frames: Iterator[str]) -> None:
        opening = [{"type": "websocket.receive", "text": first}]
        offers = [{"type": "websocket.receive", "text": frame} for frame in frames]
        self._events = iter([*opening, *offers])
        self._first = opening[0]

    def hangs_up(self) -> None:
        self._over.set_result({"type": "websocket.disconnect", "code": 1000})

    async def receive(self) -> dict[str, Any]:
        if not self._connected:
            self._connected = True
            return {"type": "websocket.connect"}
        if self._events is None:
            self.listens.set()
            return await self._over
        event = next(self._events, None)
        if event is self._first:
            return event
        self.began = self.began or time.perf_counter()
        if event is not None:
            return event
        self.ended = time.perf_counter()
        return {"type": "websocket.disconnect", "code": 1000}

    async def send(self, event: dict[str, Any]) -> None:
        self.offers += '"signal:offer"' in event.get("text", "")[:40]


def _application(name: str) -> Any:
    module, _, attribute = APPLICATIONS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
