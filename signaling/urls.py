"""HTTP paths of the matchmaker, included at the site's root."""

from __future__ import annotations

from django.urls import path

from .views import health

urlpatterns = [path("health", health, name="health")]
