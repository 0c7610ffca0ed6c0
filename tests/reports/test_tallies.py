"""The tallies say what the ledger says, whatever happens to its rows, and go on saying it when the rows are gone."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from django_capi.delivery.drain import deliver
from django_capi.ledger import erasure, expiry, receipts, resend, retention, tallies, withdrawal
from django_capi.ledger.counting import Hour, within
from django_capi.ledger.store import digest
from django_capi.models import BrowserState, Count, Event, Span, Status, Tally
from django_capi.reports.overlap import Counts, Overlap, measure, start_of
from tests.conftest import FBP
from tests.support.factories import PIXEL_ID, EventFactory, receipt_of
from tests.support.failing_sql import failing

pytestmark = pytest.mark.django_db

OTHER_PIXEL = "9876543210987654"
KINDS = ("met", "accepted", "fired", "blocked", "rejected", "expired", "withdrawn", "in_doubt", "shared_id")


def let_time_pass(by: timedelta = tallies.EVERY) -> None:
    """As if everything so far had happened earlier."""
    Count.objects.update(counted_at=F("counted_at") - by, took=0)  # a count of few events on a slow machine
    Tally.objects.update(counted_at=F("counted_at") - by)
    Event.objects.update(changed_at=F("changed_at") - by)


def counted(days: int = 40, pixel_id: str | None = None) -> Overlap:
    while tallies.refresh() is None:
        pass  # many hours on a slow machine
    return measure(pixel_id=pixel_id, since=start_of(days, timezone.now()))


def recounted(days: int, pixel_id: str | None = None) -> Overlap:
    """From the rows, counted from nothing."""
    Tally.objects.all().delete()
    Count.objects.all().delete()
    return counted(days, pixel_id)


def add(event: Event) -> None:
    EventFactory(met=True)


def be_delivered(event: Event) -> None:
    assert deliver().accepted == 1


def be_seen(event: Event) -> None:
    assert receipts.record([receipt_of(event)], fbp=FBP)


def be_withdrawn(event: Event) -> None:
    assert withdrawal.withdraw(fbps=[FBP])
    assert erasure.sweep() == 1


def expire(event: Event) -> None:
    Event.objects.update(deadline=timezone.now() - timedelta(seconds=1))
    assert expiry.expire()


def be_resent(event: Event) -> None:
    assert resend.resend([event.pk]).pks


@pytest.mark.parametrize("change", [add, be_delivered, be_seen, be_withdrawn, expire, be_resent])
def test_a_change_is_counted(change: Callable[[Event], None]) -> None:
    event = EventFactory(server_fbp=digest(FBP), **({"rejected": True} if change is be_resent else {}))
    before = counted()
    let_time_pass()

    change(event)

    let_time_pass()
    after = counted()
    assert after != before
    assert after == recounted(40)


def some_rows(number: int) -> None:
    """Of all kinds, over forty days."""
    chance = random.Random(7)
    now = int(timezone.now().timestamp())
    rows = [
        EventFactory.build(
            event_time=now - chance.randrange(40 * tallies.DAY),
            event_name=chance.choice(["Purchase", "purchase", "Lead"]),
            pixel_id=chance.choice([PIXEL_ID, OTHER_PIXEL]),
            browser_fbp=chance.choice(["", "aa", "bb"]),
            server_fbp=chance.choice(["", "aa", "bb"]),
            test_event_code=chance.choice(["", "", "", "TEST1"]),
            value=Decimal(chance.randrange(100_000)) / 100,
            currency=chance.choice(["EUR", "USD"]),
            **{chance.choice(KINDS): True},
        )
        for _ in range(number)
    ]
    Event.objects.bulk_create(rows)


@pytest.mark.parametrize("pixel_id", [None, PIXEL_ID], ids=["all pixels", "one pixel"])
@pytest.mark.parametrize("days", [1, 7, 30])
def test_days_and_hours_add_up_to_the_rows(days: int, pixel_id: str | None) -> None:
    some_rows(300)
    since = start_of(days, timezone.now())

    found = counted(days, pixel_id)

    rows = Event.objects.filter(
        event_time__gte=since, test_event_code="", pixel_id__in=[pixel_id or OTHER_PIXEL, PIXEL_ID]
    )
    fired, accepted = rows.filter(browser_state=BrowserState.FIRED), rows.filter(status=Status.ACCEPTED)
    assert found.total.events == rows.count()
    assert (found.total.browser, found.total.server) == (fired.count(), accepted.count())
    assert (found.total.both, found.total.shared_ids) == (
        (fired & accepted).count(),
        rows.filter(shared_id=True).count(),
    )
    assert {name: counts.events for name, counts in found.names.items()} == {
        name: rows.filter(event_name=name).count() for name in sorted(set(rows.values_list("event_name", flat=True)))
    }
    keys = next(key for key in found.keys if key.key == "fbp")
    pairs = (fired & accepted).exclude(browser_fbp="").exclude(server_fbp="")
    assert (keys.browser, keys.server) == (
        fired.exclude(browser_fbp="").count(),
        accepted.exclude(server_fbp="").count(),
    )
    assert (keys.equal, keys.equal + keys.differ) == (pairs.filter(browser_fbp=F("server_fbp")).count(), pairs.count())


@pytest.mark.parametrize("is_counted", [True, False], ids=["counted before", "never counted"])
def test_what_is_pruned_stays_counted(is_counted: bool, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "RETENTION_DAYS": 10}
    some_rows(200)
    before = counted()
    if not is_counted:
        Tally.objects.all().delete()
        Count.objects.all().delete()

    removed = retention.prune()
    again = retention.prune()

    let_time_pass()
    assert removed > 50
    assert again == 0
    assert counted() == before
    let_time_pass(tallies.MARGIN)
    assert counted() == before


def test_what_is_deleted_by_hand_stays_counted(admin_client: Client) -> None:
    events = [EventFactory(met=True) for _ in range(3)]
    before = counted()

    admin_client.post(reverse("admin:django_capi_event_delete", args=[events[0].pk]), {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": [str(events[1].pk)], "post": "yes"}
    admin_client.post(reverse("admin:django_capi_event_changelist"), chosen)

    let_time_pass()
    assert Event.objects.count() == 1
    assert counted() == before
    assert before.total == Counts(events=3, browser=3, server=3, both=3)


def test_a_row_that_was_long_in_its_transaction_is_counted_too() -> None:
    EventFactory(met=True)
    counted()
    let_time_pass(2 * tallies.MARGIN)
    EventFactory(met=True)
    Event.objects.update(changed_at=timezone.now() - 1.5 * tallies.MARGIN)  # visible only now

    assert counted().total.events == 1 + 1


def test_a_row_that_became_visible_just_after_the_count_is_counted_in_the_end() -> None:
    now = timezone.now()
    hours_ago = EventFactory(event_time=now.timestamp() - 5 * tallies.HOUR)
    EventFactory(event_time=hours_ago.event_time)
    first = Event.objects.filter(pk=hours_ago.pk)
    first.update(test_event_code="hidden")
    assert counted().total.events == 1

    first.update(test_event_code="", changed_at=F("changed_at") - timedelta(seconds=1))
    let_time_pass(tallies.MARGIN)

    assert counted().total.events == 2


@pytest.mark.parametrize(
    ("age", "groupings", "readings"),
    [(0, 2, 0), (5 * tallies.HOUR, 3, 1)],
    ids=["the same hour", "another hour"],
)
def test_what_has_just_been_counted_is_not_verified(age: int, groupings: int, readings: int) -> None:
    """What changed is grouped once; so are a recount and a verification, whatever the pixels and tables.

    An hour that is verified is read once more for its pixels.
    """
    for pixel_id in (PIXEL_ID, OTHER_PIXEL):
        EventFactory(pixel_id=pixel_id, event_time=int(timezone.now().timestamp()) - age)
    for _ in range(2):
        counted()
        let_time_pass(2 * tallies.MARGIN)
    Count.objects.update(checked=0)  # the oldest hour is the next one
    for pixel_id in (PIXEL_ID, OTHER_PIXEL):
        EventFactory(pixel_id=pixel_id)

    with CaptureQueriesContext(connection) as captured:
        tallies.refresh()

    asked = [query["sql"] for query in captured if 'FROM "django_capi_event"' in query["sql"].replace("`", '"')]
    assert sum("GROUP BY" in sql for sql in asked) == groupings
    assert sum("DISTINCT" in sql for sql in asked) == readings


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite reads an hour for each of its pixels")
def test_an_hour_of_several_pixels_is_read_once() -> None:
    plan = Event.objects.filter(within([Hour(PIXEL_ID, 7200), Hour(OTHER_PIXEL, 7200)])).explain()

    assert plan.count("SEARCH") == 1


def test_of_two_counters_the_one_that_looked_first_writes_nothing() -> None:
    event = EventFactory(met=True)
    hour = tallies.Hour(event.pixel_id, event.event_time - event.event_time % tallies.HOUR)
    slow, _ = tallies.latest()
    fast = replace_version(slow)
    assert tallies.recount([hour], fast)
    before = list(Tally.objects.order_by("pk").values())

    assert not tallies.recount([hour], slow)

    assert list(Tally.objects.order_by("pk").values()) == before


def test_a_count_that_was_interrupted_goes_on_with_the_hours_that_remain() -> None:
    day_ago, two_days_ago = (EventFactory(met=True, event_time=a_while_ago(days)) for days in (1, 2))
    Event.objects.update(changed_at=F("changed_at") - timedelta(hours=1))
    before = two_days_ago.event_time + tallies.HOUR
    Count.objects.create(pk=1, counted_at=timezone.now(), remaining=before - before % tallies.HOUR)

    assert tallies.refresh()

    starts = Tally.objects.filter(span=Span.HOUR).values_list("start", flat=True)
    assert list(starts) == [two_days_ago.event_time - two_days_ago.event_time % tallies.HOUR]
    assert day_ago.event_time > before
    assert tallies.latest()[0].remaining is None


def test_older_hours_are_left_to_the_process_that_counts_already() -> None:
    event = EventFactory(met=True)
    slow, _ = tallies.latest()
    slow.remaining = event.event_time + tallies.HOUR
    assert tallies.refresh()
    before = list(Tally.objects.order_by("pk").values())

    assert not tallies.count_older(slow)

    assert list(Tally.objects.order_by("pk").values()) == before


def a_while_ago(days: int) -> int:
    return int(timezone.now().timestamp()) - days * tallies.DAY


def replace_version(count: Count) -> Count:
    return Count(pk=count.pk, version=count.version)


def test_a_database_whose_clock_was_put_back_goes_on_counting() -> None:
    EventFactory(met=True)
    counted()
    let_time_pass(-timedelta(minutes=20))
    EventFactory(met=True)

    assert counted().total.events == 2


def test_a_moment_later_nothing_is_counted_again(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    EventFactory(met=True)
    tallies.refresh()
    EventFactory(met=True)

    with django_assert_num_queries(1):
        tallies.refresh()

    assert set(Tally.objects.values_list("span", "events")) == {(Span.HOUR, 1), (Span.DAY, 1)}


def test_after_a_long_count_the_next_one_waits_longer() -> None:
    EventFactory(met=True)
    assert counted().total.events == 1
    EventFactory(met=True)
    let_time_pass(timedelta(seconds=19))
    Count.objects.update(took=1.0)

    assert counted().total.events == 1

    let_time_pass(timedelta(seconds=1))
    Count.objects.update(took=1.0)
    assert counted().total.events == 2


def test_after_a_count_that_waited_for_locks_the_next_one_waits_two_minutes_at_most() -> None:
    EventFactory(met=True)
    assert counted().total.events == 1
    EventFactory(met=True)
    let_time_pass(timedelta(minutes=2))
    Count.objects.update(took=600.0)

    assert counted().total.events == 2


def test_how_long_a_count_took_is_kept() -> None:
    EventFactory(met=True)
    tallies.refresh()

    assert tallies.latest()[0].took > 0


@pytest.mark.django_db(transaction=True)
def test_delivery_does_not_fail_with_the_counting(caplog: pytest.LogCaptureFixture) -> None:
    EventFactory()

    with failing("INSERT", "django_capi_tally"):
        report = deliver()

    assert report.accepted == 1
    assert "Events could not be counted" in caplog.text
