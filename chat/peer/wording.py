"""What may be said: the text of a message, and a reaction to one. Mirrors static/js/peer/wording.js, to the character."""

from __future__ import annotations

import re
from typing import TypeGuard
from unicodedata import category

MAX_EMOJI_UNITS = 32
"""In UTF-16."""

_UNSEEN = r"[\x00-\x20\x7f-\xa0\u1680\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f\u2060\u2066-\u2069\u3000\ufeff]"
"""Spaces, control characters, and those that turn the direction of text."""

_NO_EMOJI = re.compile(_UNSEEN)
_BLANK = re.compile(f"{_UNSEEN}*")
_SYMBOLS = frozenset({"So", "Sm", "Sk", "Po", "Pd", "Me"})
_SYMBOLIC_LETTER = "ℹ"


def is_blank(text: str) -> bool:
    """Whether there is nothing to see."""
    return _BLANK.fullmatch(text) is not None


def well_formed(text: str) -> str:
    """The text as UTF-8 can carry it: half surrogates that have no other half become U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def is_emoji(emoji: object) -> TypeGuard[str]:
    """Whether it may be a reaction, or, as nothing, take one back: signs that can be seen, and no words. Which signs are emoji
    depends on the year."""
    if not isinstance(emoji, str) or len(emoji) > MAX_EMOJI_UNITS or emoji != well_formed(emoji):
        return False
    if len(emoji.encode("utf-16-le")) > 2 * MAX_EMOJI_UNITS or _NO_EMOJI.search(emoji):
        return False
    return emoji == "" or (any(map(_is_sign, emoji)) and not any(map(_is_letter, emoji)))


def _is_sign(character: str) -> bool:
    symbol = character > "\x7f" and category(character) in _SYMBOLS
    return symbol or character == _SYMBOLIC_LETTER or "\U0001f000" <= character <= "\U0001faff"  # some of which are new


def _is_letter(character: str) -> bool:
    return category(character).startswith("L") and character != _SYMBOLIC_LETTER
