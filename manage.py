#!/usr/bin/env python3
"""Django's command line: runserver, test, check, collectstatic, and `peer`, the terminal client."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    testing = sys.argv[1:2] == ["test"]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings" if testing else "lowkey_site.settings")
    execute_from_command_line(sys.argv)
