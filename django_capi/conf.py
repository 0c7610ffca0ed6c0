"""Read `settings.CAPI`, with types and defaults. No other module reads the setting.

Each annotated class attribute of `Conf` is a key of the dict, with its default. A malformed value is replaced by the
default, and `manage.py check` says what to write instead.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from os import PathLike
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.utils.module_loading import import_string

from django_capi.meta.proof import appsecret_proof
from django_capi.shapes import SHAPES, is_pixel_id


@dataclass(frozen=True, slots=True)
class Secret:
    """An access token or an app secret, masked in its repr and str."""

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
    """One dataset at Meta: its id, its access token, the secret of the token's app, and the test event code."""

    pixel_id: str
    access_token: Secret
    app_secret: Secret = Secret("")
    test_event_code: str = ""

    def appsecret_proof(self) -> str | None:
        """Return the proof that apps with "Require app secret" demand, or None without an app secret."""
        if not self.app_secret:
            return None
        return appsecret_proof(app_secret=self.app_secret.reveal(), access_token=self.access_token.reveal())


class Conf:
    """The keys of `CAPI`, their types and defaults."""

    PIXEL_ID: str = ""
    ACCESS_TOKEN: str = ""
    APP_SECRET: str = ""  # of the token's app, for appsecret_proof
    TEST_EVENT_CODE: str = ""
    PIXELS: Mapping[str, Mapping[str, str]] = {}  # several pixels, by names of your choice
    PIXEL_FOR: str | Callable[..., Any] | None = (
        None  # callable(subject) -> names in PIXELS; subject: request or object
    )

    CONSENT: str | Callable[..., Any] | None = None  # callable(request) -> True, False, None, Consent
    GPC: str = "deny"  # what Sec-GPC: 1 means: deny, limit (Limited Data Use) or ignore
    EXCLUDE: str | Callable[..., Any] | None = None  # callable(request) -> True if nothing is tracked in this request
    USER_DATA: str | Callable[..., Any] | None = None  # callable(request) -> user_data of the signed-in person
    EXTERNAL_ID: str | Callable[..., Any] | None = None  # callable(request) -> id; the user's primary key by default
    AUTO_CONFIG: bool = False  # let Meta's library send events of its own, with data from forms
    ADVANCED_MATCHING: bool = True  # give the browser's pixel the hashed contact data of signed-in people
    TRUSTED_PROXIES: int = 0  # number of your own proxies that append to X-Forwarded-For
    COOKIE_DOMAIN: str | None = None  # of _fbp and _fbc; None: this host only
    DEFAULT_REGION: str | None = None  # ISO 3166-1 alpha-2, for telephone numbers without a country
    URL_PARAMETERS: tuple[str, ...] | list[str] = ()  # query parameters to keep besides utm_* and fbclid
    RESTRICT_DATA: bool = False  # no custom parameters, URLs cut to their origin
    PAGE_IDS: str = "auto"  # who makes the ids of page events: auto, server, browser
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
    )  # what window.capi.track may mirror without an action on the server
    COLLECT_RATE: str = "120/m"  # events that the collector accepts from one visitor; "": any number
    COLLECT_ADDRESS_RATE: str = "1200/m"  # and from one address

    SENDER: str = "auto"  # graph, console, memory; auto: graph, and memory under a test runner
    GRAPH_URL: str = "https://graph.facebook.com"
    API_VERSION: str = "v26.0"  # released on 2026-07-29, see checks.versions
    PIXEL_SCRIPT_URL: str = "https://connect.facebook.net/en_US/fbevents.js"
    PARTNER_AGENT: str = ""  # fewer than 23 characters, at least two letters
    PROXIES: Mapping[str, str] = {}  # for requests; the environment's proxies are ignored
    CA_BUNDLE: str | PathLike[str] | None = None  # certificates to trust instead of those of requests
    CONNECT_TIMEOUT: float = 3.0  # seconds; also the longest stall while a body is sent
    READ_TIMEOUT: float = 15.0  # seconds for the complete answer; slower answers are ambiguous
    BATCH_EVENTS: int = 500  # events in a request, at most 1,000
    BATCH_BYTES: int = 1_000_000  # bytes in a request
    SHARDS: int = 1  # lanes of a pixel, from which as many workers send at once
    LEASE_SECONDS: int = 90  # how long a worker holds a lane between two batches
    ON_AMBIGUOUS: Mapping[str, str] = {}  # event name or "*" -> retry (default) or hold
    NUDGE: bool = True  # wake a Celery worker on commit; periodic delivery does not need it
    DATASET_QUALITY: bool = False  # let the task django_capi.pull_quality ask Meta for its own figures
    BACKLOG_LIMIT: int = 200_000  # pending events of a pixel, above which mirrored events and page views are shed
    PAYLOAD_DAYS: int = 7  # how long a payload is kept after acceptance; 0: not at all
    RETENTION_DAYS: int = 90  # how long a final row is kept
    DIGEST: bool = False  # send ADMINS an e-mail a day: what changed, what was lost, what to fix
    ID_SECRET: str = ""  # for conversion ids; SECRET_KEY when empty

    if not TYPE_CHECKING:

        def __getattribute__(self, name: str) -> Any:
            found = values.get(name, values)
            if found is not values:
                return found
            default = object.__getattribute__(self, name)
            if not name.isupper():
                return default
            value = stored().get(name, default)
            usable = value if value is default or SHAPES[name].accepts(value) else STRICT.get(name, default)
            if not is_testing():  # a site's tests may change the dict in place, which sends no signal
                values[name] = usable
            return usable

    def pixels(self) -> dict[str, Pixel]:
        """Return every usable pixel by name; the plain PIXEL_ID is called `main`."""
        if self.PIXELS:
            return {name: pixel for name, keys in self.PIXELS.items() if (pixel := pixel_from(keys))}
        keys = {
            "PIXEL_ID": self.PIXEL_ID,
            "ACCESS_TOKEN": self.ACCESS_TOKEN,
            "APP_SECRET": self.APP_SECRET,
            "TEST_EVENT_CODE": self.TEST_EVENT_CODE,
        }
        pixel = pixel_from(keys)
        return {"main": pixel} if pixel else {}

    def imported(self, name: str) -> Callable[..., Any] | None:
        """Return the callable of a dotted-path setting; None if it is unset or cannot be imported."""
        value = getattr(self, name)
        try:
            found = imported_path(value) if isinstance(value, str) else value
        except Exception:  # noqa: BLE001  # importing runs the site's code; `manage.py check` shows the error
            return None
        return found if callable(found) else None

    def unknown_keys(self) -> list[str]:
        return sorted(str(key) for key in stored() if key not in SHAPES)

    def malformed(self) -> list[str]:
        """Return the keys whose value does not have the documented form."""
        return sorted(key for key, value in stored().items() if key in SHAPES and not SHAPES[key].accepts(value))

    def unsafe(self) -> list[str]:
        """Return the malformed keys among those that guard privacy or tests. With any of them nothing is sent."""
        found = [key for key in self.malformed() if key in GUARDS]
        entries = mappings(stored().get("PIXELS"))
        within = [key for key in GUARDS_OF_A_PIXEL if not all(is_sound(key, entry) for entry in entries)]
        return [*found, *(f"PIXELS[…][{key!r}]" for key in within)]

    def is_dict(self) -> bool:
        return isinstance(getattr(settings, "CAPI", {}), Mapping)

    def sender(self) -> str:
        if self.SENDER != "auto":
            return self.SENDER
        return "memory" if is_testing() else "graph"


