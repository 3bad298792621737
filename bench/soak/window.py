"""What the soak and the servers it runs agree on: how long a lease is there, and where they show what they remember."""

from __future__ import annotations

LEASE_SECONDS = 8.0
"""Short enough to see leases end, long enough that who was cut off is back within it."""

PATH = "/remembered"
