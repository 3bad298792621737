"""Reads the environment: each variable once, into a value with a type.

A variable that is unset or blank has its default. A bad one raises `EnvError`, a `SystemExit` with one sentence that names
the variable: whoever starts the server reads that sentence and nothing else. Secrets are never quoted; they may also
come from a file, `NAME_FILE`, as systemd's credentials and Docker's secrets do.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Literal, TypeAlias, TypeVar
from urllib.parse import urlsplit

Proxy: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network | Literal["unix"]
"""Where a trusted proxy's connections come from."""

T = TypeVar("T")

FLAGS: Final = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}

SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
"""The units of a Go duration; both micro signs are one."""

PORTS: Final = {"http": 80, "https": 443}
"""The ports that a serialised origin leaves out."""

_DURATION_PART = re.compile(r"(\d+\.?\d*|\.\d+)(h|ms|m|s|us|µs|μs|ns)", re.ASCII)
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
_STUN = re.compile(rf"stuns?:{_HOST}(?::\d{{1,5}})?", re.ASCII)
_TURN = re.compile(rf"turns?:{_HOST}(?::\d{{1,5}})?(?:\?transport=(?:udp|tcp))?", re.ASCII)
_REDIS_PLACE = re.compile(r"rediss?://[^/\s]+(?:/\d*)?|unix:///\S+", re.ASCII)
_ORIGIN_HOST = re.compile(_HOST, re.ASCII)


class EnvError(SystemExit):
    """A variable the server cannot start with. Uncaught, it ends the program with its sentence and exit code 1."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name} {problem}.")


class Environment:
    """The variables of `values`, by name and kind."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, name: str, default: str = "") -> str:
        """The value without surrounding blanks."""
        return self._values.get(name, "").strip() or default

    def flag(self, name: str, *, default: bool = False) -> bool:
        """1 or 0; true, yes, on, false, no and off do too."""
        text = self.text(name)
        if not text:
            return default
        if text.lower() not in FLAGS:
            raise EnvError(name, f'must be 1 or 0, not "{text}"')
        return FLAGS[text.lower()]

    def choice(self, name: str, *options: str) -> str:
        """One of the options, of which the first is the default."""
        text = self.text(name, options[0])
        if text not in options:
            raise EnvError(name, f'must be {", ".join(options[:-1])} or {options[-1]}, not "{text}"')
        return text

    def whole(self, name: str, default: int, *, most: int = 1_000_000) -> int:
        """A whole number from 1 to `most`."""
        text = self.text(name, str(default))
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not 1 <= int(text) <= most:
            raise EnvError(name, f'must be a whole number from 1 to {most}, not "{text}"')
        return int(text)

    def duration(self, name: str, default: str) -> float:
        """A Go duration as 90s, 1h30m, 1.5h or 300ms, in seconds."""
        text = self.text(name, default)
        try:
            return parse_duration(text)
        except ValueError as problem:
            raise EnvError(name, f'{problem}, not "{text}"') from None

    def secret(self, name: str) -> str:
        """The value, or the content of the file that `NAME_FILE` names; empty when there is neither."""
        path = self.text(f"{name}_FILE")
        if not path:
            return self.text(name)
        if self.text(name):
            raise EnvError(name, f"and {name}_FILE are both set; keep one")
        try:
            secret = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            raise EnvError(f"{name}_FILE", f'names "{path}", which cannot be read') from None
        if not secret:
            raise EnvError(f"{name}_FILE", f'names "{path}", which is empty')
        return secret

    def words(self, name: str, default: str = "") -> tuple[str, ...]:
        """The parts between commas."""
        return tuple(word for part in self.text(name, default).split(",") if (word := part.strip()))

    def origins(self, name: str, default: str = "", *, wildcard: bool = False) -> tuple[str, ...]:
        """Origins as the WHATWG serialises them, or `("*",)` where that is allowed."""
        words = self.words(name, default)
        return words if wildcard and words == ("*",) else self._each(name, words, parse_origin)

    def ice_urls(self, name: str, scheme: Literal["stun", "turn"]) -> tuple[str, ...]:
        """URLs of STUN servers (stun:, stuns:) or TURN servers (turn:, turns:)."""
        return self._each(name, self.words(name), parse_stun if scheme == "stun" else parse_turn)

    def redis_urls(self, name: str) -> tuple[str, ...]:
        """URLs of Redis servers, which hold passwords and so are secret."""
        words = (word.strip() for word in self.secret(name).split(","))
        return self._each(name, tuple(word for word in words if word), parse_redis)

    def proxies(self, name: str, default: str = "") -> tuple[Proxy, ...]:
        """Networks, and the word `unix` for whoever is at the other end of a unix socket."""
        return self._each(name, self.words(name, default), parse_proxy)

    @staticmethod
    def _each(name: str, words: tuple[str, ...], parse: Callable[[str], T]) -> tuple[T, ...]:
        try:
            return tuple(parse(word) for word in words)
        except ValueError as problem:
            raise EnvError(name, str(problem)) from None


def parse_duration(text: str) -> float:
    """Seconds; ValueError says what a duration must be."""
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError("must be a duration as 90s, 10m or 1h30m")
    seconds = sum(float(number) * SECONDS[unit] for number, unit in parts)
    if not 0 < seconds < math.inf:
        raise ValueError("must be a duration longer than zero")
    return seconds


def parse_origin(text: str) -> str:
    """The origin itself; ValueError shows how it is written when it can be guessed."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(f'has "{text}", which is not an origin') from None
    host = f"[{host}]" if ":" in host else host
    if parts.scheme not in PORTS or not _ORIGIN_HOST.fullmatch(host) or port == 0:
        raise ValueError(f'has "{text}", which is not an origin as https://chat.example')
    serialised = f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, PORTS[parts.scheme]) else "")
    if serialised != text:
        raise ValueError(f'has "{text}", which is not an origin; did you mean "{serialised}"')
    return text


def parse_stun(text: str) -> str:
    """The URL itself, in the form of RFC 7064."""
    if not _STUN.fullmatch(text):
        raise ValueError(f'has "{text}", which is not a URL as stun:stun.example:3478')
    return text


def parse_turn(text: str) -> str:
    """The URL itself, in the form of RFC 7065."""
    if not _TURN.fullmatch(text):
        raise ValueError(f'has "{text}", which is not a URL as turn:turn.example:3478?transport=udp')
    return text


def parse_redis(text: str) -> str:
    """The URL itself; what it holds is never quoted."""
    try:
        parts = urlsplit(text)
        _ = parts.port  # which is parsed only now
    except ValueError:
        parts = urlsplit("")
    if (
        not _REDIS_PLACE.fullmatch(f"{parts.scheme}://{parts.hostname or ''}{parts.path}")
        or parts.query
        or parts.fragment
    ):
        raise ValueError(
            "must have URLs as redis://:password@127.0.0.1:6379/0 or unix:///run/redis/redis.sock, "
            "with / # ? @ : % of a password written as %2F %23 %3F %40 %3A %25"
        )
    return text


def parse_proxy(text: str) -> Proxy:
    """A network, a single address as the network of itself, or `unix`."""
    if text == "unix":
        return "unix"
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise ValueError(f'has "{text}", which is neither a network as 10.0.0.0/8 nor the word unix') from None
