"""Where the tables live: one router for each way a site may have it."""

from __future__ import annotations

from typing import Any

LEDGER = "django_capi"
SHOP = "site"


class NoTables:
    """The ledger's tables are in every database but `empty`."""

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return False if db == "empty" and app_label == LEDGER else None


class LedgerApart(NoTables):
    """The shop stays in `default`, the ledger is in `other`."""

    homes = {LEDGER: "other"}

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return self.homes.get(model._meta.app_label)

    db_for_write = db_for_read


class Together(LedgerApart):
    """The shop is in `other`, and the ledger was sent along with it."""

    homes = {LEDGER: "other", SHOP: "other"}


class Missing(LedgerApart):
    """The ledger is sent to a database that was never given its tables."""

    homes = {LEDGER: "empty"}


class Replicated(NoTables):
    """Everything is read from `replica`, which is so far behind that it is empty."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "replica"

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return "default"

    def allow_relation(self, *objects: Any, **hints: Any) -> bool:
        return True
