"""The metrics for Prometheus, against the package itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from django_capi.ledger.tallies import remove
from django_capi.models import Diagnostic, Event, Status
from tests.support.factories import PIXEL_ID, EventFactory, LaneFactory
from tests.support.snippets import ROOT
from tests.test_guides import example

pytest.importorskip("prometheus_client", reason="prometheus_client is not installed")

from prometheus_client import CollectorRegistry  # if it is installed
from prometheus_client.parser import text_string_to_metric_families

from django_capi.contrib.prometheus import CapiCollector, metrics

pytestmark = pytest.mark.django_db

GUIDE = ROOT / "docs/how-to/monitoring.md"


def scraped(rf: RequestFactory, **headers: str) -> HttpResponse:
    return metrics(rf.get("/metrics/", headers=headers))


def value(name: str, **labels: str) -> float | None:
    registry = CollectorRegistry()
    registry.register(CapiCollector())
    return registry.get_sample_value(name, labels)


def test_events_are_counted_by_pixel_name_and_state() -> None:
    EventFactory(met=True)
    EventFactory(accepted=True)
    EventFactory(rejected=True)
    EventFactory(event_name="Lead", pixel_id="999")

    assert value("django_capi_events", pixel=PIXEL_ID, event="Purchase", status="accepted") == 2
    assert value("django_capi_events", pixel=PIXEL_ID, event="Purchase", status="rejected") == 1
    assert value("django_capi_pending_events", pixel="999", event="Lead") == 1
    assert value("django_capi_pending_events", pixel=PIXEL_ID, event="Purchase") == 0


def test_events_are_counted_by_outcome() -> None:
    EventFactory(met=True)
    EventFactory(accepted=True)
    EventFactory(rejected=True, fired=True)
    EventFactory.create_batch(2, rejected=True)

    found = {
        outcome: value("django_capi_outcomes", pixel=PIXEL_ID, event="Purchase", outcome=outcome)
        for outcome in ("met", "server", "browser", "neither")
    }

    assert found == {"met": 1, "server": 1, "browser": 1, "neither": 2}


def test_a_withdrawn_event_is_not_lost() -> None:
    EventFactory(withdrawn=True)
    EventFactory(expired=True)
    EventFactory(event_name="Lead", accepted=True)

    assert value("django_capi_lost_events", pixel=PIXEL_ID, event="Purchase") == 1
    assert value("django_capi_lost_events", pixel=PIXEL_ID, event="Lead") == 0


def test_the_counter_of_accepted_events_survives_deletion() -> None:
    EventFactory.create_batch(3, accepted=True)
    before = value("django_capi_accepted_events_total", pixel=PIXEL_ID, event="Purchase")
    remove(Event.objects.filter(status=Status.ACCEPTED))

    assert before == 3
    assert value("django_capi_accepted_events_total", pixel=PIXEL_ID, event="Purchase") == 3


def test_an_event_name_without_accepted_events_is_counted_as_zero() -> None:
    EventFactory(rejected=True)

    assert value("django_capi_accepted_events_total", pixel=PIXEL_ID, event="Purchase") == 0


def test_the_oldest_due_event_says_how_long_it_has_waited() -> None:
    assert value("django_capi_oldest_wait_seconds", pixel=PIXEL_ID) == 0

    EventFactory(due_at=timezone.now() - timedelta(minutes=12))
    EventFactory(due_at=timezone.now() - timedelta(minutes=2))

    waited = value("django_capi_oldest_wait_seconds", pixel=PIXEL_ID)
    assert waited
    assert timedelta(minutes=12) <= timedelta(seconds=waited) < timedelta(minutes=13)


def test_a_lane_says_whether_it_is_paused_and_when_it_was_last_in_use() -> None:
    now = timezone.now()
    LaneFactory(paused=True, last_ok_at=now, seen_at=now)
    LaneFactory(pixel_id="999", paused_until=now - timedelta(minutes=1))

    assert value("django_capi_lane_paused", pixel=PIXEL_ID) == 1
    assert value("django_capi_lane_paused", pixel="999") == 0
    assert value("django_capi_last_accepted_timestamp_seconds", pixel=PIXEL_ID) == now.timestamp()
    assert value("django_capi_last_check_timestamp_seconds", pixel=PIXEL_ID) == now.timestamp()
    assert value("django_capi_last_accepted_timestamp_seconds", pixel="999") is None


def test_open_diagnostics_are_counted_by_code() -> None:
    now = timezone.now()
    for name, until in (("Lead", None), ("Purchase", None), ("Search", now + timedelta(days=7))):
        Diagnostic.objects.create(
            code="lost",
            pixel_id=PIXEL_ID,
            event_name=name,
            first_seen_at=now,
            last_seen_at=now,
            muted_until=until,
        )

    assert value("django_capi_open_diagnostics", pixel=PIXEL_ID, code="lost", severity="error") == 2


def test_registering_does_not_use_the_database(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        CollectorRegistry(auto_describe=True).register(CapiCollector())


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("", "text/plain"), ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text")],
    ids=["text", "OpenMetrics"],
)
def test_the_view_answers_in_the_format_that_the_scraper_accepts(
    accept: str, content_type: str, rf: RequestFactory
) -> None:
    EventFactory(accepted=True)

    response = scraped(rf, accept=accept)

    assert response["Content-Type"].startswith(content_type)
    assert "no-store" in response["Cache-Control"]
    assert b"django_capi_accepted_events_total" in response.content


def test_the_view_answers_only_safe_requests(rf: RequestFactory) -> None:
    assert metrics(rf.post("/metrics/")).status_code == 405


def test_a_scrape_costs_the_same_for_any_ledger(rf: RequestFactory) -> None:
    EventFactory(accepted=True)
    LaneFactory()
    counts = []
    for _ in range(2):
        scraped(rf)  # counts what has changed
        with CaptureQueriesContext(connection) as queries:
            scraped(rf)
        counts.append(len(queries))
        EventFactory.create_batch(20, accepted=True)
        EventFactory.create_batch(20)

    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("given", "status"), [("Bearer s3cret", 200), ("Bearer wrong", 403), ("", 403)], ids=["right", "wrong", "none"]
)
def test_the_guide_lets_in_what_has_the_token(given: str, status: int, rf: RequestFactory, settings: Settings) -> None:
    settings.METRICS_TOKEN = "s3cret"
    view = example("how-to/monitoring.md", "METRICS_TOKEN")["metrics_for_prometheus"]

    assert view(rf.get("/metrics/", headers={"Authorization": given})).status_code == status


def test_the_guide_lists_every_metric(rf: RequestFactory) -> None:
    LaneFactory(last_ok_at=timezone.now(), seen_at=timezone.now())
    families = text_string_to_metric_families(scraped(rf).content.decode())
    names = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in families
        if not family.name.endswith("_created")
    }
    rows = [line.split("`")[1] for line in GUIDE.read_text("utf-8").splitlines() if line.startswith("| `django_capi_")]

    assert {row.partition("{")[0] for row in rows} == names
    assert len(rows) == len(names)
