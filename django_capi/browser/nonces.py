"""Find the nonce of a page's Content-Security-Policy, from Django 6, django-csp or a context processor of the site."""

from __future__ import annotations

import django
from django.http import HttpRequest

try:
    from csp.exceptions import CSPNonceError
except ImportError:  # django-csp is not installed

    class CSPNonceError(Exception):  # type: ignore[no-redef]
        """Never raised."""


if django.VERSION >= (6, 0):
    from django.middleware.csp import get_nonce
else:

    def get_nonce(request: HttpRequest) -> object:  # type: ignore[misc]  # noqa: ARG001  # as in newer versions
        return None


def nonce_of(request: HttpRequest, in_context: object = None) -> str:
    """The nonce, or an empty string. Reading it puts it into the header: do so only for a tag that is rendered.

    A nonce that has not been read yet is false in a condition, so it is compared with None.
    """
    for found in (in_context, getattr(request, "csp_nonce", None), get_nonce(request)):
        if found is not None and (text := text_of(found)):
            return text
    return ""


def text_of(nonce: object) -> str:
    try:
        return str(nonce)
    except CSPNonceError:  # a streamed page, whose header has been written
        return ""
