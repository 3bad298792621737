"""What a relayed chat costs the relay: `python -m bench.relayed`, some minutes, on a machine with coturn and Chromium.

Two pages in Chromium open a relayed channel through a real coturn, once to be silent and once to send frames of a short message
each. What coturn says of its two sessions when they end is what it received and sent for both, to which the headers of IP and
UDP are added.
"""

from __future__ import annotations

import os
import re
import time
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

from playwright.sync_api import Browser, sync_playwright

from tests.support.coturn import Coturn, unavailable

SECONDS = 60.0
FRAMES = 300
FRAME_CHARACTERS = 300
"""A short message as lowkey/2 writes it: a header of 41 bytes and a padded body, both in base64."""

OPEN = """async (servers) => {
  const config = { iceServers: servers, iceTransportPolicy: "relay" };
  const [one, two] = [new RTCPeerConnection(config), new RTCPeerConnection(config)];
  globalThis.ends = [one, two];
  one.onicecandidate = ({ candidate }) => candidate && two.addIceCandidate(candidate);
  two.onicecandidate = ({ candidate }) => candidate && one.addIceCandidate(candidate);
  globalThis.channel = one.createDataChannel("chat");
  const opened = new Promise((resolve) => { channel.onopen = resolve; });
  await one.setLocalDescription(await one.createOffer());
  await two.setRemoteDescription(one.localDescription);
  await two.setLocalDescription(await two.createAnswer());
  await one.setRemoteDescription(two.localDescription);
  await opened;
}"""
HEADERS = 28
"""Bytes of IPv4 and UDP in each packet."""

_USAGE = re.compile(r"session \d+: usage: .*?rp=(\d+), rb=(\d+), sp=(\d+), sb=(\d+)")


def main() -> None:
    """Print bytes of a silent minute, and of a frame."""
    if why := unavailable():
        raise SystemExit(why)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        opened = relayed(browser, seconds=0, frames=0)
        silent = relayed(browser, seconds=SECONDS, frames=0) - opened
        spoken = relayed(browser, seconds=0, frames=FRAMES) - opened
    print(f"to open and close: {opened:,} bytes, in and out")  # noqa: T201
    print(f"silent: {silent / SECONDS * 60:,.0f} bytes a minute")  # noqa: T201
    print(f"a frame of {FRAME_CHARACTERS} characters: {spoken / FRAMES:,.0f} bytes")  # noqa: T201


def relayed(browser: Browser, *, seconds: float, frames: int) -> int:
    """What the relay received and sent for a channel that lived so long and carried so many frames."""
    with Coturn(None, "--verbose") as relay:
        page = browser.new_page()
        page.goto("about:blank")
        page.evaluate(OPEN, [_as_the_page_takes(server) for server in relay.servers()])
        for _ in range(frames):
            page.evaluate(f"channel.send('x'.repeat({FRAME_CHARACTERS}))")
        page.wait_for_function("() => channel.bufferedAmount === 0")
        page.wait_for_timeout(seconds * 1000 + 500)
        page.evaluate("ends.forEach((end) => end.close())")
        page.close()
        deadline = time.monotonic() + 20
        while len(usages := _USAGE.findall(relay.log)) < 2 and time.monotonic() < deadline:
            time.sleep(0.2)
        packets = [int(usage[0]) + int(usage[2]) for usage in usages]
        return sum(int(usage[1]) + int(usage[3]) for usage in usages) + HEADERS * sum(packets)


def _as_the_page_takes(server: Any) -> dict[str, Any]:
    return {"urls": server.urls, "username": server.username, "credential": server.credential}


if __name__ == "__main__":
    main()
