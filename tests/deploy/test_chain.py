"""Everything that deploy/ sets up, with Chromium, Firefox and the Python peer, while something of it breaks (faults.py)."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from typing import ClassVar

from tests.deploy.case import KINDS, PATIENCE
from tests.deploy.chain import Uvicorn
from tests.deploy.faults import FaultsCase
from tests.net.ends import until


class ChainTest(FaultsCase):
    kinds: ClassVar[Sequence[str]] = tuple(KINDS)

    def test_everybody_chats_with_everybody_over_both_processes(self) -> None:
        self.talk_and_arrive(self.pairs)
        self.everybody_is_back()

    def test_a_process_is_killed_and_its_people_come_back_at_the_other(self) -> None:
        self.process_is_killed()

    def test_an_upgrade_restarts_one_process_after_the_other_and_no_chat_notices(self) -> None:
        self.processes_are_upgraded()

    def test_nginx_is_reloaded_and_nobody_notices(self) -> None:
        self.suffer(self.chain.nginx.reload)
        self.everybody_is_back()
        self.assertFalse(any(self.closes().values()))

    def test_redis_comes_back_empty(self) -> None:
        def restart() -> None:
            self.chain.redis.kill()
            self.chain.redis.start()

        self.suffer(restart)
        self.everybody_is_back()
        self.assertFalse(any(self.closes().values()))

    def test_the_certificate_is_renewed(self) -> None:
        nginx, before = self.chain.nginx, self.shown()

        def renew() -> None:
            nginx.renew_certificate()
            nginx.reload()

        self.suffer(renew)
        self.assertTrue(until(lambda: self.shown() != before, PATIENCE))
        self.pairs.append(self.pair("cp"))
        self.everybody_is_back()
        self.assertFalse(any(self.closes().values()))

    def shown(self) -> bytes:
        """The certificate that a newcomer gets."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with self.chain.nginx.connect(context) as connection:
            return connection.getpeercert(binary_form=True) or b""


class UvicornChainTest(FaultsCase):
    """The same with the other server program, as far as the programs differ."""

    kinds: ClassVar[Sequence[str]] = ("cp",)
    server_class = Uvicorn

    def test_a_process_is_killed_and_its_people_come_back_at_the_other(self) -> None:
        self.process_is_killed()

    def test_an_upgrade_restarts_one_process_after_the_other_and_no_chat_notices(self) -> None:
        self.processes_are_upgraded()
