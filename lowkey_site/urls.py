"""Which address leads where: the pages, and the matchmaker's health."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("chat.urls")),
    path("", include("signaling.urls")),
]
