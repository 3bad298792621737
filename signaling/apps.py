"""The Django app, and what the matchmaker needs of daphne that daphne gets wrong.

Both mends are of single methods, because daphne is started in several ways and none of them takes another class.
"""

from __future__ import annotations

import sys
from typing import Any

from django.apps import AppConfig


class SignalingConfig(AppConfig):
    """Runs wherever the site is set up, so before any server serves it."""

    name = "signaling"

    def ready(self) -> None:
        from . import checks  # noqa: F401 - importing it registers it

        if "daphne.server" in sys.modules:
            close_with_any_code()
            close_all_when_going_down()


def close_with_any_code() -> None:
    """Send the close codes that an application asks for.

    Daphne closes through autobahn's `sendClose`, which takes only 1000 and 3000 to 4999. It raises for the 1001, 1009 and
    1011 of RFC 6455, section 7.4.1, and so turns each of them into 1011 and a traceback in the log.
    """
    from daphne.ws_protocol import WebSocketProtocol

    def server_close(self: Any, code: int | None = None) -> None:
        self.sendCloseFrame(code=1000 if code is None else code)

    WebSocketProtocol.serverClose = server_close


def close_all_when_going_down() -> None:
    """Cancel every application when the server stops, so that each can close its socket.

    Daphne looks for an application in connections that have none, as one that has just become a WebSocket, and then
    cancels nobody: the clients would see a broken connection in place of a close code.
    """
    from daphne.server import Server

    cancel_all = Server.kill_all_applications

    def kill_all_applications(self: Any) -> Any:
        with_one = {who: what for who, what in self.connections.items() if "application_instance" in what}
        self.connections = with_one
        return cancel_all(self)

    Server.kill_all_applications = kill_all_applications
