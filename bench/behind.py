"""What nginx costs: the same relaying straight to a server, and through the site of deploy/nginx.conf, TLS and a unix socket.

Every round measures each server both ways, so what is compared met the same machine. All share its cores: the server, nginx, and
the generator, which pays for TLS as well. So CPU time a message says more than messages a second.
"""

from __future__ import annotations

import argparse
import http.client
import socket
import sys
from collections.abc import Sequence
from typing import Any

from tests.support.nginx import Nginx

from .figures import ratios, summary
from .generator import Generator
from .rounds import Sample, say
from .servers import APPLICATIONS, START_SECONDS, Server, Subject

SENTENCE = "through nginx, TLS and a unix socket, beside straight to the server"

SERVERS = {"daphne": "-u", "uvicorn": "--uds"}
"""And their option for a unix socket."""

DIRECT, BEHIND = "direct", "behind nginx"
COLUMNS = (
    ("server's CPU µs a message", "cpu_us", "{:.0f}"),
    ("nginx's", "proxy_us", "{:.0f}"),
    ("messages/s", "messages_per_second", "{:,.0f}"),
    ("round trip p50 ms", "p50_ms", "{:.2f}"),
    ("p99 ms", "p99_ms", "{:.2f}"),
)


class BehindNginx(Server):
    """A subject on a unix socket, with nginx before it. `port` is nginx's."""

    def __init__(self, subject: Subject, nginx: Nginx) -> None:
        super().__init__(
            subject, {"TRUSTED_PROXIES": "unix", "PUBLIC_ORIGINS": f"https://127.0.0.1:{nginx.https_port}"}
        )
        self._nginx = nginx
        self.port = nginx.https_port
        (worker,) = nginx.workers()
        self.proxy = str(nginx.certificate), str(worker)

    def _command(self) -> Sequence[str]:
        module, option = f"lowkey_site.{self.subject.server}", SERVERS[self.subject.server]
        return [sys.executable, "-m", module, option, str(self._nginx.unix_socket), APPLICATIONS[self.subject.app]]

    def _accepts(self) -> bool:
        connection = http.client.HTTPConnection("localhost", timeout=START_SECONDS)
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.connect(str(self._nginx.unix_socket))
            connection.request("GET", "/health")
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            connection.close()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=run)
    parser.add_argument("--rounds", type=int, default=5, help="(5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement (2)")
    parser.add_argument(
        "--pairs", type=int, default=24, help="at most 24, for nginx lets an address open so many sockets at once (24)"
    )
    parser.add_argument("--window", type=int, default=4, help="messages under way in each pair (4)")
    parser.add_argument("--rate", type=float, default=400.0, help="round trips a second while they are timed (400)")


def run(options: argparse.Namespace) -> tuple[dict[str, Any], str, bool]:
    """The figures by server and way, and a table."""
    ways = [(server, way) for server in SERVERS for way in (DIRECT, BEHIND)]
    rounds: list[dict[str, Sample]] = []
    for number in range(options.rounds):
        samples = {}
        for server, way in ways if number % 2 == 0 else reversed(ways):
            say(f"round {number + 1} of {options.rounds}: {_name(server, way)}")
            samples[_name(server, way)] = measure(Subject("lowkey", server), way, options)
        rounds.append(samples)
    return {"behind": rounds}, "\n".join(_table(rounds)), True


def measure(subject: Subject, way: str, options: argparse.Namespace) -> Sample:
    """One server, one way."""
    if way == DIRECT:
        with Server(subject) as server:
            return _relayed(server, options)
    with Nginx() as nginx, BehindNginx(subject, nginx) as server:
        return _relayed(server, options)


def _relayed(server: Server, options: argparse.Namespace) -> Sample:
    with Generator(server) as load:
        relayed = load.do("relay", pairs=options.pairs, window=options.window, seconds=options.seconds)
        timed = load.do("trips", pairs=options.pairs, rate=options.rate, seconds=options.seconds)
    return {key: float((relayed | timed)[key]) for _, key, _ in COLUMNS}


def _name(server: str, way: str) -> str:
    return f"lowkey on {server}, {way}"


def _table(rounds: Sequence[dict[str, Sample]]) -> list[str]:
    """Medians over the rounds, and of each round's ratios."""
    lines = [["", *(head for head, _, _ in COLUMNS)], ["---"] * (len(COLUMNS) + 1)]
    lines += [[name, *(_median(rounds, name, key, form) for _, key, form in COLUMNS)] for name in rounds[0]]
    said = [f"| {' | '.join(line)} |" for line in lines]
    daphne, uvicorn = SERVERS
    for title, one, other in (
        *((f"{server} behind nginx, to itself direct", (server, BEHIND), (server, DIRECT)) for server in SERVERS),
        ("behind nginx, uvicorn to daphne", (uvicorn, BEHIND), (daphne, BEHIND)),
    ):
        said.append(f"{title}: {_compared(rounds, _name(*one), _name(*other))}")
    return said


def _compared(rounds: Sequence[dict[str, Sample]], one: str, other: str) -> str:
    parts = []
    for head, key, _ in (column for column in COLUMNS if column[1] != "proxy_us"):
        of = summary(ratios([samples[one][key] for samples in rounds], [samples[other][key] for samples in rounds]))
        assert of is not None  # noqa: S101 - there is a round at least
        parts.append(f"{head} × {of.median:.2f} ({of.low:.2f}–{of.high:.2f})")
    return ", ".join(parts)


def _median(rounds: Sequence[dict[str, Sample]], name: str, key: str, form: str) -> str:
    of = summary(samples[name][key] for samples in rounds)
    return form.format(of.median) if of and of.median else ""
