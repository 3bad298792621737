"""A Python peer that is told what to do in lines of JSON, and answers each with what there is to see.

python -m tests.net.driver NAME URL IDENTITY-FILE [relay-only]
["dial", "bob"]                           a method of the peer and its arguments, or ["look"]

It ends with its input, as if the machine had lost its power.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from chat.peer.awaiting import own_identity
from chat.peer.errors import PeerError
from chat.peer.messages import Message
from chat.peer.peer import Peer
from chat.peer.snapshot import Listener


class Driven(Listener):
    """The peer, with the times at which it showed something."""

    def __init__(self, name: str, server: str, identity: str, hidden: str = "") -> None:
        self._states: list[tuple[float, str]] = []
        self._arrived: list[tuple[float, str]] = []
        self._peer = Peer(name, server, own_identity(name, server, Path(identity)), listener=self)
        self._hidden = bool(hidden)

    async def obey(self) -> None:
        """Do what the lines say until there are no more."""
        self._peer.prefer(relay_only=self._hidden)
        self._peer.start()
        loop = asyncio.get_running_loop()
        lines: asyncio.Queue[str] = asyncio.Queue()
        loop.add_reader(sys.stdin, lambda: lines.put_nowait(sys.stdin.readline()))
        while line := await lines.get():
            method, *arguments = json.loads(line)
            refused = "" if method == "look" else self._do(method, arguments)
            print(json.dumps({**self._look(), "refused": refused}), flush=True)

    def _do(self, method: str, arguments: list[Any]) -> str:
        try:
            getattr(self._peer, method)(*arguments)
        except PeerError as error:
            return str(error)
        return ""

    def _look(self) -> dict[str, Any]:
        now = self._peer.snapshot()
        return {
            "server": now.server_state,
            "chat": now.chat_state,
            "sentence": now.chat_sentence,
            "messages": [[message.mine, message.body, message.status] for message in now.messages],
            "states": self._states,
            "arrived": self._arrived,
            "path": "" if now.path is None else "Relayed" if now.path.relayed else "Direct",
        }

    def changed(self) -> None:
        state = self._peer.snapshot().chat_state
        if not self._states or self._states[-1][1] != state:
            self._states.append((time.time(), state))

    def received(self, message: Message, *_: object) -> None:
        self._arrived.append((time.time(), message.body))


if __name__ == "__main__":
    asyncio.run(Driven(*sys.argv[1:]).obey())
    os._exit(0)
