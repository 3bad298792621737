"""The one security header that neither Django nor a library of ours writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.deprecation import MiddlewareMixin

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


class CrossOriginResourcePolicy(MiddlewareMixin):
    """Other sites may not embed what is served here."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Write `Cross-Origin-Resource-Policy`."""
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        return response
