"""Celery's settings come in; whether the nudge's broker can be reached within the nudge's own timeouts goes out."""

from __future__ import annotations

from collections.abc import Iterator

from celery import current_app

from django_capi.conf import conf
from django_capi.delivery.nudge import TIMEOUT, timeouts
from django_capi.doctor.finding import Finding, fail, ok, warn

NAME = "broker"


def look() -> Iterator[Finding]:
    if not conf.NUDGE:
        yield ok(NAME, 'Not used: CAPI["NUDGE"] is False, and events wait for the next sweep.')
        return
    if current_app.conf.task_always_eager:
        yield warn(NAME, "Not used: Celery runs eagerly.", "Write CELERY_TASK_ALWAYS_EAGER = False")
        return
    options = timeouts(str(current_app.conf.broker_write_url or current_app.conf.broker_url or ""))
    try:
        with current_app.connection_for_write(connect_timeout=TIMEOUT, transport_options=options) as connection:
            transport = connection.transport_cls
            connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
    except Exception as error:  # noqa: BLE001  # every transport raises its own kinds; the text may hold a password
        kind = type(error.__cause__ or error).__name__
        yield fail(
            NAME,
            f"It does not answer within {TIMEOUT} seconds ({kind}): events wait for the next sweep.",
            'Start the broker or mend CELERY_BROKER_URL. Without Celery write "NUDGE": False, into CAPI.',
        )
        return
    yield ok(NAME, f"It answers ({transport}).")
