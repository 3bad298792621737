"""What is read from a storage, checked field by field. Mirrors static/js/peer/records.js.

A record is what JSON can hold. Whatever cannot have been written here raises IdentityDamaged.
"""

from __future__ import annotations

from typing import Any, TypeVar

from .errors import IdentityDamaged
from .primitives import unb64

Record = dict[str, Any]

Value = TypeVar("Value")


def take(record: object, field: str, kind: type[Value]) -> Value:
    """A field of a record, of exactly this type."""
    value = record.get(field) if isinstance(record, dict) else None
    if type(value) is not kind:
        raise IdentityDamaged
    return value


def take_bytes(record: object, field: str, length: int) -> bytes:
    """A field of so many bytes, kept in base64."""
    try:
        value = unb64(take(record, field, str))
    except ValueError:
        raise IdentityDamaged from None
    if len(value) != length:
        raise IdentityDamaged
    return value
