"""Check the settings, including Celery's, for what must not reach production."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from celery import Celery, current_app
from celery.exceptions import ImproperlyConfigured
from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage

from django_capi.checks import database
from django_capi.checks.pixels import entries
from django_capi.conf import conf, stored
from django_capi.database.sqlite import WRITING_MODES, advice

TASK = "django_capi.deliver"
SCHEDULE = f'CELERY_BEAT_SCHEDULE = {{"deliver conversions": {{"task": "{TASK}", "schedule": 30.0}}}}'
WITHOUT_CELERY = (
    'Without Celery keep manage.py capi_deliver --watch running and write SILENCED_SYSTEM_CHECKS = ["django_capi.W008"]'
)
PROXY_SETTINGS = ("SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT")


def messages() -> Iterator[CheckMessage]:
    yield from check_sender()
    yield from check_test_event_code()
    yield from check_proxies()
    yield from check_celery(current_app)
    yield from check_database()


def check_sender() -> Iterator[CheckMessage]:
    if conf.SENDER not in ("console", "memory"):
        return
    yield checks.Error(
        f'CAPI["SENDER"] is "{conf.SENDER}": no event reaches Meta.',
        hint='Write "SENDER": "graph", or remove the line.',
        id="django_capi.E006",
    )


def check_test_event_code() -> Iterator[CheckMessage]:
    for entry in entries():
        if entry.keys.get("TEST_EVENT_CODE") and "TEST_EVENT_CODE" not in entry.malformed():
            yield checks.Warning(
                f"{entry.spelled('TEST_EVENT_CODE')} is set: every customer's event is sent as a test.",
                hint='Remove the line, or write "TEST_EVENT_CODE": "", (Meta uses test events for targeting as well).',
                id="django_capi.W003",
            )


def check_proxies() -> Iterator[CheckMessage]:
    signs = [name for name in PROXY_SETTINGS if getattr(settings, name, None)]
    if not signs or "TRUSTED_PROXIES" in stored():
        return
    yield checks.Warning(
        f'{signs[0]} indicates a proxy, but CAPI["TRUSTED_PROXIES"] is not set: '
        "every visitor seems to have the address of the proxy.",
        hint=(
            'Write "TRUSTED_PROXIES": 1, with the number of your own proxies that append to X-Forwarded-For; '
            '"TRUSTED_PROXIES": 0, if REMOTE_ADDR is the visitor\'s address already.'
        ),
        id="django_capi.W005",
    )


def check_celery(app: Celery) -> Iterator[CheckMessage]:
    try:
        is_eager, tasks = bool(app.conf.task_always_eager), scheduled_tasks(app)
    except (ImproperlyConfigured, ImportError) as error:
        yield undelivered(f"Celery's configuration cannot be read ({type(error).__name__}): no event is delivered.")
        return
    if is_eager:
        yield checks.Warning(
            "Celery runs its tasks eagerly: nothing is sent inside a request, so events wait for periodic delivery.",
            hint="Write CELERY_TASK_ALWAYS_EAGER = False",
            id="django_capi.W008",
        )
    # django-celery-beat keeps its schedule in the database, which a check does not read.
    if TASK not in tasks and not apps.is_installed("django_celery_beat"):
        yield undelivered("Celery beat does not run the task: an event whose nudge is lost is not delivered.")


def scheduled_tasks(app: Celery) -> set[object]:
    schedule = app.conf.beat_schedule
    entries = schedule.values() if isinstance(schedule, Mapping) else ()
    return {entry.get("task") if isinstance(entry, Mapping) else getattr(entry, "task", None) for entry in entries}


def undelivered(message: str) -> CheckMessage:
    return checks.Warning(message, hint=f"Write {SCHEDULE}\n\t{WITHOUT_CELERY}", id="django_capi.W008")


def check_database() -> Iterator[CheckMessage]:
    connection = database.ledger()
    options = connection.settings_dict.get("OPTIONS") or {}
    if connection.vendor != "sqlite" or str(options.get("transaction_mode")).upper() in WRITING_MODES:
        return
    yield checks.Warning(
        f'The ledger is on SQLite ("{connection.alias}") with deferred transactions: a second writer fails at '
        'once with "database is locked".',
        hint=advice(connection.alias),
        id="django_capi.W013",
    )
