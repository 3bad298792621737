"""The Python peer. It speaks the same protocol as static/js/peer, file for file; Django stays outside.

awaiting.py has an example.
"""

from .awaiting import Peer
from .errors import CallEnded, PeerError
from .messages import Message
from .snapshot import Listener, Snapshot

__all__ = ["CallEnded", "Listener", "Message", "Peer", "PeerError", "Snapshot"]
