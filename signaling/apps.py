"""The Django app."""

from __future__ import annotations

import sys

from django.apps import AppConfig


class SignalingConfig(AppConfig):
    """Runs wherever the site is set up, so before any server serves it."""

    name = "signaling"

    def ready(self) -> None:
        from . import checks  # noqa: F401 - importing it registers it

        if "daphne.server" in sys.modules:
            from .servers.daphne import mend

            mend()
