"""What the command lines of both servers have in common."""

from __future__ import annotations

import re
from collections.abc import Sequence

APPLICATION = "lowkey_site.asgi:application"

_NAMED = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", re.ASCII)


def with_application(arguments: Sequence[str]) -> list[str]:
    """The arguments with the site's application at their end, unless the last one names another."""
    named = bool(arguments) and _NAMED.fullmatch(arguments[-1]) is not None
    return [*arguments] if named else [*arguments, APPLICATION]
