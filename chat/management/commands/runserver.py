"""`manage.py runserver`: daphne's, on the port of the environment, and without a line for each visitor."""

from __future__ import annotations

import os
import socket
from typing import Any, ClassVar

from daphne.management.commands.runserver import Command as DaphneRunserver
from daphne.management.commands.runserver import get_default_application
from django.conf import settings
from django.core.management.base import CommandError


class Command(DaphneRunserver):  # type: ignore[misc]  # daphne carries no types
    """The development server. WhiteNoise serves the static files, as it does in production."""

    default_addr: ClassVar[str] = "127.0.0.1"
    default_port: ClassVar[str] = str(settings.PORT)

    def get_application(self, options: dict[str, Any]) -> Any:
        """The site as it is, not wrapped in Django's own handler of static files."""
        return get_default_application()

    def inner_run(self, *args: Any, **options: Any) -> None:
        """Say that the port is in use before anything says that the site is served there."""
        family = socket.AF_INET6 if self.use_ipv6 else socket.AF_INET
        try:
            socket.create_server((self.addr, int(self.port)), family=family).close()
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {self.addr}:{self.port}: {os.strerror(error.errno or 0)}. PORT chooses another."
            ) from None
        super().inner_run(*args, **options)

    def log_action(self, protocol: str, action: str, details: dict[str, Any]) -> None:
        """Nothing: a request's line would name who is here."""
