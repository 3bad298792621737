#!/usr/bin/env python3
"""Django's command line: runserver, test, check, collectstatic, and `peer`, the terminal client."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

SETTINGS = {"test": "tests.settings", "peer": "lowkey_site.peer_settings"}

if __name__ == "__main__":
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS.get(command, "lowkey_site.settings"))
    execute_from_command_line(sys.argv)
