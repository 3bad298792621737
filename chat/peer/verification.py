"""How two people find out that nobody sits between them (docs/protocol.md, section 3.5). Mirrors
static/js/peer/verification.js.

The safety number is Signal's numeric fingerprint of the two identity keys, and stays the same as long as they do. The emoji
are of one handshake: one side commits to its nonce before it sees the other's, so that nobody can look for nonces that
give two different handshakes the same emoji.
"""

from __future__ import annotations

from .primitives import KEY_BYTES, hkdf, sha512

_ROUNDS = 5_200
_FINGERPRINT_VERSION = b"\x00\x00"
_KEY_TYPE = b"\x05"
_ID = b"lowkey/2"

# The table of the Matrix specification (client-server API, "SAS method: emoji"), in its order and with its English names.
EMOJI = (
    ("🐶", "Dog"),
    ("🐱", "Cat"),
    ("🦁", "Lion"),
    ("🐎", "Horse"),
    ("🦄", "Unicorn"),
    ("🐷", "Pig"),
    ("🐘", "Elephant"),
    ("🐰", "Rabbit"),
    ("🐼", "Panda"),
    ("🐓", "Rooster"),
    ("🐧", "Penguin"),
    ("🐢", "Turtle"),
    ("🐟", "Fish"),
    ("🐙", "Octopus"),
    ("🦋", "Butterfly"),
    ("🌷", "Flower"),
    ("🌳", "Tree"),
    ("🌵", "Cactus"),
    ("🍄", "Mushroom"),
    ("🌏", "Globe"),
    ("🌙", "Moon"),
    ("☁️", "Cloud"),
    ("🔥", "Fire"),
    ("🍌", "Banana"),
    ("🍎", "Apple"),
    ("🍓", "Strawberry"),
    ("🌽", "Corn"),
    ("🍕", "Pizza"),
    ("🎂", "Cake"),
    ("❤️", "Heart"),
    ("😀", "Smiley"),
    ("🤖", "Robot"),
    ("🎩", "Hat"),
    ("👓", "Glasses"),
    ("🔧", "Spanner"),
    ("🎅", "Santa"),
    ("👍", "Thumbs Up"),
    ("☂️", "Umbrella"),
    ("⌛", "Hourglass"),
    ("⏰", "Clock"),
    ("🎁", "Gift"),
    ("💡", "Light Bulb"),
    ("📕", "Book"),
    ("✏️", "Pencil"),
    ("📎", "Paperclip"),
    ("✂️", "Scissors"),
    ("🔒", "Lock"),
    ("🔑", "Key"),
    ("🔨", "Hammer"),
    ("☎️", "Telephone"),
    ("🏁", "Flag"),
    ("🚂", "Train"),
    ("🚲", "Bicycle"),
    ("✈️", "Aeroplane"),
    ("🚀", "Rocket"),
    ("🏆", "Trophy"),
    ("⚽", "Ball"),
    ("🎸", "Guitar"),
    ("🎺", "Trumpet"),
    ("🔔", "Bell"),
    ("⚓", "Anchor"),
    ("🎧", "Headphones"),
    ("📁", "Folder"),
    ("📌", "Pin"),
)


def safety_number(mine: bytes, theirs: bytes) -> str:
    """60 digits, the same on both sides. Takes some ten milliseconds. Raises ValueError for what is no key."""
    return "".join(sorted((_fingerprint(mine), _fingerprint(theirs))))


def qr_text(number: str) -> str:
    """What the QR code of a safety number holds."""
    return f"lowkey2:{number}"


def commitment(nonce: bytes) -> bytes:
    """What is sent first by the side that shows its nonce last: 32 bytes."""
    return sha512(b"lk2 sas commit", _nonce(nonce))[:32]


def emoji(transcript: bytes, nonce_a: bytes, nonce_b: bytes) -> list[tuple[str, str]]:
    """Seven emoji and their names; `nonce_a` is the one that was committed to. Raises ValueError for what is no nonce."""
    bits = int.from_bytes(hkdf(transcript, _nonce(nonce_a) + _nonce(nonce_b), b"lowkey/2 sas", 6), "big")
    return [EMOJI[bits >> shift & 63] for shift in range(42, 0, -6)]


def _fingerprint(key: bytes) -> str:
    """30 digits: six groups of five, each from five bytes of the iterated hash."""
    if len(key) != KEY_BYTES:
        raise ValueError("an identity key has 32 bytes")
    typed = _KEY_TYPE + key
    digest = _FINGERPRINT_VERSION + typed + _ID
    for _ in range(_ROUNDS):
        digest = sha512(digest, typed)
    return "".join(f"{int.from_bytes(digest[at : at + 5], 'big') % 100_000:05}" for at in range(0, 30, 5))


def _nonce(nonce: bytes) -> bytes:
    if len(nonce) != 32:
        raise ValueError("a nonce of the emoji has 32 bytes")
    return nonce
