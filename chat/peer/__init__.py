"""The Python peer. It speaks the same protocol as static/js/peer, file for file; Django stays outside.

>>> async with Peer("helper", server="http://127.0.0.1:8080") as peer:
...     await peer.call("alice")
...     await peer.send("hello")
...     async for message in peer.messages():
...         print(message.body)
"""

from .errors import CallEnded, PeerError
from .messages import Message
from .peer import Listener, Peer, Snapshot

__all__ = ["CallEnded", "Listener", "Message", "Peer", "PeerError", "Snapshot"]
