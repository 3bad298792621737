"""daphne with a matchmaker whose clock is two hours slow, so that the TURN credentials that it hands out have expired."""

from __future__ import annotations

import sys

from lowkey_site import daphne
from signaling import ice

if __name__ == "__main__":
    ice.LIFETIME -= 7200
    daphne.serve(sys.argv[1:])
