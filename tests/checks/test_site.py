"""The checks of middleware and URLs."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.middleware.cache import UpdateCacheMiddleware
from pytest_django import Settings

from django_capi import checks
from tests.checks.sound import ACCOUNTS, CAPI_MIDDLEWARE, SESSIONS, SOUND, everything, ids


@pytest.mark.parametrize(
    ("middleware", "expected"),
    [
        pytest.param([SESSIONS, ACCOUNTS], ["W001"], id="absent"),
        pytest.param([], ["W001"], id="none-at-all"),
        pytest.param([CAPI_MIDDLEWARE], [], id="alone"),
        pytest.param([CAPI_MIDDLEWARE, SESSIONS, ACCOUNTS], ["W002"], id="first"),
        pytest.param([SESSIONS, CAPI_MIDDLEWARE, ACCOUNTS], ["W002"], id="between"),
        pytest.param([SESSIONS, CAPI_MIDDLEWARE, f"{__name__}.OwnAccounts"], ["W002"], id="before-a-subclass"),
        pytest.param([SESSIONS, ACCOUNTS, CAPI_MIDDLEWARE, "nomodule.Middleware", 5, []], [], id="with-junk"),
    ],
)
def test_the_middleware_has_its_place(middleware: list[Any], expected: list[str], settings: Settings) -> None:
    settings.MIDDLEWARE = middleware

    assert ids(everything()) == expected


def test_the_place_is_below_the_lower_of_the_two(settings: Settings) -> None:
    settings.MIDDLEWARE = [CAPI_MIDDLEWARE, ACCOUNTS, SESSIONS]

    assert str(checks.check_site()[0].hint).endswith(f'below "{SESSIONS}",')


@pytest.mark.parametrize(
    "cache",
    [
        "django.middleware.cache.UpdateCacheMiddleware",
        "django.middleware.cache.FetchFromCacheMiddleware",
        "django.middleware.cache.CacheMiddleware",
        "wagtailcache.cache.UpdateCacheMiddleware",
        f"{__name__}.OwnPageCache",
    ],
)
@pytest.mark.parametrize(("page_ids", "expected"), [("server", ["W006"]), ("auto", []), ("browser", [])])
def test_cached_pages_cannot_carry_ids_of_the_server(
    cache: str, page_ids: str, expected: list[str], settings: Settings
) -> None:
    settings.CAPI = SOUND | {"PAGE_IDS": page_ids}
    settings.MIDDLEWARE = [cache, SESSIONS, ACCOUNTS, CAPI_MIDDLEWARE]

    assert ids(everything()) == expected


def test_ids_of_the_server_are_fine_without_a_page_cache(settings: Settings) -> None:
    settings.CAPI = SOUND | {"PAGE_IDS": "server"}

    assert everything() == []


class OwnAccounts(AuthenticationMiddleware):
    pass


class OwnPageCache(UpdateCacheMiddleware):
    pass


class NoAddresses:
    urlpatterns: list[Any] = []


def test_addresses_that_are_not_included_are_named(settings: Settings) -> None:
    settings.ROOT_URLCONF = NoAddresses

    messages = everything()

    assert ids(messages) == ["W014"]
    assert 'path("capi/", include("django_capi.urls")),' in str(messages[0].hint)


@pytest.mark.parametrize("urlconf", ["nomodule.urls", "django.conf", None, 5, ""], ids=ascii)
def test_addresses_that_do_not_load_are_left_to_django(urlconf: object, settings: Settings) -> None:
    settings.ROOT_URLCONF = urlconf

    assert ids(checks.check_site()) == []
