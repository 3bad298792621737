"""Tests of what a server of their own serves over HTTP."""

from __future__ import annotations

from http.client import HTTPConnection

from tests.support.http import PATIENCE, Answer, request
from tests.support.server import ServerTestCase


class ServedTestCase(ServerTestCase):
    """Asks the server of the class."""

    def get(self, path: str, **headers: str) -> Answer:
        return request(HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE), path, **headers)
