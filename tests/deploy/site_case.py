"""nginx with TLS and a daphne behind it, and clients of every kind of request."""

from __future__ import annotations

import socket
from http.client import HTTPSConnection
from typing import ClassVar

from django.test import SimpleTestCase

from tests.support.http import PATIENCE, Answer, request
from tests.support.nginx import NAME, Nginx
from tests.support.server import DaphneServer

ORIGIN = f"https://{NAME}"
ENV = {
    "TRUSTED_PROXIES": "unix",
    "ALLOWED_HOSTS": f"{NAME},localhost",
    "CORS_ORIGINS": ORIGIN,
    "PUBLIC_ORIGINS": ORIGIN,
    "CONNECTIONS_PER_ADDRESS": "5",
    "METRICS": "1",
    "METRICS_ADDRESSES": "unix,127.0.0.1",
}


class SiteCase(SimpleTestCase):
    """Both, for all tests of the class; with `served` unset, nginx alone."""

    served: ClassVar[bool] = True

    nginx: ClassVar[Nginx]
    server: ClassVar[DaphneServer]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.nginx = cls.enterClassContext(Nginx())
        cls.server = DaphneServer(ENV, unix_socket=cls.nginx.unix_socket)
        if cls.served:
            cls.enterClassContext(cls.server)

    def connection(self, address: str = "127.0.0.1") -> HTTPSConnection:
        """Of a client that comes from there."""
        connection = HTTPSConnection(NAME, timeout=PATIENCE)
        plain = socket.create_connection(
            ("127.0.0.1", self.nginx.https_port), timeout=PATIENCE, source_address=(address, 0)
        )
        connection.sock = self.nginx.client_context().wrap_socket(plain, server_hostname=NAME)
        return connection

    def get(self, path: str, **headers: str) -> Answer:
        return request(self.connection(), path, **headers)
