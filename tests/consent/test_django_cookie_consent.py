"""The consent policy for django-cookie-consent, with the real package."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpRequest
from django.test import Client
from pytest_django import Settings

from django_capi.consent import django_cookie_consent
from django_capi.models import Event, Withdrawal

models: Any = pytest.importorskip("cookie_consent.models", reason="django-cookie-consent is not installed")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _marketing(settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": "django_capi.consent.django_cookie_consent"}
    group = models.CookieGroup.objects.create(varname="marketing", name="Marketing")
    models.Cookie.objects.create(cookiegroup=group, name="_fbp", domain="")
    cache.clear()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param("marketing=2999-01-01T00:00:00+00:00", True, id="accepted"),
        pytest.param("marketing=-1", False, id="declined"),
        pytest.param("marketing=2001-01-01T00:00:00+00:00", None, id="accepted-before-a-cookie-was-added"),
        pytest.param("other=-1", None, id="another-group"),
        pytest.param("", None, id="not-asked"),
        pytest.param("|=|\x00=%%=|marketing", None, id="junk"),
    ],
)
def test_the_answer_is_the_packages_own(answer: str, expected: bool | None) -> None:
    request = HttpRequest()
    request.COOKIES["cookie_consent"] = answer

    assert django_cookie_consent(request) is expected


def test_a_cookie_group_of_another_name_can_be_asked() -> None:
    request = HttpRequest()
    request.COOKIES["cookie_consent"] = "ads=-1"
    models.CookieGroup.objects.create(varname="ads", name="Ads")
    cache.clear()

    assert django_cookie_consent.for_category("ads")(request) is False


def test_accepting_is_a_yes_and_declining_withdraws_it(visitor: Client) -> None:
    visitor.cookies["cookie_consent"] = "marketing=2999-01-01T00:00:00+00:00"
    visitor.get("/page/")
    visitor.cookies["cookie_consent"] = "marketing=-1"

    visitor.get("/page/")

    assert (Event.objects.count(), Withdrawal.objects.exists()) == (1, True)
