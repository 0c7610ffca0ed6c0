"""What the doctor says of a router."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from django_capi.doctor import Level, examine

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "other", "empty"])


def test_a_shop_that_lives_elsewhere_is_named(settings: Settings) -> None:
    settings.DATABASE_ROUTERS = ["tests.several_databases.routers.LedgerApart"]

    found = [finding for finding in examine() if finding.name == "databases"]

    assert [finding.level for finding in found] == [Level.WARN]
    assert "site.Order" in found[0].message


def test_a_ledger_that_was_sent_along_is_well(settings: Settings) -> None:
    settings.DATABASE_ROUTERS = ["tests.several_databases.routers.Together"]

    levels = {finding.name: finding.level for finding in examine()}

    assert "databases" not in levels
    assert (levels["database"], levels["migrations"]) == (Level.OK, Level.OK)


def test_a_ledger_without_tables_is_named(settings: Settings) -> None:
    settings.DATABASE_ROUTERS = ["tests.several_databases.routers.Missing"]

    found = [finding for finding in examine() if finding.name == "migrations"]

    assert [finding.level for finding in found] == [Level.FAIL]
    assert "allow_migrate" in found[0].advice
