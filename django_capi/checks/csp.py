"""Check that the site's Content-Security-Policy lets the pixel work.

pixel.js comes from the site and posts to it. The hosts and the other directives follow from what fbevents.js does: it
loads more scripts from its own host, and posts events that are too long for an image as a form in a frame.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import Enum
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from django.http.request import validate_host

from django_capi.checks.addresses import PORTS, origin
from django_capi.conf import conf

DJANGO = "SECURE_CSP"
DJANGO_CSP = 'CONTENT_SECURITY_POLICY["DIRECTIVES"]'
# How settings spell the placeholder of the nonce, and its values.
NONCES = {DJANGO: "CSP.NONCE", DJANGO_CSP: "NONCE"}
PLACEHOLDERS = ("<CSP_NONCE_SENTINEL>", "csp.constants.NONCE")

SELF = "'self'"
META_SCRIPTS = "https://connect.facebook.net"
META_EVENTS = "https://www.facebook.com"
# The Trusted Types policies of pixel.js and of fbevents.js.
TRUSTED_TYPES = ("django-capi", "connect.facebook.net/fbevents")

# The first of these directives that is set decides. form-action has no fallback.
# https://www.w3.org/TR/CSP3/#directive-fallback-list
FALLBACKS = {
    "script-src": ("script-src-elem", "script-src", "default-src"),
    "img-src": ("img-src", "default-src"),
    "connect-src": ("connect-src", "default-src"),
    "frame-src": ("frame-src", "child-src", "default-src"),
    "form-action": ("form-action",),
}
GENERAL = ("child-src", "default-src")


def check_policies() -> Iterator[CheckMessage]:
    for name, policy in policies():
        if lines := missing_lines(policy, nonce=NONCES[name]):
            yield checks.Warning(
                f"{name} blocks Meta's pixel: the browser's copy of an event is lost.",
                hint="\n\t".join([f"Write in {name}:", *lines]),
                id="django_capi.W007",
            )


def policies() -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield the enforced policies of Django 6 and django-csp 4, each with the name of its setting."""
    packaged = getattr(settings, "CONTENT_SECURITY_POLICY", None)
    found = {
        DJANGO: getattr(settings, "SECURE_CSP", None),
        DJANGO_CSP: packaged.get("DIRECTIVES") if isinstance(packaged, Mapping) else None,
    }
    for name, policy in found.items():
        if isinstance(policy, Mapping):
            yield name, {str(directive).lower(): sources for directive, sources in policy.items()}


def missing_lines(policy: Mapping[str, object], *, nonce: str = "CSP.NONCE") -> list[str]:
    """Return the directives that are too strict, as they have to be written."""
    lines = []
    for directive, needed in needed_sources().items():
        deciding, sources = decided_by(policy, directive)
        missing = [json.dumps(wanted) for wanted in needed if not is_allowed(wanted, sources)]
        if directive == "script-src":
            missing = missing_scripts(missing, sources, nonce=nonce)
        if deciding and missing:
            # A specific directive replaces the general one, so it repeats what that allows.
            name = directive if deciding in GENERAL else deciding
            lines.append(written(name, sources, missing))
    return [*lines, *missing_trusted_types(policy)]


def missing_scripts(missing: list[str], sources: list[object], *, nonce: str) -> list[str]:
    """Return what script-src lacks. A nonce allows pixel.js, and with 'strict-dynamic' the scripts that it loads."""
    has_nonce = any(is_nonce(source) for source in sources)
    if any(str(source).lower() == "'strict-dynamic'" for source in sources):
        return [] if has_nonce else [nonce]
    return [wanted for wanted in missing if not (has_nonce and wanted == json.dumps(static_source()))]


def missing_trusted_types(policy: Mapping[str, object]) -> list[str]:
    """Return the Trusted Types policies of pixel.js and Meta's library that are not listed, if a list is required."""
    names = listed(policy.get("trusted-types"))
    required = listed(policy.get("require-trusted-types-for")) or []
    if names is None or "'script'" not in map(str, required) or "*" in map(str, names):
        return []
    missing = [json.dumps(name) for name in TRUSTED_TYPES if name not in map(str, names)]
    return [written("trusted-types", names, missing)] if missing else []


