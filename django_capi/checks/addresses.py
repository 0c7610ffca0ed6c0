"""Reduce a URL to its origin: scheme, host and port, without credentials."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

PORTS = {"http": 80, "https": 443}


def origin(url: str) -> str | None:
    """
    Return the origin of a URL, or None if it is malformed.

    >>> origin("https://someone:secret@Graph.example.com/v26.0")
    'https://graph.example.com'
    >>> origin("http://127.0.0.1:8001/en_US/fbevents.js")
    'http://127.0.0.1:8001'
    >>> origin("http://[half") is None
    True
    """
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{host_and_port(parts)}" if parts.hostname else None
    except ValueError:
        return None


def host_and_port(parts: SplitResult) -> str:
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{parts.port}" if parts.port else host


def host(url: str) -> str:
    """
    Return the host of a URL, or an empty string if it is malformed.

    >>> host("http://[::1]:8001/")
    '::1'
    """
    return urlsplit(origin(url) or "").hostname or ""
