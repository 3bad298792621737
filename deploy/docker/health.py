"""Whether the process of this container serves, as /health says; for Docker's HEALTHCHECK."""

from __future__ import annotations

import os
import socket
import sys
from http.client import HTTPConnection


def main() -> int:
    """0 when it does."""
    connection = HTTPConnection(os.environ["ALLOWED_HOSTS"].split(",")[0], timeout=5)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(5)
    connection.sock.connect(f"/run/lowkey-{os.environ['PROCESS']}/lowkey.sock")
    connection.request("GET", "/health")
    return int(connection.getresponse().status != 200)


if __name__ == "__main__":
    sys.exit(main())
