"""In the signaling client's place: always online, and keeps what is sent."""

from __future__ import annotations

from signaling.messages import Message


class Outbound:
    """What a peer says to its server, in `sent`."""

    state = "online"
    refusal = ""

    def __init__(self) -> None:
        self.sent: list[Message] = []

    def send(self, message: Message) -> bool:
        self.sent.append(message)
        return True

    async def stop(self) -> None:
        self.state = "offline"
