"""`{% page "chat_page" %}`: the stylesheet and the script of a page, which are one file each in production.

In development they are css/chat_page.css and js/ui/chat_page.js, and the browser asks for whatever they import. In production
they are what scripts/bundle.py made of these, and what the script imports of itself is asked for along with it.
"""

from __future__ import annotations

import functools
import re

from django import template
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

_IMPORT = re.compile(r'\bimport(?:\{[^}"]*\}from)?"\./([\w.-]+)"')


@register.simple_tag
def page(name: str) -> SafeString:
    """All that the page's head has to ask for."""
    script = static(f"{'built' if settings.PAGES_BUILT else 'js/ui'}/{name}.js")
    return format_html(
        '{}\n  <script type="module" src="{}"></script>{}',
        stylesheet(name),
        script,
        format_html_join("", '\n  <link rel="modulepreload" href="{}">', ((each,) for each in imports(script))),
    )


@register.simple_tag
def stylesheet(name: str) -> SafeString:
    """The stylesheet alone."""
    address = static(f"{'built' if settings.PAGES_BUILT else 'css'}/{name}.css")
    return format_html('<link rel="stylesheet" href="{}">', address)


@functools.cache
def imports(script: str) -> tuple[str, ...]:
    """The addresses of what a built script needs before it can run."""
    if not settings.PAGES_BUILT:
        return ()
    directory = script.rpartition("/")[0]
    with staticfiles_storage.open(script.removeprefix(settings.STATIC_URL)) as file:
        return tuple(f"{directory}/{name}" for name in _IMPORT.findall(file.read().decode()))
