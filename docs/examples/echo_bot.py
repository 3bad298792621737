"""A bot that answers every message with the same text, and edits its answer when the message is edited.

    .venv/bin/python docs/examples/echo_bot.py echo --server https://chat.example

All arguments are passed on to `manage.py peer`; docs/bots.md has the format.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MANAGE = Path(__file__).resolve().parents[2] / "manage.py"


class EchoBot:
    def __init__(self) -> None:
        self.answers: dict[str, str] = {}  # the id of a message → the id of the answer to it

    def hear(self, event: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The commands with which the bot meets an event."""
        match event:
            case {"event": "online", "name": name}:
                print(f"{name} is online.", file=sys.stderr)
            case {"event": "incoming", "peer": peer}:
                yield {"do": "accept", "to": peer}
            case {"event": "changed", "peer": peer}:  # another device than before: a bot cannot ask anybody
                yield {"do": "trust", "to": peer, "accept": False}
            case {"event": "message", "peer": peer, "id": theirs, "text": text}:
                yield {"do": "read", "to": peer}
                re = {"mine": False, "id": theirs}
                yield {"do": "send", "to": peer, "text": text, "re": re, "tag": theirs}
            case {"event": "done", "do": "send", "tag": theirs, "id": answer}:
                self.answers[theirs] = answer
            case {"event": "edited", "mine": False, "peer": peer, "id": theirs, "text": text} if theirs in self.answers:
                yield {"do": "edit", "to": peer, "id": self.answers[theirs], "text": text}
            case {"event": "error", "sentence": sentence}:
                print(sentence, file=sys.stderr)


def main() -> int:
    bot = EchoBot()
    arguments = [sys.executable, str(MANAGE), "peer", "--json", *sys.argv[1:]]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as peer:
        assert peer.stdin and peer.stdout
        for line in peer.stdout:
            for command in bot.hear(json.loads(line)):
                print(json.dumps(command), file=peer.stdin, flush=True)
    return peer.returncode


if __name__ == "__main__":
    sys.exit(main())
