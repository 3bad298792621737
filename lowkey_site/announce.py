"""Says in the log that a server starts and with which settings, and that it has stopped. Neither has a secret or a name."""

from __future__ import annotations

import logging
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from signaling.meter import Meter

logger = logging.getLogger(__name__)

_AS_THEY_ARE = (
    *("DEBUG", "METRICS", "SESSION_TTL", "MESSAGE_RATE", "MESSAGE_BURST"),
    *("CALL_RATE", "CALL_BURST", "CONNECTIONS_PER_ADDRESS"),
)
_COUNTED = ("REDIS_URLS", "PUBLIC_ORIGINS", "TRUSTED_PROXIES", "STUN_URLS", "TURN_URLS")


def announce(meter: Meter) -> Callable[[], None]:
    """Log the start now. What is returned logs the stop."""
    since = time.monotonic()
    logger.info("The server starts.", extra={"fields": started_with()})

    def stopped() -> None:
        fields = {"sent_away": meter.sent_away, "up_seconds": round(time.monotonic() - since, 1)}
        logger.info("The server has stopped.", extra={"fields": fields})

    return stopped


def started_with() -> dict[str, Any]:
    """The settings that matter; of those that list something, how many there are."""
    return {
        "server": Path(sys.argv[0]).stem,
        "python": platform.python_version(),
        "store": "redis" if settings.REDIS_URLS else "memory",
        **{name.lower(): getattr(settings, name) for name in _AS_THEY_ARE},
        **{name.lower(): len(getattr(settings, name)) for name in _COUNTED},
    }
