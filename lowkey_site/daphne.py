"""daphne as it serves lowkey best: `python -m lowkey_site.daphne -u /run/lowkey.sock`.

Takes daphne's own arguments, which win over those given here; the application may be named last, as MODULE:NAME. What
differs from daphne's defaults: our bounds (signaling/servers, which any daphne gets that serves the site), no header that
names the server, and no word about who was here.

It stays on asyncio's own event loop. On uvloop's a message costs a third less, but Twisted is never told of some connections
that are lost while others talk (twisted issue 11904), and those stay for good.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from daphne.cli import CommandLineInterface

from lowkey_site.arguments import with_application
from signaling.servers import MESSAGE_BYTES, PING_SECONDS, PONG_SECONDS
from signaling.servers.daphne import WithBacklog, mend

ARGUMENTS = (
    *("--verbosity", "0"),  # its access log would say who was here
    "--no-server-name",
    *("--websocket_timeout", "-1"),  # a socket may stay for good
    *("--websocket-max-message-size", str(MESSAGE_BYTES)),
    *("--websocket-max-frame-size", str(MESSAGE_BYTES)),
    *("--ping-interval", str(PING_SECONDS)),
    *("--ping-timeout", str(PONG_SECONDS)),
)


def serve(arguments: Sequence[str]) -> None:
    """Run daphne with these arguments, until it is told to stop."""
    mend()
    CommandLineInterface.server_class = WithBacklog
    CommandLineInterface().run([*ARGUMENTS, *with_application(arguments)])


if __name__ == "__main__":
    serve(sys.argv[1:])
