"""Where a device keeps its identity: four tables of records, each record under a key. Mirrors static/js/peer/storage.js.

    keys    "identity", and "name:" with a lower-case name: this device's private keys
    pins    a peer's lower-case name: the identity keys met there
    made    an invite's uuid: invites to this device
    opened  an invite's uuid: invites from others

One record is changed at a time, by a function of what stands there now: two programs on one storage do not undo each
other's work. What is read is checked by whoever reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

from .records import Record

Table = Literal["keys", "pins", "made", "opened"]
TABLES: tuple[Table, ...] = ("keys", "pins", "made", "opened")

Change = Callable[[Record | None], Record | None]
"""What a record becomes. None is: there is none. It makes a new one, and leaves alone the one it is given."""


class Storage(Protocol):
    def table(self, table: Table) -> Mapping[str, Record]:
        """The records as they stand now, in the order in which they were added."""

    def change(self, table: Table, key: str, change: Change) -> None: ...

    def wipe(self) -> None:
        """Delete everything."""


class MemoryStorage:
    """For programs that want to forget, and for tests."""

    def __init__(self) -> None:
        self._tables: dict[Table, dict[str, Record]] = {table: {} for table in TABLES}

    def table(self, table: Table) -> Mapping[str, Record]:
        return self._tables[table]

    def change(self, table: Table, key: str, change: Change) -> None:
        changed(self._tables[table], key, change)

    def wipe(self) -> None:
        for records in self._tables.values():
            records.clear()


def changed(records: dict[str, Record], key: str, change: Change) -> None:
    """Put what the change makes of the record in its place."""
    record = change(records.get(key))
    if record is None:
        records.pop(key, None)
    else:
        records[key] = record
