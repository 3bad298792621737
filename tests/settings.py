"""The settings of `manage.py test`: those of development, so that nothing need be configured or collected first.

What production does differently is tested on a real daphne (tests/support/server.py) and in subprocesses.
"""

from __future__ import annotations

import os

os.environ["DEBUG"] = "1"

from lowkey_site.settings import *  # noqa: F403  (reads the environment, so it comes after)

TEST_RUNNER = "tests.support.runner.Runner"
