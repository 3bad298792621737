"""What `manage.py check --deploy` says of the matchmaker's configuration."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004 - Django's name for it


@register(Tags.security, deploy=True)
def public_origins(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A server that others reach has to know under which origins they do, or none of them can prove a name."""
    if settings.PUBLIC_ORIGINS:
        return []
    sentence = (
        "PUBLIC_ORIGINS is not set, so only clients that dial this machine's own loopback address can have a name."
    )
    hint = "Set it to what people type, as https://chat.example."
    return [Warning(sentence, hint=hint, id="signaling.W001")]
