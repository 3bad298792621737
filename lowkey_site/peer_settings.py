"""The settings of `manage.py peer`. The terminal client serves nobody, so it needs no secret and nothing of the environment."""

from __future__ import annotations

INSTALLED_APPS = ["chat"]
USE_TZ = True
