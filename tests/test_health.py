from __future__ import annotations

from django.test import AsyncClient, SimpleTestCase


class HealthTests(SimpleTestCase):
    async def test_health_says_ok(self) -> None:
        response = await AsyncClient().get("/health")
        self.assertEqual((response.status_code, response.content), (200, b'{"status":"ok"}'))
        self.assertEqual(response["Content-Type"], "application/json")

    async def test_health_is_never_cached(self) -> None:
        response = await AsyncClient().get("/health")
        self.assertEqual(response["Cache-Control"], "no-store")

    async def test_health_sets_no_cookie(self) -> None:
        self.assertFalse((await AsyncClient().get("/health")).cookies)

    async def test_health_is_only_read(self) -> None:
        self.assertEqual((await AsyncClient().head("/health")).status_code, 200)
        with self.assertLogs("django.request", "WARNING"):
            self.assertEqual((await AsyncClient().post("/health")).status_code, 405)

    async def test_health_needs_no_slash_and_takes_none(self) -> None:
        with self.assertLogs("django.request", "WARNING"):
            self.assertEqual((await AsyncClient().get("/health/")).status_code, 404)
