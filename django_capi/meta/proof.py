"""Compute `appsecret_proof`, with which an app can demand that its tokens are used by its own servers only."""

from __future__ import annotations

import hmac


def appsecret_proof(*, app_secret: str, access_token: str) -> str:
    """The token signed with the app's secret. https://developers.facebook.com/docs/graph-api/guides/secure-requests

    >>> appsecret_proof(app_secret="secret", access_token="token")[:16]
    'e941110e3d2bfe82'
    """
    return hmac.digest(app_secret.encode(), access_token.encode(), "sha256").hex()
