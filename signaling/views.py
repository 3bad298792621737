"""The one thing the matchmaker says over HTTP: that it is there."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe


@require_safe
async def health(request: HttpRequest) -> JsonResponse:
    """`{"status":"ok"}`, never from a cache."""
    return JsonResponse(
        {"status": "ok"}, headers={"Cache-Control": "no-store"}, json_dumps_params={"separators": (",", ":")}
    )
