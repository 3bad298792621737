"""What nginx does by itself, before anything is handed on to lowkey: files, limits, TLS, redirects."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable
from http.client import HTTPConnection, HTTPSConnection

from django.test import SimpleTestCase

from tests.deploy.site_case import SiteCase
from tests.deploy.town import HOST, HOST6, Town
from tests.net.namespaces import unavailable
from tests.support.http import PATIENCE, Answer, request
from tests.support.nginx import NAME, Nginx
from tests.support.server import collected_static

HASHED = re.compile(r"\.[0-9a-f]{12}\.\w+$")
OF_THE_SERVER = {"server", "date", "connection", "etag", "last-modified", "accept-ranges"}
"""Headers that say who sent it, and when, and validators, which each makes in its own way."""

KINDS = (".js", ".css", ".json", ".webmanifest", ".svg", ".png", ".ico", ".txt", ".woff2")
"""What pages ask for. What else lies there, as types for editors, may be called whatever."""

BURST = 100
"""So many requests at once are never too many."""

FLOOD = 3_000
"""More than nginx lets an address make while they are made."""


def of_each_kind() -> list[str]:
    """The path of a file of each kind, with a hashed name and without."""
    found: dict[tuple[str, bool], str] = {}
    for path in sorted(collected_static().rglob("*")):
        if path.suffix in KINDS:
            where = f"/static/{path.relative_to(collected_static())}"
            found.setdefault((path.suffix, HASHED.search(where) is not None), where)
    return list(found.values())


class FilesTest(SiteCase):
    maxDiff = None

    def from_lowkey(self, path: str, **headers: str) -> Answer:
        """What lowkey would send in the place of nginx."""
        connection = HTTPConnection(NAME, timeout=PATIENCE)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.nginx.unix_socket))
        return request(connection, path, Host=NAME, X_Forwarded_Proto="https", X_Forwarded_For="127.0.0.1", **headers)

    def test_a_file_comes_as_lowkey_would_send_it_itself(self) -> None:
        paths = of_each_kind()
        self.assertGreater(len(paths), 8)
        for path in [*paths, "/static/nowhere.js"]:
            for encoding in ("identity", "gzip", "br"):
                ours, theirs = (ask(path, Accept_Encoding=encoding) for ask in (self.get, self.from_lowkey))
                with self.subTest(path, encoding=encoding):
                    self.assertEqual((ours.status, ours.body), (theirs.status, theirs.body))
                    self.assertEqual(said(ours), said(theirs))

    def test_what_has_a_hashed_name_is_kept_for_good_and_the_rest_is_not(self) -> None:
        for path in of_each_kind():
            kept = "immutable" in self.get(path).headers["Cache-Control"]
            self.assertEqual(kept, HASHED.search(path) is not None, path)

    def test_a_file_that_did_not_change_is_not_sent_again(self) -> None:
        first = self.get("/static/vendor/noble.js")
        again = self.get("/static/vendor/noble.js", If_None_Match=first.headers["ETag"])
        self.assertEqual((again.status, again.body), (304, b""))

    def test_nothing_but_the_files_can_be_had_by_their_path(self) -> None:
        (self.nginx.dir / "secret.txt").write_text("secret")
        for path in (
            "/static/../secret.txt",
            "/static/%2e%2e/secret.txt",
            "/static../secret.txt",
            "/static/..%2fsecret.txt",
        ):
            answer = self.get(path)
            self.assertIn(answer.status, (400, 404), path)
            self.assertNotIn(b"secret", answer.body)

    def test_numbers_are_for_nobody_outside(self) -> None:
        self.assertIn(b"lowkey_clients", self.from_lowkey("/metrics").body)
        for path in ("/metrics", "/metrics?x", "//metrics", "/%6detrics", "/./metrics"):
            answer = self.get(path)
            self.assertEqual(answer.status, 404, path)
            self.assertNotIn(b"lowkey_clients", answer.body)


class AloneTest(SiteCase):
    """While no process is there."""

    served = False

    def test_files_are_there_all_the_same(self) -> None:
        for path in of_each_kind():
            self.assertEqual(self.get(path).status, 200, path)

    def test_what_nginx_says_itself_has_the_headers_of_a_page(self) -> None:
        answer = self.get("/")
        self.assertEqual((answer.status, answer.headers["Server"]), (502, "nginx"))
        self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
        self.assertEqual(answer.headers["Strict-Transport-Security"], "max-age=31536000")
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")

    def test_a_flood_from_one_address_is_refused_and_others_do_not_notice(self) -> None:
        for path, address, other in (("/", "127.0.0.5", "127.0.0.6"), ("/ws?username=x", "127.0.0.7", "127.0.0.8")):
            self.assertLess(BURST, requests_until_refused(lambda: self.connection(address), path))  # noqa: B023
            self.assertEqual(request(self.connection(other), path).status, 502)
            self.assertEqual(request(self.connection(address), "/static/vendor/noble.js").status, 200)

    def test_where_certbot_proves_the_name_there_is_no_redirect(self) -> None:
        folder = self.nginx.dir / "acme" / ".well-known" / "acme-challenge"
        folder.mkdir(parents=True)
        (folder / "token").write_text("proof")
        answer = request(
            HTTPConnection("127.0.0.1", self.nginx.http_port), "/.well-known/acme-challenge/token", Host=NAME
        )
        self.assertEqual((answer.status, answer.body), (200, b"proof"))

    def test_browsers_get_http_2_and_nobody_gets_an_old_tls(self) -> None:
        modern = self.nginx.client_context()
        modern.set_alpn_protocols(["h2", "http/1.1"])
        with self.nginx.connect(modern) as connection:
            self.assertEqual((connection.selected_alpn_protocol(), connection.version()), ("h2", "TLSv1.3"))
        for version, spoken in ((ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_1, False)):
            context = self.nginx.client_context()
            context.set_ciphers("DEFAULT@SECLEVEL=0")
            context.minimum_version = context.maximum_version = version
            self.assertEqual(self.is_spoken(context), spoken, version)

    def is_spoken(self, context: ssl.SSLContext) -> bool:
        try:
            self.nginx.connect(context).close()
        except ssl.SSLError:
            return False
        return True


class HouseholdsTest(SimpleTestCase):
    """In IPv6 everybody has as many addresses as they like, so a limit counts households."""

    def test_a_household_has_one_limit_and_its_neighbours_another(self) -> None:
        if reason := unavailable():
            self.skipTest(reason)
        town = self.enterContext(Town())
        nginx = self.enterContext(Nginx(address=HOST, address6=HOST6, place=town.host))
        for address in ("2001:db8:0:a::1", "2001:db8:0:a:ffff::2", "2001:db8:0:b::1"):
            town.home.ip("addr", "add", f"{address}/64", "dev", "net0", "nodad")
        town.host.ip("-6", "route", "add", "2001:db8::/48", "dev", "net0")

        def comes_from(address: str) -> Callable[[], HTTPSConnection]:
            def connection() -> HTTPSConnection:
                made = HTTPSConnection(NAME, timeout=PATIENCE)
                with town.home.inside():
                    plain = socket.create_connection((HOST6, 443), timeout=PATIENCE, source_address=(address, 0))
                made.sock = nginx.client_context().wrap_socket(plain, server_hostname=NAME)
                return made

            return connection

        self.assertLess(BURST, requests_until_refused(comes_from("2001:db8:0:a::1"), "/"))
        self.assertGreater(BURST, requests_until_refused(comes_from("2001:db8:0:a:ffff::2"), "/"))
        self.assertLess(BURST, requests_until_refused(comes_from("2001:db8:0:b::1"), "/"))


def requests_until_refused(connects: Callable[[], HTTPSConnection], path: str) -> int:
    """How many requests of one client, one after the other, are answered before one is refused for being too many."""
    connection = connects()
    try:
        for count in range(FLOOD):
            if connection.sock is None:
                connection = connects()
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            if answer.status == 429:
                return count
    finally:
        connection.close()
    raise AssertionError(f"{FLOOD} requests were answered")


def said(answer: Answer) -> dict[str, str]:
    """Its headers, but for those that are the server's own business; a policy has no order, and a charset no quotes."""
    headers = {name.lower(): value for name, value in answer.headers.items() if name.lower() not in OF_THE_SERVER}
    headers["content-security-policy"] = "; ".join(sorted(headers["content-security-policy"].split("; ")))
    return headers | {"content-type": headers["content-type"].replace('"', "")}
