"""The reconnection storm: everybody is dropped at once and comes back with name and proof, spaced as the real clients are.

Twice: the server is killed and started again; then all lines go dead while it lives, and it still holds every name for the
connection that it has not missed yet. Nobody may be refused.
"""

from __future__ import annotations

import argparse
from typing import Any

from .generator import Generator
from .rounds import say
from .servers import Server, Subject

SENTENCE = "drop thousands of clients at once and see them come back with their names"

PATIENCE_SECONDS = 60.0
PROMISED_SECONDS = 20.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=run)
    parser.add_argument("--clients", type=int, default=5000, help="(5000)")
    parser.add_argument("--servers", nargs="+", default=["daphne", "uvicorn"], help="(daphne uvicorn)")


def run(options: argparse.Namespace) -> tuple[dict[str, Any], str, bool]:
    """The figures by server, a table, and whether all were back in time and none was refused."""
    servers = {name: _one_server(name, options.clients) for name in options.servers}
    storms = [(name, kind, of) for name, kinds in servers.items() for kind, of in kinds.items()]
    text = "\n".join(_line(name, kind, of) for name, kind, of in storms)
    return {"storm": servers}, text, all(_kept(of) for _, _, of in storms)


def _one_server(name: str, clients: int) -> dict[str, dict[str, Any]]:
    with Server(Subject("lowkey", name)) as server, Generator(server) as load:
        say(f"{name}: {clients} clients come")
        load.do("storm", clients=clients)
        say(f"{name}: the server is killed and started again")
        load.do("storm_strikes")
        server.kill()
        server.start()
        restarted = load.do("storm_passes", seconds=PATIENCE_SECONDS, pid=server.pid)
        say(f"{name}: all lines go dead")
        cut = load.do("storm_passes", seconds=PATIENCE_SECONDS, pid=server.pid, cut=True)
    return {"restarted": restarted, "cut off": cut}


def _kept(of: dict[str, Any]) -> bool:
    refused = any(ending.startswith("refused") for ending in of["endings"])
    return of["back"] == of["clients"] and of["seconds"] < PROMISED_SECONDS and not refused


def _line(name: str, kind: str, of: dict[str, Any]) -> str:
    endings = ", ".join(f"{count} × {ending}" for ending, count in of["endings"].items()) or "nothing"
    half = f", half of them in {of['half_in']:.1f} s" if of["half_in"] is not None else ""
    return f"lowkey@{name}, {kind}: {of['back']:,} of {of['clients']:,} back in {of['seconds']:.1f} s{half}; {endings}"
