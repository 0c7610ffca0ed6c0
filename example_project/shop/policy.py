"""The addresses of the pixel and the bank in, a strict Content-Security-Policy out: nothing inline, nothing unnamed."""

from __future__ import annotations

from urllib.parse import urlsplit

SELF = "'self'"
NONE = "'none'"
NONCE = "<CSP_NONCE_SENTINEL>"  # as Django 6 calls the place of the nonce
# Meta serves the script from one host and takes the events on another; a stand-in does both on one.
META_SCRIPT_ORIGIN = "https://connect.facebook.net"
META_EVENTS_ORIGIN = "https://www.facebook.com"


def content_security_policy(*, pixel_script_url: str, bank_url: str) -> dict[str, list[str]]:
    script = origin(pixel_script_url)
    events = META_EVENTS_ORIGIN if script == META_SCRIPT_ORIGIN else script
    return {
        "default-src": [SELF],
        "script-src": [SELF, script],
        "style-src": [SELF],
        "img-src": [SELF, events],
        "connect-src": _unique(SELF, script, events),
        "frame-src": [events],
        # The checkout form answers with a redirect to the bank, and a long pixel event is posted as a form.
        "form-action": _unique(SELF, events, origin(bank_url)),
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }


def header(policy: dict[str, list[str]], *, nonce: str = "") -> str:
    """
    The policy as the text of its header, with the nonce in its place.

    >>> header({"default-src": ["'self'"], "img-src": ["'self'", "https://www.facebook.com"]})
    "default-src 'self'; img-src 'self' https://www.facebook.com"
    """
    text = "; ".join(f"{directive} {' '.join(sources)}" for directive, sources in policy.items())
    return text.replace(NONCE, f"'nonce-{nonce}'")


def origin(url: str) -> str:
    """
    Scheme, host and port of an address.

    >>> origin("https://connect.facebook.net/en_US/fbevents.js")
    'https://connect.facebook.net'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _unique(*sources: str) -> list[str]:
    return list(dict.fromkeys(sources))
