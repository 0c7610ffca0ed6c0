"""Check the keys and values of `CAPI`."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from importlib.util import find_spec
from inspect import iscoroutinefunction

from django.apps import apps
from django.core import checks
from django.core.checks import CheckMessage
from django.utils import timezone

from django_capi.checks import connection, pixels
from django_capi.checks.addresses import origin
from django_capi.checks.imports import PathError, imported
from django_capi.checks.versions import check_api_version
from django_capi.conf import GUARDS, Conf, conf
from django_capi.meta.cookies import is_public_suffix
from django_capi.shapes import PATH, SHAPES, URL

PATHS = [key for key, shape in SHAPES.items() if shape is PATH]
ADDRESSES = [key for key, shape in SHAPES.items() if shape is URL]

# Examples for keys whose default is empty.
EXAMPLES = {
    "PIXEL_ID": '"1234567890123456"',
    "ACCESS_TOKEN": 'env.str("META_ACCESS_TOKEN", default="")',
    "APP_SECRET": 'env.str("META_APP_SECRET", default="")',
    "TEST_EVENT_CODE": '"TEST12345"',
    "PIXELS": '{"main": {"PIXEL_ID": "1234567890123456", "ACCESS_TOKEN": env("META_ACCESS_TOKEN")}}',
    "PIXEL_FOR": '"shop.pixels.pixels_for"',
    "CONSENT": '"shop.privacy.marketing_consent"',
    "EXCLUDE": '"shop.privacy.is_excluded"',
    "USER_DATA": '"shop.customers.user_data"',
    "EXTERNAL_ID": '"shop.customers.external_id"',
    "COOKIE_DOMAIN": '"example.com"',
    "DEFAULT_REGION": '"DE"',
    "URL_PARAMETERS": '["coupon"]',
    "BROWSER_EVENTS": '["PageView", "ViewContent", "AddToCart"]',
    "PARTNER_AGENT": '"example-shop-1.0"',
    "PROXIES": '{"https": "http://proxy.example.com:3128"}',
    "CA_BUNDLE": '"/etc/ssl/certs/company.pem"',
    "ON_AMBIGUOUS": '{"Purchase": "hold"}',
    "ID_SECRET": 'env("CAPI_ID_SECRET")',
}


def messages() -> Iterator[CheckMessage]:
    if not conf.is_dict():
        yield from check_dict()
        return
    yield from check_unknown_keys()
    yield from check_forms()
    yield from pixels.messages()
    yield from check_paths()
    yield from check_consent()
    yield from check_banner_package()
    yield from check_extras()
    yield from check_cookie_domain()
    yield from check_api_version(today=timezone.now().date())
    yield from connection.messages()


def line(key: str) -> str:
    """Return the line of `CAPI` that sets a key."""
    default = json.dumps(value) if isinstance(value := getattr(Conf, key), str) else repr(value)
    return f'"{key}": {EXAMPLES.get(key, default)},'


def check_dict() -> Iterator[CheckMessage]:
    yield checks.Error(
        "CAPI is not a dict: all keys have their defaults, and nothing is sent.",
        hint=f"Write CAPI = {{{line('PIXEL_ID')} {line('ACCESS_TOKEN')} {line('CONSENT')}}}",
        id="django_capi.E005",
    )


def check_unknown_keys() -> Iterator[CheckMessage]:
    for key in conf.unknown_keys():
        yield unknown_key(key, where="CAPI", known=SHAPES)
    for entry in pixels.named_entries():
        for key in sorted(str(key) for key in entry.keys if key not in pixels.ENTRY_KEYS):
            yield unknown_key(key, where=entry.where, known=pixels.ENTRY_KEYS)


def unknown_key(key: str, *, where: str, known: Collection[str]) -> CheckMessage:
    guesses = get_close_matches(key.upper(), known, n=1)
    advice = f"Did you mean {line(guesses[0])}" if guesses else f"Remove it. The keys are {', '.join(known)}."
    return checks.Error(f"{where}[{pixels.quoted(key)}] is not a setting.", hint=advice, id="django_capi.E004")


def check_forms() -> Iterator[CheckMessage]:
    yield from (malformed_key(key) for key in malformed_keys())
    for entry in pixels.named_entries():
        yield from (malformed_key(key, where=entry.where) for key in entry.malformed() if key != "PIXEL_ID")


def malformed_keys() -> list[str]:
    """Return the keys with unusable values, without the id of the only pixel, which E001 is about."""
    unreadable = [key for key in ADDRESSES if origin(getattr(conf, key)) is None]
    explained = set() if conf.PIXELS else {"PIXEL_ID"}
    return sorted({*conf.malformed(), *unreadable} - explained)


def malformed_key(key: str, *, where: str = "CAPI") -> CheckMessage:
    meanwhile = "nothing is sent" if key in GUARDS else f"the default is used: {getattr(Conf, key)!r}"
    return checks.Error(
        f'{where}["{key}"] is malformed. Expected: {SHAPES[key].form}.',
        hint=f"Write {line(key)} or remove the line. Until then {meanwhile}.",
        id="django_capi.E005",
    )


def check_paths() -> Iterator[CheckMessage]:
    for key in PATHS:
        if problem := path_problem(getattr(conf, key)):
            yield checks.Error(
                f'CAPI["{key}"] cannot be used: {problem}.',
                hint=f"Write the path of a function that can be imported, such as {line(key)}",
                id="django_capi.E003",
            )


def path_problem(value: object) -> str:
    # An unset environment variable often becomes an empty string, which conf takes as unset.
    if not isinstance(value, str) or not value:
        return ""
    try:
        found = imported(value)
    except PathError as error:
        return str(error)
    if iscoroutinefunction(found):
        return f"{value!r} is an async function, and must be an ordinary one"
    return "" if callable(found) else f"{value!r} is not callable but of type {type(found).__name__}"


def check_consent() -> Iterator[CheckMessage]:
    if conf.CONSENT or "CONSENT" in conf.malformed():
        return
    yield checks.Warning(
        'CAPI["CONSENT"] names no policy: without consent, no event is sent.',
        hint=(
            f"Write {line('CONSENT')} with a function of your own that takes the request and returns True, False or "
            'None (not asked yet). Built in are "CONSENT": "django_capi.consent.always", for a site that needs no '
            'consent, "CONSENT": "django_capi.consent.never", and a policy for each of the common banners, such as '
            '"CONSENT": "django_capi.consent.cookiebot",'
        ),
        id="django_capi.W004",
    )


def check_banner_package() -> Iterator[CheckMessage]:
    app = getattr(conf.imported("CONSENT"), "requires", None)
    if not isinstance(app, str) or apps.is_installed(app):
        return
    yield checks.Warning(
        f'CAPI["CONSENT"] needs the app {app}, which is not in INSTALLED_APPS: no visitor has consent.',
        hint=f'Write INSTALLED_APPS = [..., "{app}"] (pip install django-cookie-consent), or name another policy.',
        id="django_capi.W016",
    )


def check_extras() -> Iterator[CheckMessage]:
    if conf.DEFAULT_REGION and find_spec("phonenumbers") is None:
        yield missing_extra("DEFAULT_REGION", package="phonenumbers", extra="phone", id="django_capi.W009")
    if conf.TRUSTED_PROXIES and find_spec("python_ipware") is None:
        yield missing_extra("TRUSTED_PROXIES", package="python_ipware", extra="ip", id="django_capi.W011")


def missing_extra(key: str, *, package: str, extra: str, id: str) -> CheckMessage:  # noqa: A002  # Django's name
    return checks.Warning(
        f'CAPI["{key}"] is set, but {package} is not installed: the setting has no effect.',
        hint=f"Run pip install 'django-capi[{extra}]', or remove {json.dumps(key)} from CAPI.",
        id=id,
    )


def check_cookie_domain() -> Iterator[CheckMessage]:
    domain = (conf.COOKIE_DOMAIN or "").strip(".")
    if not domain or not is_public_suffix(domain):
        return
    yield checks.Warning(
        'CAPI["COOKIE_DOMAIN"] is a public suffix, such as co.uk: browsers refuse the cookies.',
        hint=f"Write your own domain, {line('COOKIE_DOMAIN')} or remove the line to limit the cookies to the host.",
        id="django_capi.W012",
    )
