"""A site's Content-Security-Policy settings come in; a message goes out when they would block the pixel.

The hosts and directives follow from what fbevents.js does: it loads more scripts from its own host, and posts
events that are too long for an image as a form in a frame.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import Enum
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage

from django_capi.checks.addresses import PORTS, origin
from django_capi.conf import conf

META_SCRIPTS = "https://connect.facebook.net"
META_EVENTS = "https://www.facebook.com"

# Which directives decide, the first that is there. form-action alone never falls back.
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
        if lines := missing_lines(policy):
            yield checks.Warning(
                f"{name} blocks Meta's pixel: the browser's copy of an event is lost.",
                hint="\n\t".join([f"Write in {name}:", *lines]),
                id="django_capi.W007",
            )


def policies() -> Iterator[tuple[str, Mapping[str, object]]]:
    """The enforced policies of Django 6 and of django-csp 4, each under the name it has in the settings."""
    packaged = getattr(settings, "CONTENT_SECURITY_POLICY", None)
    found = {
        "SECURE_CSP": getattr(settings, "SECURE_CSP", None),
        'CONTENT_SECURITY_POLICY["DIRECTIVES"]': packaged.get("DIRECTIVES") if isinstance(packaged, Mapping) else None,
    }
    for name, policy in found.items():
        if isinstance(policy, Mapping):
            yield name, {str(directive).lower(): sources for directive, sources in policy.items()}


def missing_lines(policy: Mapping[str, object]) -> list[str]:
    """The directives as they would have to be written, for those that let too little through."""
    lines = []
    for directive, origins in needed_origins().items():
        deciding, sources = decided_by(policy, directive)
        missing = [wanted for wanted in origins if not is_allowed(wanted, sources, directive=directive)]
        if deciding and missing:
            # A directive of its own switches the general one off: take over what that allows.
            name = directive if deciding in GENERAL else deciding
            lines.append(f'"{name}": [{", ".join(map(literal, [*without_none(sources), *missing]))}],')
    return lines


def needed_origins() -> dict[str, list[str]]:
    scripts = origin(conf.PIXEL_SCRIPT_URL)
    if scripts is None:
        return {}
    # A stand-in answers on one host for both.
    events = META_EVENTS if scripts == META_SCRIPTS else scripts
    return {
        "script-src": [scripts],
        "img-src": [events],
        "connect-src": list(dict.fromkeys([events, scripts])),
        "frame-src": [events],
        "form-action": [events],
    }


def decided_by(policy: Mapping[str, object], directive: str) -> tuple[str, list[object]]:
    """The directive in force and its sources; no name when nothing restricts."""
    for name in FALLBACKS[directive]:
        if (sources := listed(policy.get(name))) is not None:
            return name, sources
    return "", []


def listed(value: object) -> list[object] | None:
    """A directive's sources, kept as they are written; None when the directive is switched off."""
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
    """A source the way a settings module spells it: the constants of Django and django-csp by their names."""
    if isinstance(source, Enum):
        return f"{type(source).__name__}.{source.name}"
    return json.dumps(source) if isinstance(source, str) else repr(source)


def is_allowed(wanted: str, sources: list[object], *, directive: str) -> bool:
    texts = [str(source).lower() for source in sources]
    # pixel.js carries the nonce, and with 'strict-dynamic' a trusted script may load others.
    if directive == "script-src" and "'strict-dynamic'" in texts:
        return True
    return any(matches(text, wanted) for text in texts)


def matches(source: str, wanted: str) -> bool:
    """
    Whether a source of a policy lets the whole of an origin through.

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