def written(directive: str, sources: list[object], missing: list[str]) -> str:
    return f'"{directive}": [{", ".join([*map(literal, without_none(sources)), *missing])}],'


def needed_sources() -> dict[str, list[str]]:
    scripts = origin(conf.PIXEL_SCRIPT_URL)
    if scripts is None:
        return {}
    # A stand-in serves both from one host.
    events = META_EVENTS if scripts == META_SCRIPTS else scripts
    return {
        "script-src": [static_source(), scripts],
        "img-src": [events],
        "connect-src": list(dict.fromkeys([SELF, events, scripts])),
        "frame-src": [events],
        "form-action": [events],
    }


def static_source() -> str:
    """Return the source of pixel.js: the site itself, or the host of its static files."""
    url = str(getattr(settings, "STATIC_URL", None) or "")
    return origin(f"https:{url}" if url.startswith("//") else url) or SELF


def decided_by(policy: Mapping[str, object], directive: str) -> tuple[str, list[object]]:
    """Return the deciding directive and its sources; an empty name if none is set."""
    for name in FALLBACKS[directive]:
        if (sources := listed(policy.get(name))) is not None:
            return name, sources
    return "", []


def listed(value: object) -> list[object] | None:
    """Return the sources of a directive as they are written; None if it is not set."""
    if value is True:
        return []
    if isinstance(value, str):
        return [value] if isinstance(value, Enum) else list(value.split())
    if isinstance(value, (set, frozenset)):
        value = sorted(value, key=str)
    if not isinstance(value, (list, tuple)):
        return None
    return [source for item in value for source in (listed(item) if isinstance(item, str) else [item]) or []]


def without_none(sources: list[object]) -> list[object]:
    return [source for source in sources if str(source).lower() != "'none'"]


def literal(source: object) -> str:
    """Return a source as settings spell it, with the names of Django's and django-csp's constants."""
    if isinstance(source, Enum):
        return f"{type(source).__name__}.{source.name}"
    return json.dumps(source) if isinstance(source, str) else repr(source)


def is_nonce(source: object) -> bool:
    return str(source) in PLACEHOLDERS or str(source).lower().startswith("'nonce-")


def is_allowed(wanted: str, sources: list[object]) -> bool:
    lowered = [str(source).lower() for source in sources]
    if wanted == SELF:
        return any(source == SELF or is_own(source) for source in lowered)
    return any(matches(source, wanted) for source in lowered)


def is_own(source: str) -> bool:
    """Whether a source other than 'self' includes the site."""
    listed_hosts = settings.ALLOWED_HOSTS if isinstance(settings.ALLOWED_HOSTS, (list, tuple)) else ()
    hosts = [host for host in listed_hosts if isinstance(host, str) and host != "*"]
    address = source.rpartition("://")[2].partition("/")[0].partition(":")[0]
    return source in ("*", "https:", "http:") or (bool(address) and validate_host(address, hosts))


def matches(source: str, wanted: str) -> bool:
    """
    Whether a source of a policy allows a whole origin.

    >>> matches("https://*.facebook.net", "https://connect.facebook.net")
    True
    >>> matches("https://connect.facebook.net/en_US/", "https://connect.facebook.net")
    False
    """
    target = urlsplit(wanted)
    if source in ("*", wanted, f"{target.scheme}:"):
        return True
    scheme, _, rest = source.rpartition("://")
    address, _, path = rest.partition("/")
    host, _, port = address.partition(":")
    default = PORTS.get(target.scheme, 0)
    return (
        not path
        and scheme in ("", "http", target.scheme)
        and is_same_host(host, target.hostname or "")
        and port in ("*", str(target.port or default), *([""] if target.port in (None, default) else []))
    )


def is_same_host(pattern: str, host: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern
