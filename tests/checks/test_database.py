"""The checks of the ledger's database: time zones and autocommit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import connections
from django.db.backends.sqlite3.base import DatabaseWrapper
from pytest_django import Settings

from django_capi import checks
from tests.checks.sound import everything, ids, words
from tests.test_conf import ABSURD


@pytest.mark.parametrize("vendor", ["sqlite", "mysql", "postgresql"])
def test_naive_times_are_refused_on_any_database(
    vendor: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.USE_TZ = False
    monkeypatch.setattr(connections["default"], "vendor", vendor)

    messages = checks.check_site()

    assert ids(messages) == ["E007"]
    assert "USE_TZ = True" in str(messages[0].hint)


@pytest.mark.parametrize(
    ("keeps_zones", "zone", "expected"),
    [
        pytest.param(False, "Europe/Berlin", ["E008"], id="local"),
        pytest.param(False, "", ["E008"], id="empty"),
        pytest.param(False, "UTC", [], id="utc"),
        pytest.param(False, "Etc/UTC", [], id="utc-by-its-long-name"),
        pytest.param(False, None, [], id="none"),
        pytest.param(True, "Europe/Berlin", [], id="local-on-postgresql"),
    ],
)
def test_a_database_without_time_zones_keeps_the_ledger_in_utc(
    keeps_zones: bool, zone: str | None, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections["default"].features, "supports_timezones", keeps_zones)
    monkeypatch.setitem(connections["default"].settings_dict, "TIME_ZONE", zone)

    messages = everything()

    assert ids(messages) == expected
    assert all('DATABASES["default"]["TIME_ZONE"] = "UTC"' in str(message.hint) for message in messages)


@pytest.fixture
def local() -> Iterator[str]:
    """The alias of a second database, in local times."""
    connections["local"] = DatabaseWrapper({"OPTIONS": {}, "TIME_ZONE": "Europe/Berlin"}, alias="local")
    yield "local"
    del connections["local"]


def test_the_database_in_question_is_the_ledger_s(local: str, settings: Settings) -> None:
    before = ids(checks.check_site())
    settings.DATABASE_ROUTERS = [Sending(alias=local)]

    messages = checks.check_site()

    assert before == []
    assert ids(messages) == ["E008"]
    assert 'DATABASES["local"]' in words(messages)


@pytest.mark.parametrize("value", ABSURD.values(), ids=ABSURD.keys())
def test_no_absurd_time_zone_raises(value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections["default"].features, "supports_timezones", False)
    monkeypatch.setitem(connections["default"].settings_dict, "TIME_ZONE", value)

    assert words(everything()).encode("utf-8") is not None


@dataclass(frozen=True, kw_only=True)
class Sending:
    """A router with one answer."""

    alias: str

    def db_for_write(self, model: object, **hints: object) -> str:
        return self.alias


def test_a_database_that_commits_nothing_by_itself_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connections["default"].settings_dict, "AUTOCOMMIT", False)

    messages = everything()

    assert ids(messages) == ["E009"]
    assert 'Remove DATABASES["default"]["AUTOCOMMIT"]' in str(messages[0].hint)
