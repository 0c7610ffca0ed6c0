"""`settings.CAPI` comes in; typed values with defaults go out. The only module that reads the setting.

Every annotated class attribute of `Conf` is a key of the dict, with its default. A malformed value never
reaches the rest of the app: the default stands in and `manage.py check` says what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import mail
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class Secret:
    """An access token that shows itself only when asked by name."""

    value: str

    def reveal(self) -> str:
        return self.value

    def __repr__(self) -> str:
        return f"Secret({self})"

    def __str__(self) -> str:
        return f"{self.value[:4]}…{self.value[-4:]}" if len(self.value) >= 24 else "…"

    def __bool__(self) -> bool:
        return bool(self.value)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pixel:
    """One dataset at Meta: its id, the token that may write to it, and the test code while testing."""

    pixel_id: str
    access_token: Secret
    test_event_code: str = ""


class Conf:
    """The keys of `CAPI`, their types and defaults."""

    PIXEL_ID: str = ""
    ACCESS_TOKEN: str = ""
    TEST_EVENT_CODE: str = ""
    PIXELS: Mapping[str, Mapping[str, str]] = {}  # several pixels, by a name of your own
    PIXEL_FOR: str | Callable[..., Any] | None = (
        None  # callable(subject) -> names in PIXELS; subject: request or object
    )

    CONSENT: str | Callable[..., Any] | None = None  # callable(request) -> True, False or None (unknown)
    GPC: str = "deny"  # what Sec-GPC: 1 means: deny, limit (Limited Data Use) or ignore
    EXCLUDE: str | Callable[..., Any] | None = None  # callable(request) -> True: this request tracks nothing
    USER_DATA: str | Callable[..., Any] | None = None  # callable(request) -> user_data of the signed-in person
    EXTERNAL_ID: str | Callable[..., Any] | None = None  # callable(request) -> id; the user's primary key by default
    TRUSTED_PROXIES: int = 0  # how many proxies of your own append to X-Forwarded-For
    COOKIE_DOMAIN: str | None = None  # of _fbp and _fbc; None: this host only
    DEFAULT_REGION: str | None = None  # ISO 3166-1 alpha-2, for telephone numbers without a country
    URL_PARAMETERS: tuple[str, ...] | list[str] = ()  # query parameters to keep besides utm_* and fbclid
    RESTRICT_DATA: bool = False  # no custom parameters, URLs cut to their origin
    PAGE_IDS: str = "auto"  # who mints the ids of page events: auto, server, browser
    BROWSER_EVENTS: tuple[str, ...] | list[str] = (
        "PageView",
        "ViewContent",
        "Search",
        "AddToCart",
        "AddToWishlist",
        "CustomizeProduct",
        "InitiateCheckout",
        "AddPaymentInfo",
        "Contact",
        "FindLocation",
        "Schedule",
        "Lead",
    )  # what window.capi.track may mirror without the server having seen the action

    SENDER: str = "auto"  # graph, console, memory; auto: graph, and memory under a test runner
    GRAPH_URL: str = "https://graph.facebook.com"
    API_VERSION: str = "v26.0"  # released 2026-07-29, meta-facts: Graph changelog
    PIXEL_SCRIPT_URL: str = "https://connect.facebook.net/en_US/fbevents.js"
    PARTNER_AGENT: str = ""  # fewer than 23 characters, at least two letters
    PROXIES: Mapping[str, str] = {}  # for requests; the environment's proxies are not looked at
    CONNECT_TIMEOUT: float = 3.0  # seconds
    READ_TIMEOUT: float = 15.0  # seconds; a short one turns slow answers into possible duplicates
    BATCH_EVENTS: int = 500  # events in a request, at most 1,000
    BATCH_BYTES: int = 1_000_000  # bytes in a request
    LEASE_SECONDS: int = 90  # how long a worker owns a lane between two batches
    ON_AMBIGUOUS: Mapping[str, str] = {}  # event name or "*" -> retry (default) or hold
    NUDGE: bool = True  # wake a Celery worker on commit; the sweep delivers without it
    BACKLOG_LIMIT: int = 200_000  # waiting events of a pixel, above which page views are given up
    PAYLOAD_DAYS: int = 7  # how long the event's text stays after acceptance; 0: not at all
    RETENTION_DAYS: int = 90  # how long a finished row stays
    ID_SECRET: str = ""  # for conversion ids; SECRET_KEY when empty

    if not TYPE_CHECKING:

        def __getattribute__(self, name: str) -> Any:
            default = object.__getattribute__(self, name)
            if not name.isupper():
                return default
            value = stored().get(name, default)
            return value if value is default or SHAPES[name].accepts(value) else default

    def pixels(self) -> dict[str, Pixel]:
        """Every usable pixel by its name; the plain PIXEL_ID is called `main`."""
        if self.PIXELS:
            return {name: pixel for name, keys in self.PIXELS.items() if (pixel := pixel_from(keys))}
        keys = {
            "PIXEL_ID": self.PIXEL_ID,
            "ACCESS_TOKEN": self.ACCESS_TOKEN,
            "TEST_EVENT_CODE": self.TEST_EVENT_CODE,
        }
        pixel = pixel_from(keys)
        return {"main": pixel} if pixel else {}

    def imported(self, name: str) -> Callable[..., Any] | None:
        """The callable behind a dotted-path setting; None when it is unset or cannot be had."""
        value = getattr(self, name)
        try:
            found = imported_path(value) if isinstance(value, str) else value
        except Exception:  # noqa: BLE001  # importing runs the site's code; `manage.py check` shows what it raised
            return None
        return found if callable(found) else None

    def unknown_keys(self) -> list[str]:
        return sorted(str(key) for key in stored() if key not in SHAPES)

    def malformed(self) -> list[str]:
        """The keys whose value is not of the documented form."""
        return sorted(key for key, value in stored().items() if key in SHAPES and not SHAPES[key].accepts(value))

    def is_dict(self) -> bool:
        return isinstance(getattr(settings, "CAPI", {}), Mapping)

    def sender(self) -> str:
        if self.SENDER != "auto":
            return self.SENDER
        return "memory" if is_testing() else "graph"


conf = Conf()


def stored() -> Mapping[str, Any]:
    found = getattr(settings, "CAPI", {})
    return found if isinstance(found, Mapping) else {}


def is_testing() -> bool:
    """True under Django's test runner and pytest-django: both call `setup_test_environment()`."""
    return hasattr(mail, "outbox")


