"""`manage.py capi_backfill`: settles conversions that no signal told of, now instead of over time."""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import router
from django.db.models import Model, QuerySet
from django.utils import timezone

from django_capi.conversions.backfill import MOST_LISTED, Backfill, BackfillReport, mark_existing
from django_capi.conversions.base import Conversion, concrete, registry
from django_capi.database.deferred import own_connection

try:
    from tqdm import tqdm
except ImportError:  # the `progress` extra is not installed
    tqdm = None

UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def point_in_time(text: str) -> datetime:
    """`6d`, `12h`, `30m`: so long ago; or a date or a time in ISO 8601, in the current time zone."""
    ago = re.fullmatch(r"(\d{1,6})([mhd])", text)
    if ago:
        return timezone.now() - timedelta(**{UNITS[ago[2]]: int(ago[1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is neither like 6d, 12h or 30m nor a date such as 2026-11-20.") from None
    return found if timezone.is_aware(found) else timezone.make_aware(found)


class Command(BaseCommand):
    help = (
        "Find objects that have become conversions without a signal (QuerySet.update(), bulk operations, other "
        "programs) and store their events. The worker finds them as well, over time."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model", help="such as shop.Order")
        parser.add_argument(
            "--since", type=point_in_time, default="6d", help="6d, 12h, 30m or a date; what happened earlier is left"
        )
        parser.add_argument("--event-name", help="only this conversion of the model")
        parser.add_argument("--database", help="the alias that the objects are in; the model's own by default")
        parser.add_argument("--dry-run", action="store_true", help="store nothing, say what would be")
        parser.add_argument(
            "--mark-existing",
            action="store_true",
            help="instead, note for everything that has happened and is not known here that it was before this app",
        )

    @own_connection()
    def handle(
        self, *args: Any, model: str, since: datetime, event_name: str | None, database: str | None, **options: Any
    ) -> None:
        for conversion in conversions_of(model, event_name):
            alias = database or router.db_for_write(concrete(conversion.model))
            if options["mark_existing"]:
                self.mark(conversion, alias, is_dry=options["dry_run"])
            else:
                self.fill(Backfill(conversion=conversion, database=alias, since=since), is_dry=options["dry_run"])

    def mark(self, conversion: Conversion[Any], database: str, *, is_dry: bool) -> None:
        if is_dry:
            raise CommandError("--mark-existing has no dry run: it sends nothing.")
        rows = concrete(conversion.model)._base_manager.using(database).order_by("pk")
        marked = mark_existing(conversion, database, self.watched(rows))
        self.stdout.write(f"{conversion.event_name}: {marked} objects marked as earlier than this app.")

    def fill(self, backfill: Backfill, *, is_dry: bool) -> None:
        report = backfill.run(is_dry=is_dry, progress=self.watched(backfill.rows()))
        would = "Would be: " if is_dry else ""
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(report.outcomes.items()))
        name = backfill.conversion.event_name
        self.stdout.write(f"{name}: {report.read} objects read. {would}{outcomes or 'nothing to do'}.")
        self.list_too_old(report)

    def list_too_old(self, report: BackfillReport) -> None:
        for object_ref in report.too_old:
            self.stdout.write(f"  too old: {object_ref}")
        if len(report.too_old) == MOST_LISTED:
            self.stdout.write("  and more")

    def watched(self, rows: QuerySet[Model]) -> Iterable[Model]:
        """The rows, with a progress bar on a terminal."""
        found = rows.iterator(chunk_size=500)
        if tqdm is None or not sys.stderr.isatty():
            return found
        bar: Iterable[Model] = tqdm(found, total=rows.count(), unit=" objects")
        return bar


def conversions_of(label: str, event_name: str | None) -> list[Conversion[Any]]:
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError):
        raise CommandError(f"There is no model {label!r}. Write it like shop.Order.") from None
    found = [each for each in registry.get(concrete(model), ()) if event_name in (None, each.event_name)]
    if not found:
        known = ", ".join(sorted(each._meta.label for each in registry)) or "none"
        raise CommandError(f"{model._meta.label} has no such conversion. Models with conversions: {known}.")
    return found
