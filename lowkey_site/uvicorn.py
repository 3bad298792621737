"""uvicorn as it serves lowkey best: `python -m lowkey_site.uvicorn --uds /run/lowkey.sock`.

Takes uvicorn's own arguments, which win over those given here; the application may be named last, as MODULE:NAME. What
differs from uvicorn's defaults: uvloop, our bounds (signaling/servers), no compression, no header that names the server,
no word about who was here, and 0 as exit code when it was told to stop.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

from uvicorn.config import LOGGING_CONFIG
from uvicorn.main import main as command_line

from lowkey_site.arguments import with_application
from signaling.servers import BACKLOG, MESSAGE_BYTES, PING_SECONDS, PONG_SECONDS, STOP_SECONDS

ARGUMENTS = (
    *("--loop", "uvloop"),
    *("--http", "signaling.servers.uvicorn:Requests"),
    *("--ws", "signaling.servers.uvicorn:Socket"),
    *("--backlog", str(BACKLOG)),
    *("--ws-per-message-deflate", "false"),
    *("--ws-max-size", str(MESSAGE_BYTES)),
    *("--ws-ping-interval", str(PING_SECONDS)),
    *("--ws-ping-timeout", str(PONG_SECONDS)),
    *("--timeout-graceful-shutdown", str(STOP_SECONDS)),
    *("--lifespan", "off"),
    *("--log-level", "error"),
    "--no-access-log",
    "--no-server-header",
    "--no-proxy-headers",  # the matchmaker has its own, TRUSTED_PROXIES
)


def serve(arguments: Sequence[str]) -> None:
    """Run uvicorn with these arguments, until it is told to stop."""
    LOGGING_CONFIG["handlers"].clear()  # the site's settings say where to and how, as for everything else
    LOGGING_CONFIG["loggers"].clear()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises the signal again when it has stopped
    command_line([*ARGUMENTS, *with_application(arguments)], prog_name="python -m lowkey_site.uvicorn")


if __name__ == "__main__":
    serve(sys.argv[1:])
