"""The store in one Redis, for any number of processes. Its rules are in store.lua; here is how they are reached.

- Every method is one call of the script, and one step for everybody else. Calls are gathered: while one run of the script
  is on its way, further calls wait and go out together as the next, so that many calls share what a run costs.
- Time is Redis's own, since machines' clocks differ. Tests pass a clock; then nothing depends on how long they take.
- `touch` writes only where it makes the session last longer by more than a 64th of its TTL: a session may end that much
  early, which at ten minutes is nine seconds.
- A name's key expires hours after it was last kept. `beat` keeps those that are due, at most `STEPS` with each beat, so a
  connection lasts as long as it will, and the beats of a place of 500,000 names still have time to keep them all.
- Places are not over because Redis was away: after a time in which none was heard, each has `PLACE_SECONDS` from then on.
- A Redis that comes back with nothing, or with what it had saved, is another memory, as a beat finds out: every place
  claims its names again, and nobody new is given one for `GRACE_SECONDS`, so that nobody comes before whoever had it. A
  store that beats for the first time had nobody, so the first ever makes nobody wait; nor does one that starts after the
  loss and before any other has beaten: until then, what it gives may have been somebody's.
- Redis must evict nothing (`maxmemory-policy noeviction`): a name that it dropped by itself would be missed by nobody.

Whatever goes wrong is `StoreUnavailable` within `patience`, or twice that for a call that had to wait for others. What was
asked then may have happened: a claim, a call or a join may stand and is given again to whoever asks again; a release or an
end is to be asked again, and is nothing the second time, though who left whom is then not told. After a failure, and a
connection that was lost is one, every call fails at once, until a `beat` is answered: it alone tries, so it is to be called
every second or so while the store is away. A failure begins another era, and with the first beat in it Redis acts on
nothing more that was said in an earlier one: what has not happened by then never does, however late it arrives.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec
from redis.asyncio.connection import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, BusyLoadingError, NoScriptError, ResponseError

from signaling.errors import Code, ProtocolError

from .base import (
    HERE,
    LEASE_SECONDS,
    MAX_INITIATED,
    MAX_JOINED,
    PLACE_SECONDS,
    At,
    Claim,
    Lapse,
    NameLost,
    Session,
    StoreUnavailable,
)

logger = logging.getLogger(__name__)

SCHEMES = ("redis://", "rediss://", "unix://")

KEEP_SECONDS = 6 * 3600
"""How long the keys of names and places are kept without anybody's doing: far longer than any of them is silent."""

GRACE_SECONDS = PLACE_SECONDS / 2 + 1
"""How long nobody new is given a name after the first beat that finds the memory lost: a process that beats every quarter
of `PLACE_SECONDS` may have beaten just before and fail once. While names are claimed again it goes on, for half as long after each."""

STEPS = 200
"""How much one call of `beat` or `end_leases` does at most."""

BATCH = 128
"""How many calls go out together."""

ROOM = 10_000
"""How many calls may wait. One more is refused."""

_Call: TypeAlias = tuple[str | None, ...]
"""The name of a rule, and its arguments."""

_AWAY = "The session store does not answer."
_FULL = "The session store has too much to do."
_CLOSED = "The session store is closed."
_FAILED, _LOST = "FAILED", "LOST"

_NOT_NOW = {
    "FORGOTTEN": "The session store does not know who asks.",
    "GRACE": "The session store has lost its memory, and is told first who was here.",
    "UNHEARD": "The session store has lost its memory, or a call was late.",
}
"""Why the script refuses what is no fault of Redis, nor of whoever asks."""

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (AuthenticationError, "The session store refuses the password."),
    (BusyLoadingError, "The session store is loading its data."),
    (Exception, _AWAY),
)


