"""The Celery tasks, which deliver due events, prune old ones, and send the daily digest."""

from __future__ import annotations

from celery import shared_task

from django_capi import worker
from django_capi.database import deferred
from django_capi.delivery.nudge import TASK
from django_capi.digest import sending
from django_capi.ledger import retention


@shared_task(name=TASK, ignore_result=True)
def deliver() -> None:
    """Deliver due events; run by Celery beat and after commits."""
    worker.run()


@shared_task(name="django_capi.prune", ignore_result=True)
@deferred.own_connection()
def prune() -> None:
    """Drop old payloads and rows."""
    retention.prune()


@shared_task(name="django_capi.send_digest", ignore_result=True)
@deferred.own_connection()
def send_digest() -> None:
    """Send ADMINS the daily digest, if CAPI["DIGEST"] is True and it was not sent today."""
    sending.send()
