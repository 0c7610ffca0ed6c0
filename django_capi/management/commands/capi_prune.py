"""`manage.py capi_prune`: drops old texts and rows. The way without Celery beat; call it once a day."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from django_capi.database.deferred import own_connection
from django_capi.ledger.pruning import prune


class Command(BaseCommand):
    help = "Drop texts after PAYLOAD_DAYS and finished rows after RETENTION_DAYS. Waiting events stay."

    @own_connection()
    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{prune()} rows removed")