class RedisStore:
    """See `Store`. `ttl` and `patience` are in seconds; `clock` counts them in place of Redis's clock.

    Raises ValueError for a URL that is none; nothing is connected before the first call.
    """

    def __init__(
        self, url: str, *, ttl: float, patience: float = 1.0, clock: Callable[[], float] | None = None
    ) -> None:
        self._script = _Script(url, _source(ttl), patience)
        self._clock = clock
        self._line = _Line(self._run, patience)
        self._fault: str | None = None
        self._voice = uuid.uuid4().hex
        self._era = 0
        self._memory: str | None = None

    async def aclose(self) -> None:
        """Let go of the connection. What is asked afterwards fails."""
        self._fault = _CLOSED
        self._line.fail(_CLOSED)
        await self._script.aclose()

    async def claim(
        self, name: str, connection: str, key: str | None = None, place: str = HERE, *, again: bool = False
    ) -> Claim:
        granted, *rest = await self._ask("claim", name, connection, key, place, "again" if again else None)
        if not granted:
            return Claim(granted=False, key=rest[1] or None)
        return Claim(granted=True, replaced=_at(rest[0]))

    async def release(self, name: str, connection: str) -> list[Session]:
        return [_session(parts) for parts in await self._ask("release", name, connection)]

    async def end_leases(self) -> Lapse:
        gone, next_in = await self._ask("end_leases")
        left = tuple((name, _session(parts)) for name, parts in gone)
        return Lapse(left, None if next_in is False else next_in / 1000)

    async def beat(self, place: str) -> bool:
        """See `Store`. The only call that is tried while the store is away, and that finds it again."""
        if self._fault == _CLOSED:
            raise StoreUnavailable(_CLOSED)
        is_known: bool
        is_known, self._memory = await self._line.ask("beat", place, self._memory, first=True)
        self._fault = None
        return is_known

    async def where(self, name: str) -> At | None:
        return _at(await self._ask("where", name))

    async def connect(self, session_id: str, caller: str, connection: str, target: str) -> Session:
        return _session(await self._ask("connect", session_id, caller, connection, target))

    async def create(self, session_id: str, initiator: str, connection: str) -> Session:
        return _session(await self._ask("create", session_id, initiator, connection))

    async def join(self, session_id: str, guest: str, connection: str) -> Session:
        return _session(await self._ask("join", session_id, guest, connection))

    async def touch(self, sender: str, connection: str, target: str, session_id: str | None = None) -> At | None:
        return _at(await self._ask("touch", sender, connection, target, session_id))

    async def end(self, user: str, connection: str, session_id: str) -> Session:
        return _session(await self._ask("end", user, connection, session_id))

    async def end_with(self, user: str, connection: str, other: str) -> Session:
        return _session(await self._ask("end_with", user, connection, other))

    def open_sessions(self) -> int | None:
        return None  # each has a key of its own, which Redis forgets by itself

    async def _ask(self, *call: str | None) -> Any:
        if self._fault is not None:
            raise StoreUnavailable(self._fault)
        return await self._line.ask(*call)

    async def _run(self, calls: Sequence[_Call]) -> list[list[Any]]:
        """The answers to these calls. Where there are none, the store is away until it answers a beat."""
        now = None if self._clock is None else round(self._clock() * 1000)
        try:
            return await self._script.run(now, self._voice, self._era, self._memory is not None, calls)
        except _Away as away:
            self._era += 1
            self._fault = _CLOSED if self._fault == _CLOSED else str(away)
            self._line.fail(str(away))
            raise


class _Away(StoreUnavailable):
    """Redis does not answer, or not to us: asking more is no use for now."""


class _Waiting(NamedTuple):
    """A call, who is told of its answer, and until when that one waits for it to go out."""

    call: _Call
    answer: asyncio.Future[Any]
    until: float


