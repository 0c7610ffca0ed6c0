"""What is said of a dotted path that cannot be imported."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from django.apps import AppConfig, apps
from pytest_django import Settings

from django_capi.checks.settings import line
from tests.checks.sound import SOUND, everything, ids, words
from tests.test_conf import PATHS


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param("nomodule.at.all", "'nomodule'", id="no-module"),
        pytest.param("django.conf.nothing_here", "'nothing_here'", id="no-name"),
        pytest.param("nodots", "module.function", id="no-dots"),
        pytest.param(".relative", "ValueError", id="relative"),
        pytest.param("..far.away", "TypeError", id="further"),
        pytest.param("tests.checks.sound.NOT_CALLABLE", "type str", id="not-callable"),
        pytest.param("django_capi.tracking.atrack", "an async function", id="async"),
        pytest.param("\udc80.policy", "'\\udc80'", id="surrogate"),
    ],
)
@pytest.mark.parametrize("key", PATHS)
def test_a_path_that_leads_nowhere_says_why(key: str, value: str, reason: str, settings: Settings) -> None:
    settings.CAPI = SOUND | {key: value}

    messages = everything()

    assert ids(messages) == ["E003"]
    assert reason in messages[0].msg
    assert line(key) in str(messages[0].hint)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        pytest.param("import nomodule_inside", "'nomodule_inside'", id="its-own-import"),
        pytest.param("from django.conf import nothing_here", "'django.conf'", id="its-own-name"),
        pytest.param("raise RuntimeError('sample secret')", "RuntimeError", id="raises"),
        pytest.param("def", "SyntaxError", id="syntax"),
    ],
)
def test_a_module_that_does_not_load_is_no_traceback(
    source: str, reason: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"broken_{abs(hash(source))}"
    (tmp_path / f"{name}.py").write_text(source, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    settings.CAPI = SOUND | {"EXCLUDE": f"{name}.policy"}

    messages = everything()

    assert ids(messages) == ["E003"]
    assert reason in messages[0].msg
    assert "sample secret" not in words(messages)


@pytest.mark.parametrize("key", [key for key in PATHS if key != "CONSENT"])
def test_an_empty_path_counts_as_not_set(key: str, settings: Settings) -> None:
    settings.CAPI = SOUND | {key: ""}

    assert everything() == []


@pytest.mark.parametrize("value", [None, ""], ids=ascii)
def test_a_site_without_a_consent_policy_is_told_of_the_built_in_ones(value: object, settings: Settings) -> None:
    settings.CAPI = SOUND | {"CONSENT": value}

    messages = everything()

    assert ids(messages) == ["W004"]
    assert '"django_capi.consent.always"' in str(messages[0].hint)
    assert '"django_capi.consent.never"' in str(messages[0].hint)


@pytest.mark.parametrize(
    ("policy", "installed", "expected"),
    [
        pytest.param("django_cookie_consent", [], ["W016"], id="missing"),
        pytest.param("django_cookie_consent", ["cookie_consent"], [], id="installed"),
        pytest.param("cookiebot", [], [], id="a-banner-without-a-package"),
    ],
)
def test_a_policy_that_asks_another_app_needs_that_app(
    policy: str, installed: list[str], expected: list[str], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(apps.app_configs, "cookie_consent", raising=False)
    for name in installed:
        monkeypatch.setitem(apps.app_configs, name, AppConfig(name, sys.modules[__name__]))
    settings.CAPI = SOUND | {"CONSENT": f"django_capi.consent.{policy}"}

    messages = everything()

    assert ids(messages) == expected
    assert all('INSTALLED_APPS = [..., "cookie_consent"]' in str(message.hint) for message in messages)
