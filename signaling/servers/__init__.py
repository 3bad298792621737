"""What one socket may cost the process: the same bounds for each server that runs the matchmaker.

One rule for what is sent: sending never waits, and a socket that has more than `UNSENT_BYTES` unsent is aborted. So a
client that does not read costs no more than that, holds up nobody, and whoever sends to it is told.
"""

from __future__ import annotations

BACKLOG = 4096
"""How many connections may wait to be taken, if the system's net.core.somaxconn allows as many."""

UNSENT_BYTES = 1 << 20
"""How much may wait to be sent to one client. A frame is 64 KiB at most."""

MESSAGE_BYTES = 1 << 17
"""The longest message a server takes; the matchmaker says itself what is too long for it, and takes half of that."""

MESSAGE_FRAGMENTS = 1 << 10
"""How many fragments one message may come in: an empty one costs memory, and adds nothing to the message's length."""

WAITING_FRAMES = 16
"""With so many frames that have not been acted upon yet, a socket is not read from."""

REQUEST_BYTES = 1 << 16
REQUEST_SECONDS = 5
"""What an HTTP request may measure in all, and how long it may take to come in. The matchmaker expects no bodies."""

PING_SECONDS = 20
PONG_SECONDS = 30
"""How often a silent client is asked whether it is there, and how long it has to answer."""

CLOSE_SECONDS = 3
"""How long a client has to answer a close frame."""

LINGER_SECONDS = 20
"""How long a connection that is over may hold on to what its client has not taken yet."""

GRACE_SECONDS = 0.5
"""How long a server that stops still serves the sockets it has, so that what is under way arrives."""

STOP_SECONDS = 6
"""How long the applications may take to end after that."""
