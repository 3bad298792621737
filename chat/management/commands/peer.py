"""`manage.py peer NAME`: the terminal client. chat/peer/terminal.py says how it behaves."""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import fields
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from chat.peer.commands import HELP
from chat.peer.errors import IdentityDamaged, PeerError
from chat.peer.exits import Exit
from chat.peer.terminal import DEFAULT_SERVER, Options, Terminal

EPILOG = f"""Lines typed are sent; what the other side writes is printed as `name: text` on standard output, all else on
standard error. With --json a program speaks instead (docs/bots.md). Commands:

{HELP}

Exit codes: {Exit.OK} left or the chat was ended, {Exit.USAGE} wrong arguments or a damaged invite, {Exit.SERVER_UNREACHABLE} server
unreachable, {Exit.NAME_REFUSED} name taken or refused, {Exit.CALL_FAILED} the call did not succeed, {Exit.CONNECTION_LOST} the connection was lost, {Exit.INTERRUPTED} interrupted
(Ctrl-C), {Exit.TERMINATED} terminated, {Exit.KEY_CHANGED} the other one is on another device than before, {Exit.NOT_PROVEN} the other one did not prove who it is,
{Exit.INVITE_FAILED} the invite did not work, {Exit.IDENTITY_UNUSABLE} the file of the identity cannot be used."""


class Command(BaseCommand):
    help = "Chat from the terminal, or run a bot: a peer like the page, in Python."
    suppressed_base_arguments = {  # noqa: RUF012 - as Django declares it
        *("--settings", "--pythonpath", "--traceback", "--verbosity", "--version"),
        *("--no-color", "--force-color", "--skip-checks"),
    }
    requires_system_checks: list[str] = []  # noqa: RUF012 - as Django declares it

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs.update(epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter, conflict_handler="resolve")
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="your username")
        parser.add_argument(
            "--server", metavar="URL", help=f"the server's address (default: the invite's, else {DEFAULT_SERVER})"
        )
        parser.add_argument("--connect", metavar="PEER", help="call this person, and leave when the chat is over")
        parser.add_argument(
            "--invite", metavar="LINK", help="call who made this invite, and leave when the chat is over"
        )
        parser.add_argument(
            "--identity", metavar="FILE", help="keep this device’s keys here, and not in the folder for configuration"
        )
        parser.add_argument(
            "--allow-classic", action="store_true", help="chat also with apps that cannot prove who they are"
        )
        parser.add_argument("--accept", action="store_true", help="accept every call")
        parser.add_argument(
            "--echo", action="store_true", help="send back what is received; input is read only from a terminal"
        )
        parser.add_argument("--json", action="store_true", help="speak JSON, a line each, as docs/bots.md says")
        parser.add_argument(
            "--relay-only", action="store_true", help="hide this device’s address from the others; needs a TURN server"
        )
        parser.add_argument("--no-receipts", action="store_true", help="neither say nor hear what was read")
        parser.add_argument("--no-typing", action="store_true", help="neither say nor hear who is typing")
        parser.add_argument("-v", "--verbose", action="store_true", help="say also how each message fares")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = Options(**{field.name: options[field.name] for field in fields(Options)})
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
        sys.stderr.reconfigure(errors="replace")  # type: ignore[union-attr]
        try:
            terminal = Terminal(wanted, sys.stdin, sys.stdout, sys.stderr)
        except IdentityDamaged as error:
            raise CommandError(str(error), returncode=Exit.IDENTITY_UNUSABLE) from None
        except (PeerError, ValueError) as error:
            raise CommandError(str(error), returncode=Exit.USAGE) from None
        try:
            code = asyncio.run(terminal.run())
        except KeyboardInterrupt:
            code = Exit.INTERRUPTED
        if code is not Exit.OK:
            sys.exit(int(code))
