"""Send the events of one browser as test events, so that staff can try a live site.

The browser has a signed cookie with the code of Meta's Test Events page, which expires after an hour.
https://developers.facebook.com/docs/marketing-api/conversions-api/using-the-api#testEvents
"""

from __future__ import annotations

from typing import Final

from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from django_capi.requests import original

COOKIE: Final = "capi_test_mode"
SALT: Final = "django_capi.requests.test_mode"
LIFETIME: Final = 3600  # seconds


def code_of(request: HttpRequest) -> str | None:
    """Return the test code of the browser that sent the request."""
    value = original.cookies(request).get(COOKIE)
    if not value:
        return None
    try:
        code = signing.loads(value, salt=SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return None
    return code if isinstance(code, str) else None


def start(request: HttpRequest, response: HttpResponseBase, code: str) -> None:
    """Set the cookie, which takes effect from the next request on, for an hour."""
    response.set_cookie(
        COOKIE,
        signing.dumps(code, salt=SALT),
        max_age=LIFETIME,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def stop(response: HttpResponseBase) -> None:
    response.delete_cookie(COOKIE, samesite="Lax")
