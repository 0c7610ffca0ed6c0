"""Check the access token and the appsecret_proof of a request to the Graph API."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from example_project.standin.messages import Request

LONGEST_TOKEN = 1_024


def token_of(request: Request, fields: Mapping[str, object]) -> object:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return bearer.strip()
    return fields.get("access_token") or request.query_fields().get("access_token")


def is_token(token: object, *, wanted: str | None) -> bool:
    if not isinstance(token, str) or not 0 < len(token) <= LONGEST_TOKEN:
        return False
    return wanted is None or token == wanted


def is_proven(fields: Mapping[str, object], *, token: object, app_secret: str | None) -> bool:
    if app_secret is None:
        return True
    wanted = hmac.new(app_secret.encode(), str(token).encode(), hashlib.sha256).hexdigest()
    return fields.get("appsecret_proof") == wanted
