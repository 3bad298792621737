"""People who are online while something is done to the host: run on the host itself, by the Python of lowkey's release.

Ten of them hold a socket each, and open another when it is closed; one asks for /health all the time, each time by a connection of
its own. Says `ready`, and when its standard input ends what happened, as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import sys
from collections import Counter

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

NAME = "chat.example"
PEOPLE = 10
PATIENCE = 20
TLS = ssl.create_default_context(cafile="/etc/lowkey/tls/fullchain.pem")

closes: Counter[str] = Counter()
refusals: Counter[str] = Counter()
health: Counter[str] = Counter()
online: set[int] = set()
everybody = asyncio.Event()


async def person(number: int) -> None:
    """Online for good, as far as it is up to them."""
    while True:
        try:
            async with connect(f"wss://{NAME}/ws?username=person_{number}", ssl=TLS, proxy=None) as socket:
                online.add(number)
                if len(online) == PEOPLE:
                    everybody.set()
                await socket.wait_closed()
                closes[str(socket.close_code)] += 1
        except (OSError, InvalidStatus, ConnectionClosed) as fault:
            refusals[str(fault)] += 1
        online.discard(number)
        everybody.clear()
        await asyncio.sleep(0.2)


async def look() -> None:
    """Ask whether it serves, over and over."""
    while True:
        try:
            reader, writer = await asyncio.open_connection(NAME, 443, ssl=TLS)
            writer.write(f"GET /health HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode())
            health[(await reader.readline()).decode().strip()] += 1
            writer.close()
        except OSError as fault:
            health[type(fault).__name__] += 1
        await asyncio.sleep(0.02)


async def main() -> None:
    """Until standard input ends."""
    stop = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    tasks = [asyncio.create_task(each) for each in (look(), *map(person, range(PEOPLE)))]
    await everybody.wait()
    for counter in (closes, refusals, health):  # how they came in does not count
        counter.clear()
    print("ready", flush=True)
    await stop
    with contextlib.suppress(TimeoutError):  # those whose server went last may be on their way back
        await asyncio.wait_for(everybody.wait(), PATIENCE)
    said = {"closes": closes, "refusals": refusals, "health": health, "online": len(online)}
    for task in tasks:
        task.cancel()
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
