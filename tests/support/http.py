"""One HTTP request to a server of ours, with exactly the headers that are given."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection

PATIENCE = 10.0


@dataclass(frozen=True)
class Answer:
    """What came back; the headers' names may be written in any case."""

    status: int
    headers: Message
    body: bytes


def request(connection: HTTPConnection, path: str, method: str = "GET", **headers: str) -> Answer:
    """Ask and read it all. A header's name is written with `_` for `-`."""
    with closing(connection):
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
