"""Change parts of a response's body that has been rendered already."""

from __future__ import annotations

import gzip
from collections.abc import Sequence

from django.http import HttpResponse
from django.http.response import HttpResponseBase


def replace(response: HttpResponseBase, changes: Sequence[tuple[str, str]]) -> bool:
    """Replace each of these strings, of which none is empty. False, with nothing changed, when one cannot be found: in
    a streamed body, in an encoded one other than gzip, or where something has rewritten the HTML.
    """
    if not isinstance(response, HttpResponse) or not is_readable(response):
        return False
    encoding = encoding_of(response)
    body = gzip.decompress(response.content) if encoding == "gzip" else response.content
    for old, new in changes:
        if old.encode(response.charset) not in body:
            return False
        body = body.replace(old.encode(response.charset), new.encode(response.charset))
    response.content = gzip.compress(body, mtime=0) if encoding == "gzip" else body
    if response.has_header("Content-Length"):
        response.headers["Content-Length"] = str(len(response.content))
    return True


def is_readable(response: HttpResponseBase) -> bool:
    """True when the body is there and not encoded, or encoded with gzip."""
    return isinstance(response, HttpResponse) and encoding_of(response) in ("", "identity", "gzip")


def encoding_of(response: HttpResponseBase) -> str:
    return response.headers.get("Content-Encoding", "").lower()
