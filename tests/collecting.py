"""The settings with which tests collect static files: production's, with what they built themselves before what is committed."""

from __future__ import annotations

import os
from pathlib import Path

from lowkey_site.settings import *  # noqa: F403  (reads the environment)
from lowkey_site.settings import STATICFILES_DIRS as COMMITTED

STATICFILES_DIRS = [Path(os.environ["COLLECT_FIRST"]), *COMMITTED]
