"""The form that the value of each key of `CAPI` must have."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike
from urllib.parse import urlsplit


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """The form of a value: a test, and the words for the hint of a check."""

    accepts: Callable[[object], bool]
    form: str


def is_text(value: object) -> bool:
    return isinstance(value, str)


def is_pixel_id(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 32


def is_path(value: object) -> bool:
    return value is None or isinstance(value, str) or callable(value)


def is_token(value: object) -> bool:
    # With a line break, the HTTP client would raise an error that contains the token.
    return isinstance(value, str) and value.isascii() and value.isprintable() and " " not in value


def is_file(value: object) -> bool:
    """Whether it is a path. Whether the file exists is a separate check."""
    return value is None or (isinstance(value, (str, PathLike)) and "\0" not in str(value))


def is_test_code(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 20 and value.isprintable()


def is_url(value: object) -> bool:
    try:
        return isinstance(value, str) and urlsplit(value).scheme in ("http", "https") and bool(urlsplit(value).hostname)
    except ValueError:
        return False


def is_domain(value: object) -> bool:
    return value is None or (isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9.-]{0,253}", value) is not None)


def is_names(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)


def is_pixels(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(keys, Mapping) for keys in value.values())


def is_rate(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"([1-9][0-9]{0,8}/[smh])?", value) is not None


def is_version(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"v[0-9]{1,3}\.0", value) is not None


def is_agent(value: object) -> bool:
    # Fewer than 23 characters, at least two letters: Meta's end-to-end implementation guide.
    return isinstance(value, str) and (not value or (len(value) < 23 and sum(c.isalpha() for c in value) >= 2))


def is_policy(value: object) -> bool:
    return isinstance(value, Mapping) and all(policy in ("retry", "hold") for policy in value.values())


def number(low: float, high: float, kind: type = int) -> Callable[[object], bool]:
    kinds = (int, float) if kind is float else (int,)
    return lambda value: isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high


def one_of(*names: str) -> Shape:
    return Shape(
        accepts=lambda value: value in names if isinstance(value, str) else False, form="one of " + ", ".join(names)
    )


TEXT = Shape(accepts=is_text, form="a string")
PATH = Shape(accepts=is_path, form='a dotted path such as "shop.privacy.marketing", or a callable')
URL = Shape(accepts=is_url, form='an address such as "https://graph.facebook.com"')
NAMES = Shape(accepts=is_names, form='a list of strings such as ["PageView"]')
RATE = Shape(accepts=is_rate, form='events a second, minute or hour, such as "120/m", or "" for any number')
FLAG = Shape(accepts=lambda value: isinstance(value, bool), form="True or False")
SECONDS = Shape(accepts=number(0.1, 120, float), form="seconds between 0.1 and 120")
DAYS = Shape(accepts=number(0, 3650), form="a whole number of days")

SHAPES: dict[str, Shape] = {
    "PIXEL_ID": Shape(
        accepts=lambda value: value == "" or is_pixel_id(value), form='digits in a string: "1234567890123456"'
    ),
    "ACCESS_TOKEN": Shape(accepts=is_token, form="the token as Events Manager shows it, without spaces"),
    "APP_SECRET": Shape(accepts=is_token, form="the app's secret as Meta's App Dashboard shows it, without spaces"),
    "TEST_EVENT_CODE": Shape(accepts=is_test_code, form="the code of the Test Events page, at most 20 characters"),
    "PIXELS": Shape(accepts=is_pixels, form='{"main": {"PIXEL_ID": "…", "ACCESS_TOKEN": "…"}}'),
    "PIXEL_FOR": PATH,
    "CONSENT": PATH,
    "GPC": one_of("deny", "limit", "ignore"),
    "EXCLUDE": PATH,
    "USER_DATA": PATH,
    "EXTERNAL_ID": PATH,
    "TRUSTED_PROXIES": Shape(accepts=number(0, 20), form="a whole number from 0 to 20"),
    "COOKIE_DOMAIN": Shape(accepts=is_domain, form='"example.com", or None for this host only'),
    "DEFAULT_REGION": Shape(
        accepts=lambda value: value is None or (isinstance(value, str) and len(value) == 2 and value.isalpha()),
        form='two letters such as "DE", or None',
    ),
    "URL_PARAMETERS": NAMES,
    "RESTRICT_DATA": FLAG,
    "ADVANCED_MATCHING": FLAG,
    "AUTO_CONFIG": FLAG,
    "PAGE_IDS": one_of("auto", "server", "browser"),
    "BROWSER_EVENTS": NAMES,
    "COLLECT_RATE": RATE,
    "COLLECT_ADDRESS_RATE": RATE,
    "SENDER": one_of("auto", "graph", "console", "memory"),
    "GRAPH_URL": URL,
    "API_VERSION": Shape(accepts=is_version, form='"v26.0"'),
    "PIXEL_SCRIPT_URL": URL,
    "PARTNER_AGENT": Shape(accepts=is_agent, form="fewer than 23 characters, at least two of them letters"),
    "PROXIES": Shape(
        accepts=lambda value: isinstance(value, Mapping), form='{"https": "http://proxy.example.com:3128"}'
    ),
    "CA_BUNDLE": Shape(accepts=is_file, form='the path of a file such as "/etc/ssl/certs/company.pem", or None'),
    "CONNECT_TIMEOUT": SECONDS,
    "READ_TIMEOUT": SECONDS,
    "BATCH_EVENTS": Shape(accepts=number(1, 1000), form="a whole number from 1 to 1000"),
    "BATCH_BYTES": Shape(accepts=number(10_000, 50_000_000), form="bytes between 10,000 and 50,000,000"),
    "SHARDS": Shape(accepts=number(1, 16), form="a whole number from 1 to 16"),
    "LEASE_SECONDS": Shape(accepts=number(5, 3600), form="seconds between 5 and 3600"),
    "ON_AMBIGUOUS": Shape(accepts=is_policy, form='{"Purchase": "hold"}: event names to "retry" or "hold"'),
    "NUDGE": FLAG,
    "DATASET_QUALITY": FLAG,
    "BACKLOG_LIMIT": Shape(accepts=number(1000, 100_000_000), form="a whole number, at least 1000"),
    "PAYLOAD_DAYS": DAYS,
    "RETENTION_DAYS": Shape(accepts=number(1, 3650), form="a whole number of days, at least 1"),
    "DIGEST": FLAG,
    "ID_SECRET": TEXT,
}
