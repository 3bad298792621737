"""The vectors that both languages are tested on."""

from __future__ import annotations

import json
from typing import Any

from tests.support.paths import ROOT


def vectors(name: str) -> Any:
    """The content of tests/vectors/NAME.json."""
    return json.loads((ROOT / "tests" / "vectors" / f"{name}.json").read_text())


def drawn(*draws: bytes) -> Any:
    """Randomness that gives these draws, in this order, each of the length asked for."""
    left = list(draws)

    def random(length: int) -> bytes:
        draw = left.pop(0)
        assert len(draw) == length, f"{length} bytes were asked for"
        return draw

    return random


LOW_ORDER = sorted(
    {bytes.fromhex(key) for key in vectors("classic")["lowOrderPublicKeys"]}
    | {bytes.fromhex(case["public"]) for case in vectors("x25519")["cases"] if "LowOrderPublic" in case["flags"]}
)
"""Public keys that give the all-zero X25519 result, whatever the private one."""
