"""Check that the broker answers within the timeouts of the nudge."""

from __future__ import annotations

from collections.abc import Iterator

from celery import current_app

from django_capi.conf import conf
from django_capi.delivery.nudge import TIMEOUT, broker_url, has_app, timeouts
from django_capi.doctor.finding import Finding, fail, ok, warn

NAME = "broker"


def examine() -> Iterator[Finding]:
    if not conf.NUDGE:
        yield ok(NAME, 'Not used: CAPI["NUDGE"] is False, and events wait for periodic delivery.')
        return
    if not has_app():
        yield warn(
            NAME,
            "Not used: no Celery app is configured.",
            'Keep manage.py capi_deliver --watch running and write "NUDGE": False, into CAPI. With Celery, import your '
            "app in the __init__.py of the project.",
        )
        return
    if current_app.conf.task_always_eager:
        yield warn(NAME, "Not used: Celery runs eagerly.", "Write CELERY_TASK_ALWAYS_EAGER = False")
        return
    options = timeouts(broker_url())
    try:
        with current_app.connection_for_write(connect_timeout=TIMEOUT, transport_options=options) as connection:
            transport = connection.transport_cls
            connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
    except Exception as error:  # noqa: BLE001  # transports raise errors of many classes; a message may contain a password
        kind = type(error.__cause__ or error).__name__
        yield fail(
            NAME,
            f"It does not answer within {TIMEOUT} seconds ({kind}): events wait for periodic delivery.",
            'Start the broker or correct CELERY_BROKER_URL. Without Celery write "NUDGE": False, into CAPI.',
        )
        return
    yield ok(NAME, f"It answers ({transport}).")
