"""Compute `appsecret_proof`, which proves that a token is used by a server of its app."""

from __future__ import annotations

import hmac


def appsecret_proof(*, app_secret: str, access_token: str) -> str:
    """Sign the token with the app's secret. https://developers.facebook.com/docs/graph-api/guides/secure-requests

    >>> appsecret_proof(app_secret="secret", access_token="token")[:16]
    'e941110e3d2bfe82'
    """
    return hmac.digest(app_secret.encode(), access_token.encode(), "sha256").hex()
