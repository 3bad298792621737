"""HTTP paths of the matchmaker, included at the site's root."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, path

from .meter import Count
from .service import Service, service
from .views import health


def url_patterns(service: Service) -> list[URLPattern]:
    """`/health`; and `/metrics`, where the service counts."""
    patterns = [path("health", health, name="health")]
    if isinstance(service.meter, Count):
        from .metrics import metrics_view

        view = metrics_view(
            service.meter,
            service.hub,
            service.process,
            addresses=settings.METRICS_ADDRESSES,
            proxies=settings.TRUSTED_PROXIES,
        )
        patterns.append(path("metrics", view, name="metrics"))
    return patterns


urlpatterns = url_patterns(service)
