from __future__ import annotations

from http.client import HTTPConnection
from typing import ClassVar

from django.test import SimpleTestCase

from tests.support.http import PATIENCE, Answer, request
from tests.support.server import DaphneServer

EVERYWHERE = ("/", "/chat", "/health", "/static/vendor/noble.js", "/nowhere", "/static/nowhere.js")

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

POLICY = {
    **dict.fromkeys(("default-src", "base-uri", "form-action", "frame-ancestors", "trusted-types"), "'none'"),
    **dict.fromkeys(("script-src", "style-src", "img-src", "font-src", "connect-src", "manifest-src"), "'self'"),
    "require-trusted-types-for": "'script'",
}


class Headers(SimpleTestCase):
    server: ClassVar[DaphneServer]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.server = cls.enterClassContext(DaphneServer({"TRUSTED_PROXIES": "127.0.0.1"}))

    def get(self, path: str, **headers: str) -> Answer:
        return request(HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE), path, **headers)

    def test_every_answer_carries_the_security_headers(self) -> None:
        for path in EVERYWHERE:
            response = self.get(path)
            with self.subTest(path):
                self.assertEqual(response.status, 404 if "nowhere" in path else 200)
                self.assertEqual({name: response.headers.get(name) for name in HEADERS}, HEADERS)

    def test_every_answer_carries_the_strict_content_security_policy(self) -> None:
        for path in EVERYWHERE:
            directives = (self.get(path).headers.get("Content-Security-Policy") or "").split("; ")
            with self.subTest(path):
                self.assertEqual(dict(directive.split(" ", 1) for directive in directives), POLICY)

    def test_every_answer_turns_off_the_browser_features_that_are_not_used(self) -> None:
        for path in EVERYWHERE:
            features = (self.get(path).headers.get("Permissions-Policy") or "").split(", ")
            with self.subTest(path):
                self.assertLessEqual({"camera=()", "geolocation=()", "usb=()"}, set(features))
                allowed = {feature for feature in features if not feature.endswith("=()")}
                self.assertEqual(allowed, {"clipboard-write=(self)"})

    def test_no_answer_sets_a_cookie_or_lets_another_origin_read_it(self) -> None:
        for path in EVERYWHERE:
            response = self.get(path, Origin="https://elsewhere.example")
            with self.subTest(path):
                self.assertIsNone(response.headers.get("Set-Cookie"))
                self.assertIsNone(response.headers.get("Access-Control-Allow-Origin"))

    def test_a_host_that_is_not_ours_is_refused_with_the_same_headers(self) -> None:
        for path in EVERYWHERE:
            response = self.get(path, Host="elsewhere.example")
            with self.subTest(path):
                self.assertEqual(response.status, 400)
                self.assertEqual({name: response.headers.get(name) for name in HEADERS}, HEADERS)

    def test_https_by_the_proxy_is_to_be_kept(self) -> None:
        for path in EVERYWHERE:
            with self.subTest(path):
                header = self.get(path, X_Forwarded_Proto="https").headers.get("Strict-Transport-Security")
                self.assertEqual(header, "max-age=31536000")
                self.assertIsNone(self.get(path).headers.get("Strict-Transport-Security"))
