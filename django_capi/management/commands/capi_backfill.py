"""Find conversions that no signal announced, such as those of QuerySet.update(), and store their events."""

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
    """Parse `6d`, `12h` or `30m` as a time ago, or a date or time in ISO 8601, in the current time zone."""
    ago = re.fullmatch(r"(\d{1,6})([mhd])", text)
    try:
        if ago:
            return timezone.now() - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):  # before the year 1
        raise ArgumentTypeError(
            f"{text!r} is neither a time ago such as 6d, 12h or 30m, nor a date such as 2026-11-20."
        ) from None
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


class Command(BaseCommand):
    help = (
        "Find objects that became conversions without a signal (QuerySet.update(), bulk operations, other programs) "
        "and store their events. The worker also finds them, but later."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model", help="the model, such as shop.Order")
        parser.add_argument(
            "--since",
            type=point_in_time,
            default="6d",
            help="6d, 12h, 30m or a date; earlier conversions are ignored (default: 6d)",
        )
        parser.add_argument("--event-name", help="only the conversion with this event name")
        parser.add_argument("--database", help="the alias of the objects' database (default: that of the model)")
        parser.add_argument("--dry-run", action="store_true", help="store nothing, print what would be stored")
        parser.add_argument(
            "--mark-existing",
            action="store_true",
            help="store no events; mark all unknown conversions as having happened before this app was installed",
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
            raise CommandError("--mark-existing cannot be combined with --dry-run: it stores no events.")
        rows = concrete(conversion.model)._base_manager.using(database).order_by("pk")
        marked = mark_existing(conversion, database, self.with_progress_bar(rows))
        self.stdout.write(f"{conversion.event_name}: {marked} objects marked as earlier than this app.")

    def fill(self, backfill: Backfill, *, is_dry: bool) -> None:
        report = backfill.run(is_dry=is_dry, progress=self.with_progress_bar(backfill.rows()))
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

    def with_progress_bar(self, rows: QuerySet[Model]) -> Iterable[Model]:
        """Return the rows, with a progress bar on a terminal."""
        objects = rows.iterator(chunk_size=500)
        if tqdm is None or not sys.stderr.isatty():
            return objects
        bar: Iterable[Model] = tqdm(objects, total=rows.count(), unit=" objects")
        return bar


def conversions_of(label: str, event_name: str | None) -> list[Conversion[Any]]:
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError):
        raise CommandError(f"There is no model {label!r}. Write it as app_label.ModelName.") from None
    conversions = [each for each in registry.get(concrete(model), ()) if event_name in (None, each.event_name)]
    if not conversions:
        known = ", ".join(sorted(each._meta.label for each in registry)) or "none"
        raise CommandError(f"{model._meta.label} has no such conversion. The models with conversions are: {known}.")
    return conversions
