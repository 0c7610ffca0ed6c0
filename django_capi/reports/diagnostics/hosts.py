"""Find the host of an event's page in its payload, and whether the site's settings name it."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Value
from django.db.models.functions import StrIndex, Substr
from django.http.request import split_domain_port, validate_host

LOCAL: Final = [".localhost", "127.0.0.1", "[::1]"]  # as Django allows under DEBUG where no host is set
LONGEST: Final = 300  # characters of a payload: the key, and the scheme, host and port of the address
KEY: Final = '"event_source_url":"'  # as `meta.wire` writes it; in a string of a payload the marks are escaped
# The part of the payload that begins with the address, so that no whole payload is read.
ADDRESS: Final = Substr("payload", StrIndex("payload", Value(KEY)), LONGEST)

origin_in = re.compile(rf'{KEY}https?://([^/?#"]+)').search


def unknown_host(payload: str) -> str:
    """Return the host of the event's page unless the settings name it; empty as well where the payload has none."""
    found = origin_in(payload)
    host = host_of(found[1]) if found else ""
    return host if host and not is_named(host) else ""


def is_named(host: str) -> bool:
    """Return True if the host serves this site, or its pages may post to it, as those of a separate frontend do."""
    served = settings.ALLOWED_HOSTS or (LOCAL if settings.DEBUG else ["*"])  # a worker needs no hosts
    return validate_host(host, served) or validate_host(host, trusted_hosts())


def trusted_hosts() -> list[str]:
    origins = (urlsplit(origin).netloc for origin in settings.CSRF_TRUSTED_ORIGINS)
    return [host_of(netloc.removeprefix("*")) for netloc in origins]


def host_of(netloc: str) -> str:
    return split_domain_port(netloc)[0]
