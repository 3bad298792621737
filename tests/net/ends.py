"""Somebody on a host of a `Lan`: a Chromium page, or the Python peer. Both do and show the same.

alice.do("dial", "bob")
alice.look().chat
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Playwright

from tests.net.lan import Host
from tests.net.namespaces import Namespace
from tests.support.browser import CHROMIUM, QUIET
from tests.support.paths import ROOT
from tests.support.server import production_env

POLL_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody sees, and saw: `messages` are (mine, text, status), in a page the last of them; `states` and `arrived`, all
    that the other one ever said here, have seconds since 1970; `path` is "Direct" or "Relayed" while one stands."""

    server: str
    chat: str
    sentence: str
    messages: list[tuple[bool, str, str]]
    states: list[tuple[float, str]]
    arrived: list[tuple[float, str]]
    path: str


class End(ABC):
    """One person. Ended by `close`."""

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def look(self) -> Seen:
        """What they see now."""

    @abstractmethod
    def dial(self, name: str) -> None:
        """Call somebody."""

    @abstractmethod
    def accept(self) -> None:
        """Answer the call that rings."""

    @abstractmethod
    def say(self, text: str) -> bool:
        """Write a message; whether that was possible."""

    @abstractmethod
    def leave(self) -> None:
        """End the chat."""

    @abstractmethod
    def restart(self) -> None:
        """Begin anew on the same device: a page reloads, a program is killed and started again."""

    @abstractmethod
    def close(self) -> None:
        """Be gone."""


def until(true: Callable[[], bool], seconds: float) -> bool:
    """Look again and again; whether it came true in this time."""
    deadline = time.monotonic() + seconds
    while not (is_true := true()) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return is_true


class PythonEnd(End):
    """tests/net/driver.py in a process of its own."""

    def __init__(
        self,
        host: Namespace,
        name: str,
        url: str,
        *,
        started_by: tuple[str, ...] = (),
        env: Mapping[str, str] | None = None,
        relay_only: bool = False,
    ) -> None:
        super().__init__(name)
        self._host, self._url = host, url
        self._started_by, self._env, self._relay_only = started_by, dict(env or {}), relay_only
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this object
        self._device = tempfile.TemporaryDirectory(prefix="lowkey-net-")
        self._start()

    def _start(self) -> None:
        identity = str(Path(self._device.name) / "identity.json")
        with self._host.inside():
            self._process = subprocess.Popen(
                [
                    *(*self._started_by, sys.executable, "-m", "tests.net.driver", self.name, self._url, identity),
                    *(["relay-only"] if self._relay_only else []),
                ],
                cwd=ROOT,
                env=production_env(**self._env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                text=True,
            )

    def look(self) -> Seen:
        answer = self._do("look")
        del answer["refused"]
        return Seen(**answer)

    def dial(self, name: str) -> None:
        self._must("dial", name)

    def accept(self) -> None:
        self._must("accept")

    def say(self, text: str) -> bool:
        return not self._do("send", text)["refused"]

    def leave(self) -> None:
        self._must("end")

    def restart(self) -> None:
        self._kill()
        self._start()

    def close(self) -> None:
        self._kill()
        self._device.cleanup()

    def _kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _must(self, method: str, *arguments: str) -> None:
        if refused := self._do(method, *arguments)["refused"]:
            raise RuntimeError(f"{self.name}: {refused}")

    def _do(self, method: str, *arguments: str) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps([method, *arguments]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} is gone:\n{self._complaint()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _complaint(self) -> str:
        self._log.seek(0)
        return self._log.read().decode(errors="replace")


WATCH: Final = """() => {
  const seen = (window.seen = { states: [], arrived: [], known: new Set() });
  const look = () => {
    const state = document.querySelector("[data-testid=chat-state]")?.dataset.state;
    if (state && seen.states.at(-1)?.[1] !== state) seen.states.push([Date.now() / 1000, state]);
    for (const { dataset, textContent } of document.querySelectorAll("[data-testid=message][data-mine=false]")) {
      if (seen.known.has(dataset.id)) continue;
      seen.known.add(dataset.id);
      seen.arrived.push([Date.now() / 1000, textContent]);
    }
  };
  new MutationObserver(look).observe(document, { subtree: true, attributes: true, childList: true });
}"""
"""Writes down when the page shows what."""

LOOK: Final = """() => {
  const of = (testid) => document.querySelector(`[data-testid=${testid}]`);
  const messages = [...document.querySelectorAll("[data-testid=message]")];
  return {
    server: of("server-state")?.dataset.state ?? "",
    chat: of("chat-state")?.dataset.state ?? "",
    sentence: of("chat-state")?.textContent ?? "",
    messages: messages.map(({ dataset, textContent }) => [dataset.mine === "true", textContent, dataset.status ?? ""]),
    states: window.seen.states,
    arrived: window.seen.arrived,
    path: (of("chat-path")?.textContent ?? "").split(",")[0],
  };
}"""


class Chromium:
    """A browser on a host, for one person after the other."""

    def __init__(self, playwright: Playwright, host: Host, folder: Path) -> None:
        started = folder / host.name
        started.write_text(f'#!/bin/sh\nexec ip netns exec {host.name} {CHROMIUM} "$@"\n', encoding="ascii")
        started.chmod(0o700)
        self.browser: Browser = playwright.chromium.launch(executable_path=str(started), args=list(QUIET))

    def page(self, name: str, url: str) -> PageEnd:
        """Somebody who chose this name before opens the page."""
        return PageEnd(self.browser, name, url)


class PageEnd(End):
    """A page in a context of its own, in which `scripts` run before all else; `options` are Playwright's."""

    def __init__(self, browser: Browser, name: str, url: str, *scripts: str, **options: Any) -> None:
        super().__init__(name)
        self._context = browser.new_context(locale="en-GB", **options)
        self._context.set_default_timeout(30_000)
        for script in (WATCH, *scripts):
            self._context.add_init_script(f"({script})()")
        self.console: list[str] = []
        self._context.on("console", lambda message: self.console.append(message.text))
        self.page = self._context.new_page()
        self.page.goto(f"{url}/")
        self.page.get_by_test_id("username-input").fill(name)
        self.page.get_by_test_id("username-submit").click()

    def look(self) -> Seen:
        return Seen(**self.page.evaluate(LOOK))

    def dial(self, name: str) -> None:
        self.page.get_by_test_id("peer-input").fill(name)
        self.page.get_by_test_id("peer-connect").click()

    def accept(self) -> None:
        self.page.get_by_test_id("incoming-accept").click()

    def say(self, text: str) -> bool:
        field = self.page.get_by_test_id("message-input")
        if not field.is_enabled():
            return False
        field.fill(text)
        field.press("Enter")
        return True

    def leave(self) -> None:
        self.page.get_by_test_id("chat-end").click()

    def restart(self) -> None:
        self.page.reload()

    def close(self) -> None:
        self._context.close()
