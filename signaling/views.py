"""The one thing the matchmaker says over HTTP: that it is there."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from .service import service


@require_safe
async def health(request: HttpRequest) -> JsonResponse:
    """`{"status":"ok"}`, or 503 with the reason why this process serves nobody now. Never from a cache."""
    await service.process.start()
    fault = service.process.fault
    return JsonResponse(
        {"status": "ok"} if fault is None else {"status": "unavailable", "reason": fault},
        status=200 if fault is None else 503,
        headers={"Cache-Control": "no-store"},
        json_dumps_params={"separators": (",", ":")},
    )
