"""A device's identity in a file: a storage for chat/peer/identity.py. Its sibling in the browser is
static/js/peer/identity_store.js.

The file is JSON, with this account's eyes alone on it (mode 0600, where the platform has modes). It is replaced as a whole,
by a new one that has reached the disk, so that a crash leaves the old one or the new one. Programs that share it take
turns under a lock (where the platform has `fcntl`), and each looks at the file again before it reads or changes a record.

Once another program has deleted the identity or put another in its place, this one goes on in memory: nothing of a deleted
identity comes back.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import platformdirs

from .errors import IdentityDamaged
from .records import Record, take
from .storage import TABLES, Change, Table, Tables, changed, no_records, only_names

try:
    import fcntl
except ImportError:  # Windows: programs that share a file do not take turns there
    fcntl = None  # type: ignore[assignment]

VERSION = 2
"""2 added the blocks; a file of version 1 is read too."""
MAX_BYTES = 16 * 1024 * 1024

_Stamp = tuple[int, int, int]


def path_for(origin: str, name: str) -> Path:
    """Where the identity of this name on this server is kept, under the platform's folder for configuration."""
    folder = platformdirs.user_config_path("lowkey") / quote(origin, safe="")
    return folder / f"{name.lower()}.json"


class IdentityFile:
    """The file need not exist yet. Every method raises IdentityDamaged for a file that cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tables: Tables = no_records()
        self._stamp: _Stamp | None = None
        self._left = False

    def __repr__(self) -> str:
        return f"IdentityFile({self.path})"

    def table(self, table: Table) -> Mapping[str, Record]:
        with self._usable():
            self._look()
        return self._tables[table]

    def change(self, table: Table, key: str, change: Change) -> None:
        with self._usable(), self._turn():
            self._look()
            tables = {**self._tables, table: dict(self._tables[table])}
            changed(tables[table], key, change)
            if tables != self._tables and not self._left:
                self._write(tables)
            self._tables = tables

    def wipe(self) -> None:
        with self._usable(), self._turn():
            self._forget()
            self._look()
            names = only_names(self._tables)
            if names["keys"]:
                self._write(names)
            else:
                self._delete()
            self._forget()

    def clear(self) -> None:
        with self._usable(), self._turn():
            self._delete()
            self._forget()

    def _forget(self) -> None:
        """As if nothing had been read yet: whatever stands in the file next is ours."""
        self._tables, self._stamp, self._left = no_records(), None, False

    def _delete(self) -> None:
        for path in (self._target, self._draft):
            path.unlink(missing_ok=True)

    @property
    def _target(self) -> Path:
        """The file itself, where the path is a link to it."""
        return Path(os.path.realpath(self.path)) if self.path.is_symlink() else self.path

    @property
    def _draft(self) -> Path:
        return self._target.with_name(f"{self._target.name}.new")

    @contextlib.contextmanager
    def _usable(self) -> Iterator[None]:
        """A folder that cannot be written, a full disk: the person learns which file it is about."""
        try:
            yield
        except OSError as error:
            raise IdentityDamaged(f"{self.path} cannot be used: {error.strerror}.") from None

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Held by one program at a time. The lock is a file of its own, since the other one is replaced."""
        make_private(self._target.parent)
        lock = os.open(self._target.with_name(f"{self._target.name}.lock"), os.O_RDWR | os.O_CREAT | _NO_LINK, 0o600)
        try:
            if fcntl is not None:
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _look(self) -> None:
        """Read the file again when it is not the one that was read or written last."""
        if self._left:
            return
        _refuse_foreign_link(self.path)
        try:
            with self._open() as file:
                found = _stamp(os.fstat(file.fileno()))
                tables = _parse(file.read(MAX_BYTES + 1)) if found != self._stamp else self._tables
        except FileNotFoundError:
            self._left = self._stamp is not None
            return
        if self._stamp is not None and tables["keys"].get("identity") != self._tables["keys"].get("identity"):
            self._left = True
            return
        self._tables, self._stamp = tables, found

    def _open(self) -> IO[bytes]:
        """The file, if it is this account's alone."""
        descriptor = os.open(self.path, os.O_RDONLY | _NO_WAIT)
        try:
            self._check(os.fstat(descriptor))
        except IdentityDamaged:
            os.close(descriptor)
            raise
        return os.fdopen(descriptor, "rb")

    def _check(self, found: os.stat_result) -> None:
        if not stat.S_ISREG(found.st_mode):
            raise IdentityDamaged(f"{self.path} is no file.")
        if os.name != "posix":
            return
        if found.st_uid != os.geteuid():
            raise IdentityDamaged(f"{self.path} belongs to another account.")
        if found.st_mode & 0o077:
            raise IdentityDamaged(f"Others can read {self.path}. If nobody has, run: chmod 600 {self.path}")

    def _write(self, tables: Tables) -> None:
        """A draft that a crash left behind is written anew."""
        content = json.dumps({"lowkey": "identity", "version": VERSION, **tables}, indent=1).encode()
        self._draft.unlink(missing_ok=True)
        draft = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o600)
        with os.fdopen(draft, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            self._stamp = _stamp(os.fstat(file.fileno()))
        self._draft.replace(self._target)
        _sync(self._target.parent)


_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


def make_private(folder: Path) -> None:
    """The folder and those above it that are missing, each for this account alone."""
    for missing in reversed([folder, *folder.parents]):
        if not missing.exists():
            missing.mkdir(mode=0o700, exist_ok=True)


def _refuse_foreign_link(path: Path) -> None:
    if os.name == "posix" and path.is_symlink() and path.lstat().st_uid != os.geteuid():
        raise IdentityDamaged(f"{path} is a link that another account made.")


def _stamp(found: os.stat_result) -> _Stamp:
    """A file that was replaced or written has another."""
    return found.st_ino, found.st_mtime_ns, found.st_size


def _parse(content: bytes) -> Tables:
    """Raises IdentityDamaged for what is not in this version's form; what a record says is checked by its reader."""
    try:
        whole: Any = json.loads(content.decode())
    except (ValueError, RecursionError):
        raise IdentityDamaged from None
    if len(content) > MAX_BYTES or take(whole, "lowkey", str) != "identity":
        raise IdentityDamaged
    version = take(whole, "version", int)
    if not 1 <= version <= VERSION:
        raise IdentityDamaged("This identity was written by another version of lowkey. Nothing was changed.")
    if version == 1:
        whole["blocks"] = {}
    tables: Tables = {table: take(whole, table, dict) for table in TABLES}
    if any(not isinstance(record, dict) for records in tables.values() for record in records.values()):
        raise IdentityDamaged
    return tables


def _sync(folder: Path) -> None:
    """Let the new name of the file reach the disk."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
