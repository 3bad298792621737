"""What a terminal may print of what somebody else wrote.

Control characters could move the cursor, recolour or retitle the terminal, and bidi overrides could turn a line around;
both are taken out. Line breaks stay, in one form, and each line after the first is indented, so that no message can
look like a line of somebody else.
"""

from __future__ import annotations

import re
import unicodedata

_BREAKS = str.maketrans({"\r": "\n", "\v": "\n", "\f": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n", "\t": " "})
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
INDENT = "  "

# Escape sequences of ECMA-48: CSI, the string kinds (OSC, DCS, SOS, PM, APC), then any other two-character one.
_ANSI = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b.?"
)


def printable(text: str) -> str:
    """`text` without control and bidi characters; its lines after the first are indented by two spaces."""
    lines = _ANSI.sub("", text).replace("\r\n", "\n").translate(_BREAKS).split("\n")
    return f"\n{INDENT}".join("".join(filter(_harmless, line)) for line in lines)


def _harmless(character: str) -> bool:
    return character not in _BIDI and unicodedata.category(character) not in ("Cc", "Cs")
