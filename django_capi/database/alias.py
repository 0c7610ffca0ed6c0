"""The database that the ledger is written to."""

from __future__ import annotations

from django.apps import apps
from django.db import router


def using() -> str:
    """The alias through which the ledger is written, as the site's database routers say."""
    return router.db_for_write(apps.get_model("django_capi", "Event"))
