"""How what is valid is spoiled: as bytes, and as JSON. Each takes the chance and what it spoils, and knows nothing else."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from .samples import MARK

LARGE = 200_000
DEEP = 20_000

_BYTES = (
    b"\x00",
    b"\xff",
    b"\x80",
    b"\r\n",
    b"\n\n",
    b'"',
    b"{",
    b"[",
    b"\\u0000",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x98\x80",
    b"%",
    b"\xc0\xaf",
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1e308, 2**53, 2**64, 10**400, "", MARK, "\x00", "\ud800", "\u202e", "A" * 70_000),
    *([], {}, [[]], {"": {}}, [None] * 1000, {"__proto__": {"a": 1}}, {"type": "error"}),
)


def spoiled_bytes(chance: random.Random, data: bytes) -> bytes:
    """Changed in a few places; as likely as not, still almost what it was."""
    for _ in range(chance.choice((1, 1, 1, 2, 4, 16))):
        data = chance.choice(_ON_BYTES)(chance, data)
    return data


def spoiled_json(chance: random.Random, value: Any) -> str:
    """An object with other members, types, names or values, or none at all."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        value = chance.choice(_ON_JSON)(chance, value)
    text = json.dumps(value, ensure_ascii=chance.random() < 0.5)
    return chance.choice(_ON_TEXT)(chance, text) if chance.random() < 0.3 else text


def _cut(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randint(0, len(data))]


def _flip(chance: random.Random, data: bytes) -> bytes:
    if not data:
        return data
    place = chance.randrange(len(data))
    return data[:place] + bytes((data[place] ^ (1 << chance.randrange(8)),)) + data[place + 1 :]


def _insert(chance: random.Random, data: bytes) -> bytes:
    place = chance.randint(0, len(data))
    return data[:place] + chance.choice(_BYTES) * chance.choice((1, 1, 1, 3, 500)) + data[place:]


def _remove(chance: random.Random, data: bytes) -> bytes:
    place = chance.randint(0, len(data))
    return data[:place] + data[place + chance.choice((1, 1, 2, 8, 64)) :]


def _double(chance: random.Random, data: bytes) -> bytes:
    place, end = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
    return data[:end] + data[place:end] * chance.choice((1, 1, 2, 20)) + data[end:]


def _noise(chance: random.Random, data: bytes) -> bytes:
    place = chance.randint(0, len(data))
    return data[:place] + chance.randbytes(chance.choice((1, 4, 64))) + data[place:]


def _replace(chance: random.Random, value: Any) -> Any:
    """Some value in it becomes another, of whatever type."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(tuple(value))
        return value | {key: _replace(chance, value[key])}
    return chance.choice(_VALUES)


def _rename(chance: random.Random, value: Any) -> Any:
    if not isinstance(value, dict) or not value:
        return value
    key = chance.choice(tuple(value))
    other = chance.choice((key.upper(), key + " ", "", MARK, "\u0000", "__class__", "sender", "sessionID"))
    return {(other if name == key else name): part for name, part in value.items()}


def _drop(chance: random.Random, value: Any) -> Any:
    if not isinstance(value, dict) or not value:
        return value
    key = chance.choice(tuple(value))
    return {name: part for name, part in value.items() if name != key}


def _add(chance: random.Random, value: Any) -> Any:
    return (
        value | {chance.choice(("sender", "extra", "payload", "type", "")): chance.choice(_VALUES)}
        if isinstance(value, dict)
        else value
    )


def _wrap(chance: random.Random, value: Any) -> Any:
    return chance.choice(([value], {"type": value}, {"payload": value, "type": "signal:ice"}))


def _deep(chance: random.Random, text: str) -> str:
    """So many brackets around it that who recurses falls over."""
    deep = chance.choice((50, 1_000, DEEP))
    opening, closing = chance.choice((("[", "]"), ('{"a":', "}"), ('{"type":"signal:offer","payload":', "}")))
    return opening * deep + text + closing * chance.choice((deep, deep - 1, 0))


def _large(chance: random.Random, text: str) -> str:
    return (
        text[:-1]
        + ","
        + chance.choice((f'"{MARK}":"', '"payload":"'))
        + "x" * chance.choice((60_000, 65_600, LARGE))
        + '"}'
    )


def _twice(chance: random.Random, text: str) -> str:
    """Every member is there again, as JSON allows and nobody expects."""
    return text[:-1] + "," + text[1:] if text.startswith("{") and len(text) > 2 else text + text


def _loose(chance: random.Random, text: str) -> str:
    return chance.choice(
        (text.replace('"', "'"), text + ",", text.replace(":", "=", 1), f"\ufeff{text}", text.replace("0", "NaN"))
    )


_ON_BYTES: tuple[Callable[[random.Random, bytes], bytes], ...] = (_cut, _flip, _flip, _insert, _remove, _double, _noise)
_ON_JSON: tuple[Callable[[random.Random, Any], Any], ...] = (_replace, _replace, _rename, _drop, _add, _wrap)
_ON_TEXT: tuple[Callable[[random.Random, str], str], ...] = (_deep, _large, _twice, _loose)
