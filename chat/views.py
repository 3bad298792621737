"""The two pages. They are the same for everybody: what a person types or reads never comes this way."""

from __future__ import annotations

from django.conf import settings
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.decorators.gzip import gzip_page
from django.views.generic import TemplateView


@method_decorator((cache_control(no_cache=True), gzip_page), name="dispatch")
class Page(TemplateView):
    """A page that a browser may keep, but asks about before showing it again: it names the hashed static files."""


username = Page.as_view(template_name="chat/username.html")
chat = Page.as_view(template_name="chat/chat.html", extra_context={"relay": bool(settings.TURN_URLS)})
