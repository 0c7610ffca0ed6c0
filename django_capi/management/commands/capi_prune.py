"""Delete old payloads and rows, for sites without Celery beat: run it once a day."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from django_capi.database.deferred import own_connection
from django_capi.ledger.retention import prune


class Command(BaseCommand):
    help = "Delete payloads after PAYLOAD_DAYS and final events after RETENTION_DAYS. Pending events are kept."

    @own_connection()
    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Deleted rows: {prune()}")
