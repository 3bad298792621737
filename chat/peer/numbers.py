"""Short numbers for messages, so that a person at a terminal can name one: [1], [2], … over all conversations of a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A message: in whose conversation it stands, whether it is one's own, and its id."""

    peer: str
    mine: bool
    id: str


class Numbers:
    """Both ways; a number is given out once."""

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._numbers: dict[Place, int] = {}

    def of(self, peer: str, mine: bool, message_id: str) -> int:
        """The number of a message, a new one for a new one."""
        place = Place(peer.lower(), mine, message_id)
        if place not in self._numbers:
            self._places.append(place)
            self._numbers[place] = len(self._places)
        return self._numbers[place]

    def place(self, number: int) -> Place | None:
        return self._places[number - 1] if 0 < number <= len(self._places) else None
