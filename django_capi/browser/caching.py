"""Tell whether other visitors may get a response as well, and say that one is private.

Whether it will be stored is decided outside of this app, and not only by Cache-Control: content delivery networks and
reverse proxies have headers of their own. https://www.rfc-editor.org/rfc/rfc9213 is the standard one.
"""

from __future__ import annotations

import re
import time
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.http import parse_http_date_safe

from django_capi.conf import conf

# Read by Varnish and Fastly, by networks that follow RFC 9213, by Cloudflare, Vercel, Netlify, Akamai and LiteSpeed.
NETWORKS: Final = (
    "Surrogate-Control",
    "CDN-Cache-Control",
    "Cloudflare-CDN-Cache-Control",
    "Vercel-CDN-Cache-Control",
    "Netlify-CDN-Cache-Control",
    "Edge-Control",
    "X-LiteSpeed-Cache-Control",
)
NGINX: Final = "X-Accel-Expires"
VALIDATORS: Final = ("ETag", "Last-Modified")
_stays_private = re.compile(r"(?<![!\w-])(private|no-store)(?![\w-])").search
_is_for_a_while = re.compile(r"\b(?:s-maxage|max-age|cache-maxage)\s*=\s*\"?0*[1-9]").search
_is_public = re.compile(r"\bpublic\b").search


def may_be_cached(response: HttpResponseBase) -> bool:
    """True when any header that caches obey allows a shared cache to store the response.

    Always False with PAGE_IDS = "server": the site has no such cache.
    """
    if conf.PAGE_IDS == "server":
        return False
    control = response.headers.get("Cache-Control", "")
    if allows(control) or any(allows(response.headers.get(name, "")) for name in NETWORKS):
        return True
    return lasts_in_nginx(response) or (not control and expires_later(response))


def allows(control: str) -> bool:
    words = control.lower()
    return bool(words) and not _stays_private(words) and bool(_is_public(words) or _is_for_a_while(words))


def lasts_in_nginx(response: HttpResponseBase) -> bool:
    """Seconds, or `@` and a Unix time; 0 and what lies in the past turn the cache off."""
    value = response.headers.get(NGINX, "").strip()
    digits = value.removeprefix("@")
    return digits.isdecimal() and int(digits) > (time.time() if value.startswith("@") else 0)


def expires_later(response: HttpResponseBase) -> bool:
    found = parse_http_date_safe(response.headers.get("Expires", ""))
    return found is not None and found > time.time()


def will_be_cached(request: HttpRequest) -> bool:
    """True for a request whose response Django's cache framework, or wagtail-cache, has said it will store."""
    marks = ("_cache_update_cache", "_wagtailcache_update")
    return conf.PAGE_IDS != "server" and any(getattr(request, mark, False) for mark in marks)


def is_public(request: HttpRequest) -> bool:
    """True when the page is known, while it renders, to be for several visitors."""
    return conf.PAGE_IDS == "browser" or will_be_cached(request)


def make_private(response: HttpResponseBase) -> None:
    """Only this visitor's browser may keep the response, whatever it said before."""
    patch_cache_control(response, private=True)
    words = (word.strip() for word in response.headers["Cache-Control"].split(","))
    response.headers["Cache-Control"] = ", ".join(word for word in words if not word.lower().startswith("s-maxage"))
    for name in (*NETWORKS, NGINX):
        del response.headers[name]


def forget_validators(response: HttpResponseBase) -> None:
    """Let no browser ask whether the page has changed: it has new ids each time, and a 304 would show old ones."""
    for name in VALIDATORS:
        del response.headers[name]


def say_private(response: HttpResponseBase) -> None:
    """Mark a response without Cache-Control as private, as some caches store those."""
    if not _stays_private(response.headers.get("Cache-Control", "").lower()):
        patch_cache_control(response, private=True)
