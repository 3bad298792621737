"""Where a device keeps its identity: five tables of records, each record under a key. Mirrors static/js/peer/storage.js.

    keys    "identity", and "name:" with a lower-case name: this device's private keys
    pins    a peer's lower-case name: the identity keys met there
    made    an invite's uuid: invites to this device
    opened  an invite's uuid: invites from others
    blocks  a name in lower case: whom the person has blocked or muted

One record is changed at a time, by a function of what stands there now: two programs on one storage do not undo each
other's work. What is read is checked by whoever reads it.

A name key proves to the server whose a name is, and nothing to anybody else. It is no part of the identity: whoever becomes
a new device keeps their names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

from .records import Record

Table = Literal["keys", "pins", "made", "opened", "blocks"]
TABLES: tuple[Table, ...] = ("keys", "pins", "made", "opened", "blocks")
Tables = dict[Table, dict[str, Record]]

NAME = "name:"

Change = Callable[[Record | None], Record | None]
"""What a record becomes. None is: there is none. It makes a new one, and leaves alone the one it is given."""


class Storage(Protocol):
    def table(self, table: Table) -> Mapping[str, Record]:
        """The records as they stand now, in the order in which they were added."""

    def change(self, table: Table, key: str, change: Change) -> None: ...

    def wipe(self) -> None:
        """Delete everything but the name keys."""

    def clear(self) -> None:
        """Delete everything, also what cannot be read."""


class MemoryStorage:
    """For programs that want to forget, and for tests."""

    def __init__(self) -> None:
        self._tables = no_records()

    def table(self, table: Table) -> Mapping[str, Record]:
        return self._tables[table]

    def change(self, table: Table, key: str, change: Change) -> None:
        changed(self._tables[table], key, change)

    def wipe(self) -> None:
        self._tables = only_names(self._tables)

    def clear(self) -> None:
        self._tables = no_records()


def no_records() -> Tables:
    return {table: {} for table in TABLES}


def only_names(tables: Tables) -> Tables:
    """What is left of these records for a new identity."""
    return {**no_records(), "keys": {key: record for key, record in tables["keys"].items() if key.startswith(NAME)}}


def changed(records: dict[str, Record], key: str, change: Change) -> None:
    """Put what the change makes of the record in its place."""
    record = change(records.get(key))
    if record is None:
        records.pop(key, None)
    else:
        records[key] = record
