"""The demo's week has every outcome, state and reason, and is the same each time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from django_capi.admin import near_misses
from django_capi.ledger.counting import is_far_apart
from django_capi.meta.answers import RequestOutcome
from django_capi.models import (
    Batch,
    BrowserState,
    ConversionMark,
    ConversionState,
    DatasetQuality,
    Event,
    ForeignPixel,
    Lane,
    MatchKey,
    NotSent,
    Origin,
    Rank,
    Status,
)
from django_capi.reports.diagnostics.hosts import unknown_host
from django_capi.reports.outcomes import Outcome, condition, has_value_mismatch
from example_project.demo.history import make_week
from example_project.shop.catalogue import seed_catalogue
from example_project.shop.models import Order

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def week(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[QuerySet[Event]]:
    """One week for all tests of the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        seed_catalogue()
        make_week(timezone.now())
        yield Event.objects.all()
        transaction.set_rollback(True)


def values(rows: QuerySet[Any], field: str) -> set[Any]:
    return set(rows.values_list(field, flat=True))


def test_every_state_and_outcome_of_an_event_is_there(week: QuerySet[Event]) -> None:
    outcomes = {outcome for outcome in Outcome if week.filter(condition(outcome)).exists()}

    assert values(week, "status") == set(Status)
    assert values(week, "browser_state") == set(BrowserState)
    assert values(week, "origin") == set(Origin)
    assert outcomes == set(Outcome)
    assert week.filter(rank=Rank.QUARANTINE, status=Status.PENDING, due_at__gt=timezone.now()).exists()


def test_each_request_names_the_events_that_it_settled(week: QuerySet[Event]) -> None:
    settled: dict[int, set[int]] = {}
    for pk, batch_id in week.exclude(batch=None).values_list("pk", "batch"):
        settled.setdefault(batch_id, set()).add(pk)

    assert {batch.pk: set(batch.event_pks) for batch in Batch.objects.filter(pk__in=settled)} == settled


def test_the_week_has_visitors_of_both_kinds_of_address_and_no_foreign_domain(week: QuerySet[Event]) -> None:
    assert values(week, "server_ip_version") == {4, 6}
    assert {unknown_host(payload) for payload in values(week, "payload")} == {""}


def test_the_copies_of_one_event_differ_in_value(week: QuerySet[Event]) -> None:
    [event] = week.filter(has_value_mismatch())

    assert (event.browser_value or 0) - (event.value or 0) == 2
    assert week.filter(browser_value__isnull=False).count() > 50


def test_every_conversion_has_an_order_and_every_reason_a_conversion(week: QuerySet[Event]) -> None:
    marks = ConversionMark.objects.all()
    orders = {f"shop.order:{pk}" for pk in values(Order.objects.all(), "pk")}

    assert values(marks, "object_ref") == orders
    assert values(marks.exclude(reason=""), "reason") == set(NotSent.values)
    assert values(marks, "state") == set(ConversionState) - {ConversionState.INCOMPLETE}
    assert marks.filter(state=ConversionState.STORED, shown_at=None).exists()  # the customer never came back
    assert marks.filter(state=ConversionState.STORED, reference="").count() == 0
    assert values(marks.filter(reason=NotSent.EXCLUDED), "excluded_as") == {"HeadlessChrome"}
    assert values(week.exclude(object_ref=""), "event_id") == values(marks.exclude(event_id=""), "event_id")


def test_the_times_of_a_conversion_are_those_of_its_order(week: QuerySet[Event]) -> None:
    marks = {mark.object_ref: mark for mark in ConversionMark.objects.filter(state=ConversionState.STORED)}

    for order in Order.objects.filter(pk__in=[ref.partition(":")[2] for ref in marks]):
        mark = marks[f"shop.order:{order.pk}"]
        assert (mark.created_at, mark.happened_at) == (order.created, order.paid_at)
        assert mark.shown_at is None or (order.paid_at and mark.shown_at > order.paid_at)


def test_the_requests_have_every_answer_and_each_sent_event_its_request(week: QuerySet[Event]) -> None:
    batches = Batch.objects.all()

    assert values(batches, "outcome") == set(RequestOutcome)
    assert batches.filter(outcome=RequestOutcome.ACCEPTED, fbtrace_id="").count() == 0
    assert week.filter(status__in=(Status.ACCEPTED, Status.IN_DOUBT), batch=None).count() == 0
    assert week.filter(status=Status.ACCEPTED).exclude(batch__outcome=RequestOutcome.ACCEPTED).count() == 0
    assert week.filter(status=Status.REJECTED, attempts__gt=0).exclude(batch__outcome=RequestOutcome.EVENT).count() == 0
    lane = Lane.objects.get()
    assert (lane.paused_until, lane.lease_until) == (None, None)
    assert lane.last_ok_at == week.filter(status=Status.ACCEPTED).latest("finished_at").finished_at


def test_events_are_rejected_and_lost_for_several_reasons(week: QuerySet[Event]) -> None:
    rejected = week.filter(status=Status.REJECTED)
    lost = week.filter(condition(Outcome.NEITHER))

    assert len(values(rejected, "error_reason")) >= 4
    assert rejected.filter(attempts=0).exists()  # refused by this app
    assert lost.filter(event_name="Purchase").count() == 1
    assert len(values(lost, "status")) == 4
    assert week.filter(status=Status.EXPIRED, attempts=0, browser_state=BrowserState.FIRED).exists()