# If one of these is malformed, it is unclear what was meant: the strict meaning holds, and nothing is sent.
GUARDS: Final = (
    "CONSENT", "GPC", "EXCLUDE", "PIXEL_FOR", "RESTRICT_DATA", "ADVANCED_MATCHING", "AUTO_CONFIG", "PAYLOAD_DAYS",
    "RETENTION_DAYS", "ON_AMBIGUOUS", "TEST_EVENT_CODE", "APP_SECRET", "CA_BUNDLE",
)  # fmt: skip
GUARDS_OF_A_PIXEL: Final = ("TEST_EVENT_CODE", "APP_SECRET")
STRICT: Final[Mapping[str, Any]] = {"RESTRICT_DATA": True, "ADVANCED_MATCHING": False}

conf = Conf()
values: dict[str, Any] = {}  # a cache of checked values


@receiver(setting_changed)
def clear_cache(*, setting: str, **_: Any) -> None:
    """Clear the cache when the settings are overridden."""
    if setting == "CAPI":
        values.clear()


def stored() -> Mapping[str, Any]:
    found = getattr(settings, "CAPI", {})
    return found if isinstance(found, Mapping) else {}


def mappings(value: object) -> list[Mapping[str, Any]]:
    values = value.values() if isinstance(value, Mapping) else ()
    return [each for each in values if isinstance(each, Mapping)]


def is_testing() -> bool:
    """Whether Django's test environment is set up, by its test runner or pytest-django.

    Other things that test runners change do not tell: a production process may use the in-memory mail backend or the
    test client.
    """
    state = getattr(sys.modules.get("django.test.utils"), "_TestState", None)
    return hasattr(state, "saved_data")


def is_sound(key: str, entry: Mapping[str, Any]) -> bool:
    return key not in entry or SHAPES[key].accepts(entry[key])


def pixel_from(keys: Mapping[str, str]) -> Pixel | None:
    if not is_pixel_id(keys.get("PIXEL_ID")):
        return None
    sound = {key: keys[key] for key in keys if key in SHAPES and is_sound(key, keys)}
    return Pixel(
        pixel_id=sound["PIXEL_ID"],
        access_token=Secret(sound.get("ACCESS_TOKEN", "")),
        app_secret=Secret(sound.get("APP_SECRET", "")),
        test_event_code=sound.get("TEST_EVENT_CODE", ""),
    )


@cache
def imported_path(path: str) -> Any:
    return import_string(path)
