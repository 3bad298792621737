"""Tests of what a server of their own serves over HTTP."""

from __future__ import annotations

from http.client import HTTPConnection
from typing import ClassVar

from django.test import SimpleTestCase

from tests.support.http import PATIENCE, Answer, request
from tests.support.server import DaphneServer


class ServedTestCase(SimpleTestCase):
    """One server for all tests of the class."""

    server: ClassVar[DaphneServer]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.server = cls.enterClassContext(DaphneServer())

    def get(self, path: str, **headers: str) -> Answer:
        return request(HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE), path, **headers)
