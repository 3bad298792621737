"""Where the two pages are. static/js/ui/places.js knows the same paths."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("", views.username, name="username"),
    path("chat", views.chat, name="chat"),
]