def pixel_from(keys: Mapping[str, str]) -> Pixel | None:
    pixel_id = keys.get("PIXEL_ID")
    if not is_pixel_id(pixel_id):
        return None
    token = keys.get("ACCESS_TOKEN")
    code = keys.get("TEST_EVENT_CODE")
    return Pixel(
        pixel_id=str(pixel_id),
        access_token=Secret(token if isinstance(token, str) and is_token(token) else ""),
        test_event_code=code if isinstance(code, str) and is_test_code(code) else "",
    )


@cache
def imported_path(path: str) -> Any:
    return import_string(path)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """What a key's value must look like: the test, and the words for the check's hint."""

    accepts: Callable[[object], bool]
    form: str


def is_text(value: object) -> bool:
    return isinstance(value, str)


def is_pixel_id(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 32


def is_path(value: object) -> bool:
    return value is None or isinstance(value, str) or callable(value)


def is_token(value: object) -> bool:
    # A line break would end up in the text of an HTTP client's error, and the token with it.
    return isinstance(value, str) and value.isascii() and value.isprintable() and " " not in value


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
FLAG = Shape(accepts=lambda value: isinstance(value, bool), form="True or False")
SECONDS = Shape(accepts=number(0.1, 120, float), form="seconds between 0.1 and 120")
DAYS = Shape(accepts=number(0, 3650), form="a whole number of days")

SHAPES: dict[str, Shape] = {
    "PIXEL_ID": Shape(
        accepts=lambda value: value == "" or is_pixel_id(value), form='digits in a string: "1234567890123456"'
    ),
    "ACCESS_TOKEN": Shape(accepts=is_token, form="the token as Events Manager shows it, without spaces"),
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
    "PAGE_IDS": one_of("auto", "server", "browser"),
    "BROWSER_EVENTS": NAMES,
    "SENDER": one_of("auto", "graph", "console", "memory"),
    "GRAPH_URL": URL,
    "API_VERSION": Shape(accepts=is_version, form='"v26.0"'),
    "PIXEL_SCRIPT_URL": URL,
    "PARTNER_AGENT": Shape(accepts=is_agent, form="fewer than 23 characters, at least two of them letters"),
    "PROXIES": Shape(
        accepts=lambda value: isinstance(value, Mapping), form='{"https": "http://proxy.example.com:3128"}'
    ),
    "CONNECT_TIMEOUT": SECONDS,
    "READ_TIMEOUT": SECONDS,
    "BATCH_EVENTS": Shape(accepts=number(1, 1000), form="a whole number from 1 to 1000"),
    "BATCH_BYTES": Shape(accepts=number(10_000, 50_000_000), form="bytes between 10,000 and 50,000,000"),
    "LEASE_SECONDS": Shape(accepts=number(5, 3600), form="seconds between 5 and 3600"),
    "ON_AMBIGUOUS": Shape(accepts=is_policy, form='{"Purchase": "hold"}: event names to "retry" or "hold"'),
    "NUDGE": FLAG,
    "BACKLOG_LIMIT": Shape(accepts=number(1000, 100_000_000), form="a whole number, at least 1000"),
    "PAYLOAD_DAYS": DAYS,
    "RETENTION_DAYS": Shape(accepts=number(1, 3650), form="a whole number of days, at least 1"),
    "ID_SECRET": TEXT,
}
