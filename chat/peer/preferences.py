"""What the person prefers, for all conversations. Mirrors static/js/peer/preferences.js."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Preferences:
    """Read at the moment, since they may change. `receipts`: the other one hears what was read, and this person likewise;
    `typing`: the two see each other type; `relay_only`: this device's address is hidden behind a relay."""

    receipts: bool = True
    typing: bool = True
    relay_only: bool = False
