"""Check that the settings of the ledger's database suit it: time zones and autocommit."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper

SAME_AS_UTC = (None, "UTC", "Etc/UTC")


def ledger() -> BaseDatabaseWrapper:
    """Return the connection of the ledger, without opening it."""
    return connections[router.db_for_write(apps.get_model("django_capi", "Event"))]


def messages() -> Iterator[CheckMessage]:
    yield from check_aware_times()
    yield from check_time_zone(ledger())
    yield from check_autocommit(ledger())


def check_aware_times() -> Iterator[CheckMessage]:
    if settings.USE_TZ:
        return
    yield checks.Error(
        "USE_TZ is False: MySQL, MariaDB and SQLite refuse the ledger's aware times, so that no event is stored; "
        "on PostgreSQL the admin's pages fail.",
        hint='Write USE_TZ = True (under "Time zones", Django\'s documentation has a guide for existing sites).',
        id="django_capi.E007",
    )


def check_time_zone(connection: BaseDatabaseWrapper) -> Iterator[CheckMessage]:
    # PostgreSQL's columns store the time zone, so the connection's own does not matter.
    if connection.features.supports_timezones or connection.settings_dict.get("TIME_ZONE") in SAME_AS_UTC:
        return
    place = f'DATABASES["{connection.alias}"]'
    yield checks.Error(
        f'{place}["TIME_ZONE"] is not UTC, but the times of the ledger in it are: events wait for hours, or expire '
        "hours too early.",
        hint=(
            f'Write {place}["TIME_ZONE"] = "UTC", or remove the line. If other tables need local times there, let a '
            "database router give the ledger a database of its own."
        ),
        id="django_capi.E008",
    )


def check_autocommit(connection: BaseDatabaseWrapper) -> Iterator[CheckMessage]:
    if connection.settings_dict.get("AUTOCOMMIT", True):
        return
    place = f'DATABASES["{connection.alias}"]'
    yield checks.Error(
        f'{place}["AUTOCOMMIT"] is False: what is stored outside the transactions that your code commits is '
        "rolled back, such as page events, receipts and withdrawals of consent.",
        hint=f'Remove {place}["AUTOCOMMIT"], or let a database router give the ledger a database of its own.',
        id="django_capi.E009",
    )