class _Line:
    """Calls that wait to go out together. `run` takes some of them and answers each, or raises StoreUnavailable.

    Who is not on the way after `patience` is given up.
    """

    def __init__(self, run: Callable[[Sequence[_Call]], Awaitable[list[list[Any]]]], patience: float) -> None:
        self._run = run
        self._patience = patience
        self._waiting: deque[_Waiting] = deque()
        self._running: asyncio.Task[None] | None = None

    async def ask(self, *call: str | None, first: bool = False) -> Any:
        """The value that the call is answered with. Raises its refusal as `ProtocolError`, and `StoreUnavailable`.

        What has to go `first` always finds room, so that no process is taken for gone because it has much to do.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(call, loop.create_future(), loop.time() + self._patience)
        if first:
            self._waiting.appendleft(waiting)
        elif len(self._waiting) < ROOM:
            self._waiting.append(waiting)
        else:
            raise StoreUnavailable(_FULL)
        if self._running is None:
            self._running = loop.create_task(self._run_all())
        return await waiting.answer

    def fail(self, reason: str) -> None:
        """Give up all calls that wait."""
        while self._waiting:
            _settle(self._waiting.popleft().answer, StoreUnavailable(reason))

    async def _run_all(self) -> None:
        try:
            while self._waiting:
                await self._run_some(self._next())
        finally:
            self._running = None

    def _next(self) -> list[_Waiting]:
        now = asyncio.get_running_loop().time()
        some: list[_Waiting] = []
        while self._waiting and len(some) < BATCH:
            waiting = self._waiting.popleft()
            if waiting.until < now:
                _settle(waiting.answer, StoreUnavailable(_FULL))
            if not waiting.answer.done():
                some.append(waiting)
        return some

    async def _run_some(self, some: list[_Waiting]) -> None:
        reason = _AWAY
        try:
            answers = await self._run([waiting.call for waiting in some]) if some else []
            for waiting, answer in zip(some, answers, strict=True):
                _settle(waiting.answer, _meaning(answer))
        except StoreUnavailable as error:
            reason = str(error)
        finally:  # whatever happens, nobody is left waiting
            for waiting in some:
                _settle(waiting.answer, StoreUnavailable(reason))


class _Script:
    """Runs the script over one connection, which is made when it is needed and left when anything went wrong with it."""

    def __init__(self, url: str, source: str, patience: float) -> None:
        self._connection = _connection(url)
        self._source = source
        self._sha = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()  # Redis's name for it
        self._patience = patience

    async def aclose(self) -> None:
        await self._connection.disconnect(nowait=True)

    async def run(self, *said: object) -> list[list[Any]]:
        """What the script answers. Raises `_Away` when there is no answer in time, StoreUnavailable when it is an error."""
        packed = msgspec.msgpack.encode(said)
        try:
            async with asyncio.timeout(self._patience):
                return msgspec.msgpack.decode(await self._evaluate(packed), type=list[list[Any]])
        except ResponseError as error:
            raise _refusal(str(error)) from None
        except Exception as error:  # noqa: BLE001 - redis-py lets through what sockets, TLS and event loops raise
            await self._connection.disconnect(nowait=True)
            raise _Away(_reason(error)) from None

    async def _evaluate(self, packed: bytes) -> bytes:
        if self._connection.is_connected and await self._connection.can_read_destructive():
            raise ConnectionError  # Redis has closed it meanwhile, and may be another by now
        await self._connection.connect()
        try:
            return await self._execute("EVALSHA", self._sha, packed)
        except NoScriptError:  # Redis does not know it, or no longer, and has done nothing
            return await self._execute("EVAL", self._source, packed)

    async def _execute(self, command: str, script: str, packed: bytes) -> bytes:
        await self._connection.send_command(command, script, 0, packed)
        answer: bytes = await self._connection.read_response()
        return answer


def _connection(url: str) -> Any:
    """A connection of redis-py, which connects itself; its time limits are ours. A URL is not quoted: it may be secret."""
    if not url.startswith(SCHEMES):
        raise ValueError("there is no session store for that kind of URL")
    try:
        pool = ConnectionPool.from_url(url, retry=Retry(NoBackoff(), 0))
        return pool.connection_class(**pool.connection_kwargs)
    except ValueError:
        raise ValueError("the URL of the session store cannot be read") from None


def _source(ttl: float) -> str:
    """The script, with its constants in front, in milliseconds."""
    seconds = {"TTL": ttl, "SLACK": ttl / 64, "LEASE": LEASE_SECONDS, "PLACE": PLACE_SECONDS, "KEEP": KEEP_SECONDS}
    numbers = {name: round(value * 1000) for name, value in {**seconds, "GRACE": GRACE_SECONDS}.items()}
    numbers |= {"MAX_INITIATED": MAX_INITIATED, "MAX_JOINED": MAX_JOINED, "STEPS": STEPS}
    constants = f"local {', '.join(numbers)} = {', '.join(map(str, numbers.values()))}"
    return f"{constants}\n{Path(__file__).with_name('store.lua').read_text('utf-8')}"


def _settle(future: asyncio.Future[Any], outcome: Any) -> None:
    """Give the caller what came of its call, unless it has that, or has gone."""
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _meaning(answer: list[Any]) -> Any:
    """The value that the script answered with, or the exception that stands for it."""
    why, *detail = answer
    if why is False:
        return detail[0]
    if why == _LOST:
        return NameLost(detail[0] or None)
    if why == _FAILED:
        return _refusal(str(detail[0]))
    return StoreUnavailable(_NOT_NOW[why]) if why in _NOT_NOW else ProtocolError(Code(why))


def _refusal(text: str) -> StoreUnavailable:
    """What Redis says begins with a word for the kind of error, as OOM or READONLY; an error of the script does not."""
    kind = text.partition(" ")[0]
    if not kind.isupper():
        logger.error("The script of the session store has failed: %s", text)
        return StoreUnavailable("The session store has failed.")
    return StoreUnavailable(f"The session store refuses: {kind}.")


def _at(parts: Sequence[str] | None) -> At | None:
    return At(*parts) if parts else None


def _session(parts: Sequence[Any]) -> Session:
    session_id, initiator, guest = parts
    return Session(session_id, initiator, guest or None)


def _reason(error: Exception) -> str:
    """What is wrong with Redis. What it said as the connection was made is sometimes only the cause of the error."""
    return next(reason for kind, reason in _REASONS if isinstance(error, kind) or isinstance(error.__cause__, kind))
