"""Open, update and close the rows of diagnostics by what the last day shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from django_capi.clock import Now, has_own_clock
from django_capi.database.alias import using
from django_capi.database.retry import retried
from django_capi.ledger import tallies
from django_capi.models import Diagnostic, DiagnosticRefresh
from django_capi.reports.diagnostics.gather import gather
from django_capi.reports.diagnostics.table import DiagnosticFinding, Key, findings

EVERY: Final = timedelta(minutes=1)  # between two refreshes
ONE_EPISODE: Final = timedelta(days=1)  # within which a closed diagnostic that is found again is the same one
KEPT: Final = timedelta(days=30)  # closed diagnostics
COLUMNS: Final = ("affected", "total", "detail", "last_seen_at")


def refresh(*, every: timedelta = EVERY) -> bool:
    """Determine the diagnostics, unless that was done a moment ago, here or by another process."""
    claimed = claim(every)
    if claimed is None:
        return False
    tallies.refresh()
    now = timezone.now()
    apply(findings(gather(now, clock_ahead=claimed)), now)
    return True


def refreshed_at() -> datetime | None:
    return DiagnosticRefresh.objects.using(using()).values_list("refreshed_at", flat=True).filter(pk=1).first()


def claim(every: timedelta) -> timedelta | None:
    """Return how far this machine's clock is ahead of the database's, for one caller in this time only."""
    rows = DiagnosticRefresh.objects.using(using())
    found = rows.annotate(now=Now()).filter(pk=1).first()
    here = timezone.now()
    if found is None:
        rows.get_or_create(pk=1)
        found = rows.annotate(now=Now()).get(pk=1)
    if found.refreshed_at and abs(found.now - found.refreshed_at) < every:
        return None
    if not rows.filter(pk=1, refreshed_at=found.refreshed_at).update(refreshed_at=found.now):
        return None
    return here - found.now if has_own_clock(using()) else timedelta()


@retried
def apply(found: Sequence[DiagnosticFinding], now: datetime) -> None:
    """Make the open rows those of the findings."""
    by_key = {finding.key: finding for finding in found}
    with transaction.atomic(using=using()):
        is_open = {key_of(row): row for row in Diagnostic.objects.using(using()).open()}
        update([(is_open[key], finding) for key, finding in by_key.items() if key in is_open], now)
        close([row for key, row in is_open.items() if key not in by_key], now)
        raise_new({key: finding for key, finding in by_key.items() if key not in is_open}, now)
        Diagnostic.objects.using(using()).filter(closed_at__lt=now - KEPT)._raw_delete(using())


def key_of(row: Diagnostic) -> Key:
    return row.code, row.pixel_id, row.event_name


def update(found: Sequence[tuple[Diagnostic, DiagnosticFinding]], now: datetime) -> None:
    rows = [seen(row, finding, now) for row, finding in found]
    Diagnostic.objects.using(using()).bulk_update(rows, COLUMNS)


def seen(row: Diagnostic, finding: DiagnosticFinding, now: datetime) -> Diagnostic:
    measure = finding.measure
    row.affected, row.total, row.detail, row.last_seen_at = measure.affected, measure.total, measure.detail[:250], now
    return row


def close(rows: Sequence[Diagnostic], now: datetime) -> None:
    if rows:
        closing = Diagnostic.objects.using(using()).filter(pk__in=[row.pk for row in rows])
        closing.update(is_open=None, closed_at=now)


def raise_new(found: Mapping[Key, DiagnosticFinding], now: datetime) -> None:
    """Open a row for each finding. One that was closed lately, or is muted, is opened again."""
    if not found:
        return
    same = Q(closed_at__gt=now - ONE_EPISODE) | Q(muted_until__gt=now)
    closed = Diagnostic.objects.using(using()).closed().filter(same).order_by("closed_at")
    lately = {key_of(row): row for row in closed}
    for key, finding in found.items():
        row = lately.get(key) or Diagnostic(code=key[0], pixel_id=key[1], event_name=key[2], first_seen_at=now)
        row.is_open, row.closed_at = True, None
        with suppress(IntegrityError), transaction.atomic(using=using()):  # another process has opened it
            seen(row, finding, now).save(using=using())