def test_some_events_are_late_or_were_sent_twice(week: QuerySet[Event]) -> None:
    delays = [
        event.finished_at - datetime.fromtimestamp(event.event_time, UTC)
        for event in week.filter(status=Status.ACCEPTED)
        if event.finished_at
    ]

    assert min(delays) >= timedelta(0)
    assert sum(delay < timedelta(minutes=1) for delay in delays) > len(delays) * 0.9
    assert max(delays) > timedelta(hours=2)
    assert week.filter(status=Status.ACCEPTED, ambiguous=1, attempts=2).exists()


def test_near_misses_and_shared_ids_are_explained(week: QuerySet[Event]) -> None:
    without = week.filter(event_name="CompleteRegistration", origin=Origin.TRACK, browser_state=BrowserState.NONE)
    meanings = {str(miss.meaning) for event in without for miss in near_misses.of(event)}
    renamed = near_misses.of(week.get(event_name="Lead", test_event_code=""))

    assert any("Meta counts it twice" in meaning for meaning in meanings)
    assert any("They are probably one action" in meaning for meaning in meanings)
    assert [str(miss.event.event_name) for miss in renamed] == ["Contact"]


def test_an_id_was_used_for_several_visitors_on_an_event_that_is_counted(week: QuerySet[Event]) -> None:
    [event] = week.filter(shared_id=True)

    assert (event.test_event_code, event.status) == ("", Status.ACCEPTED)
    assert event.browser_count > 2


def test_the_copies_of_one_event_are_too_far_apart_for_meta(week: QuerySet[Event]) -> None:
    [event] = week.filter(is_far_apart())

    assert event.browser_at and event.finished_at
    assert event.browser_at - event.finished_at > timedelta(hours=48)
    assert event.finished_at - event.created_at < timedelta(minutes=1)


def test_visitors_differ(week: QuerySet[Event]) -> None:
    agents = Counter("Firefox" in event.payload for event in week.filter(browser_state=BrowserState.BLOCKED))
    sent = week.exclude(payload="")

    assert values(week.exclude(currency=None), "currency") == {"EUR", "CHF"}
    assert len(values(week, "consent")) == 2
    assert {bool(keys & MatchKey["fbc"]) for keys in values(sent, "match_keys")} == {True, False}
    assert {bool(keys & MatchKey["external_id"]) for keys in values(sent, "match_keys")} == {True, False}
    assert week.exclude(left_out="").exists()
    assert agents[True] > 0
    assert agents[False] > 0


def test_test_events_and_other_pixels_are_there(week: QuerySet[Event]) -> None:
    assert values(week.exclude(test_event_code=""), "browser_state") == {BrowserState.FIRED, BrowserState.NONE}
    assert ForeignPixel.objects.count() == 2


def test_an_order_is_found_in_the_shop_s_admin_by_its_number(week: QuerySet[Event], client: Client) -> None:
    client.force_login(User.objects.create_superuser("demo"))
    mark = ConversionMark.objects.filter(state=ConversionState.STORED).first()
    assert mark

    orders = client.get(reverse("admin:shop_order_changelist"), {"q": mark.reference}).content.decode()
    page = client.get(reverse("admin:shop_order_change", args=[mark.object_ref.partition(":")[2]])).content.decode()

    assert "1 order" in orders
    assert reverse("admin:django_capi_event_change", args=[Event.objects.get(event_id=mark.event_id).pk]) in page


def test_deduplication_shows_the_shared_id_and_the_late_copy(week: QuerySet[Event], client: Client) -> None:
    client.force_login(User.objects.create_superuser("visitor"))

    context = client.get(reverse("admin:django_capi_deduplication_changelist")).context

    shared = [reason.count for reason in context["reasons"] if str(reason.title) == "One event id, several visitors"]
    assert (shared, context["pair_gaps"].far_apart.count) == (["1"], "1")


def test_one_event_name_has_stopped(week: QuerySet[Event], client: Client) -> None:
    client.force_login(User.objects.create_superuser("stopped"))

    events = client.get(reverse("admin:django_capi_overview_changelist")).context["events"]

    assert [event.name for event in events if "No recent activity" in event.connection] == ["FindLocation"]


@pytest.mark.django_db
def test_the_week_is_the_same_each_time() -> None:
    seed_catalogue()
    columns = ("event_name", "event_id", "event_time", "status", "browser_state", "finished_at", "match_keys")
    found = []

    for _ in range(2):
        make_week(NOW)
        rows = Event.objects.exclude(object_ref__startswith="shop.order")  # whose ids depend on the order's key
        found.append(list(rows.order_by("event_time", "event_id", "event_name").values_list(*columns)))
        for model in (Event, ConversionMark, Order, Batch, Lane, ForeignPixel):
            model.objects.all().delete()

    assert found[0] == found[1]
    assert len(found[0]) > 700


def test_what_meta_reports_is_of_the_same_events(week: QuerySet[Event]) -> None:
    purchase = DatasetQuality.objects.get(event_name="Purchase")

    assert values(DatasetQuality.objects.all(), "event_name") == values(week.filter(test_event_code=""), "event_name")
    assert purchase.event_coverage and 50 < purchase.event_coverage <= 100
    assert {key["dedupe_key"] for key in purchase.dedupe_keys} == {"event_id", "external_id", "fbp"}
