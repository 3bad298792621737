"""Looking for what must not be there: secrets in what somebody recorded, in whatever form they may stand."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")


def forms(secret: bytes) -> Iterator[bytes]:
    """The bytes as they are, and as they may be written."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    yield secret.hex(":").encode()
    yield secret.hex(":").upper().encode()
    for shift in range(3):
        # Inside of longer base64 it may begin at any of three places; what is cut off depends on its neighbours.
        coded = base64.b64encode(bytes(shift) + secret)
        yield coded[-(-shift * 4 // 3) : -4]
        yield coded[-(-shift * 4 // 3) : -4].translate(bytes.maketrans(b"+/", b"-_"))


def everything(frames: Iterable[dict[str, Any]]) -> bytes:
    """All that stands in these frames, and all that stands there in base64, as bytes."""
    text = "\n".join(json.dumps(frame, ensure_ascii=False) for frame in frames)
    decoded = [base64.urlsafe_b64decode(_padded(found)) for found in _BASE64.findall(text)]
    return b"\n".join([text.encode(), *decoded])


def found(secrets: Mapping[str, Iterable[bytes]], frames: Iterable[dict[str, Any]]) -> list[str]:
    """The names of the secrets that stand somewhere in these frames."""
    haystack = everything(frames)
    return [name for name, each in secrets.items() if any(form in haystack for one in each for form in forms(one))]


def _padded(text: str) -> str:
    plain = text.rstrip("=").translate(str.maketrans("+/", "-_"))
    return plain[: len(plain) // 4 * 4] if len(plain) % 4 == 1 else plain + "=" * (-len(plain) % 4)
