"""Celery's tasks: deliver what is due, prune what is old."""

from __future__ import annotations

from celery import shared_task

from django_capi import worker
from django_capi.database import deferred
from django_capi.delivery.nudge import TASK
from django_capi.ledger import pruning


@shared_task(name=TASK, ignore_result=True)
def deliver() -> None:
    """Send what is due. Celery beat calls it regularly, a commit calls it to hurry."""
    worker.run()


@shared_task(name="django_capi.prune", ignore_result=True)
@deferred.own_connection()
def prune() -> None:
    """Drop old payloads and rows."""
    pruning.prune()
