"""Metrics for Prometheus, read from the ledger at each scrape. It needs the extra `prometheus`.

No process counts anything, so any number of them may serve the metrics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from django_capi.conf import conf
from django_capi.ledger import tallies
from django_capi.models import Lane, Status
from django_capi.reports import diagnostics, freshness, health, windows
from django_capi.reports.by_pixel import Counted, counted
from django_capi.reports.outcomes import Outcome

__all__ = ["CapiCollector", "metrics"]

DAYS: Final = 7

Sample = tuple[str | float, ...]  # labels and a number


@dataclass(frozen=True, kw_only=True, slots=True)
class Scrape:
    """What one scrape has read."""

    now: datetime
    week: Sequence[Counted]
    accepted: Sequence[Counted]  # of the year
    lanes: Sequence[Lane]
    diagnostics: Sequence[diagnostics.OpenDiagnostic]

    @property
    def pixel_ids(self) -> list[str]:
        """Return the pixels of the settings. Others are not sent any more."""
        return sorted({pixel.pixel_id for pixel in conf.pixels().values()})


def read() -> Scrape:
    """Count what has changed, and sum up the tallies of a week and of the year."""
    tallies.refresh()
    now = timezone.now()
    first = int(datetime(now.astimezone(UTC).year, 1, 1, tzinfo=UTC).timestamp())
    return Scrape(
        now=now,
        week=counted(windows.last_days(DAYS, now)),
        accepted=counted(windows.Window(since=first), status=Status.ACCEPTED),
        lanes=list(health.lanes().values()),
        diagnostics=diagnostics.open_now(),
    )


class CapiCollector(Collector):
    """Register it with a `CollectorRegistry`; to register it does not use the database."""

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        scrape = read()
        for family in FAMILIES:
            yield family(scrape)


def pending(scrape: Scrape) -> Metric:
    return gauge(
        "django_capi_pending_events",
        "Events that are not in a final state.",
        ("pixel", "event"),
        of_status(scrape.week, Status.PENDING),
    )


def of_status(found: Iterable[Counted], status: Status) -> Iterator[tuple[str, str, int]]:
    """Yield a number for each event name, even if it is 0, so that a rise from 0 can be seen."""
    for one in found:
        yield one.pixel_id, one.event_name, one.events if one.status is status else 0


def oldest_wait(scrape: Scrape) -> Metric:
    return gauge(
        "django_capi_oldest_wait_seconds",
        "How long the oldest due event has waited; 0 if none is due.",
        ("pixel",),
        (
            (pixel_id, waited.total_seconds())
            for pixel_id, waited in freshness.waits(scrape.pixel_ids, now=scrape.now).items()
        ),
    )


def accepted(scrape: Scrape) -> Metric:
    """The only number that never falls: an event in another final state may be sent again."""
    family = CounterMetricFamily(
        "django_capi_accepted_events",
        "Events that Meta has accepted since the start of the year in UTC.",
        labels=("pixel", "event"),
    )
    none_yet = ((one.pixel_id, one.event_name, 0) for one in scrape.week)
    return summed(family, [*none_yet, *of_status(scrape.accepted, Status.ACCEPTED)])


def by_status(scrape: Scrape) -> Metric:
    return gauge(
        "django_capi_events",
        f"Events of the last {DAYS} days by the state of their server copy.",
        ("pixel", "event", "status"),
        ((one.pixel_id, one.event_name, one.status.name.lower(), one.events) for one in scrape.week),
    )


def by_outcome(scrape: Scrape) -> Metric:
    return gauge(
        "django_capi_outcomes",
        f"Events of the last {DAYS} days by what became of their two copies.",
        ("pixel", "event", "outcome"),
        ((one.pixel_id, one.event_name, str(one.outcome), one.events) for one in scrape.week),
    )


def lost(scrape: Scrape) -> Metric:
    return gauge(
        "django_capi_lost_events",
        f"Events of the last {DAYS} days that Meta has by neither channel, without those that visitors withdrew.",
        ("pixel", "event"),
        ((one.pixel_id, one.event_name, one.events if is_lost(one) else 0) for one in scrape.week),
    )


def is_lost(one: Counted) -> bool:
    return one.outcome is Outcome.NEITHER and one.status is not Status.WITHDRAWN


def paused(scrape: Scrape) -> Metric:
    return gauge(
        "django_capi_lane_paused",
        "1 if nothing is sent for the pixel for a while, otherwise 0.",
        ("pixel",),
        ((lane.pixel_id, int(bool(lane.paused_until and lane.paused_until > scrape.now))) for lane in scrape.lanes),
    )


def last_accepted(scrape: Scrape) -> Metric:
    return gauge(
        "django_capi_last_accepted_timestamp_seconds",
        "When Meta last accepted events.",
        ("pixel",),
        ((lane.pixel_id, lane.last_ok_at.timestamp()) for lane in scrape.lanes if lane.last_ok_at),
    )


def last_check(scrape: Scrape) -> Metric:
    return gauge(
        "django_capi_last_check_timestamp_seconds",
        "When a worker last checked whether there is anything to send.",
        ("pixel",),
        ((lane.pixel_id, lane.seen_at.timestamp()) for lane in scrape.lanes if lane.seen_at),
    )


def open_diagnostics(scrape: Scrape) -> Metric:
    return gauge(
        "django_capi_open_diagnostics",
        "Open diagnostics that are not muted.",
        ("pixel", "code", "severity"),
        ((each.pixel_id, each.code, str(each.severity), 1) for each in scrape.diagnostics),
    )


# Further metrics are added here.
FAMILIES: Final[Sequence[Callable[[Scrape], Metric]]] = (
    pending, oldest_wait, accepted, by_status, by_outcome, lost, paused, last_accepted, last_check,
    open_diagnostics,
)  # fmt: skip


def gauge(name: str, documentation: str, labels: Sequence[str], samples: Iterable[Sample]) -> Metric:
    return summed(GaugeMetricFamily(name, documentation, labels=labels), samples)


def summed(family: GaugeMetricFamily | CounterMetricFamily, samples: Iterable[Sample]) -> Metric:
    """Add the samples to the family, those with equal labels as one."""
    totals: dict[tuple[str, ...], float] = {}
    for *labels, value in samples:
        key = tuple(map(str, labels))
        totals[key] = totals.get(key, 0) + float(value)
    for key, total in sorted(totals.items()):
        family.add_metric(key, total)
    return family


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer a scrape. It checks no access: wrap it before you put it into a URL configuration."""
    registry = CollectorRegistry()
    registry.register(CapiCollector())
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(registry), content_type=content_type)
