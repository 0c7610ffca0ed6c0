from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from django_capi.consent import Consent
from django_capi.ledger.store import HELD
from django_capi.models import Event, Rank
from django_capi.reports import freshness
from django_capi.reports.freshness import backlog, waits
from tests.support.factories import PIXEL_ID, EventFactory, LaneFactory

pytestmark = pytest.mark.django_db

NOW = timezone.now()


def test_an_empty_ledger_waits_for_nothing() -> None:
    found = backlog(now=NOW)

    assert (found.due, found.waited, found.pauses) == (0, None, ())
    assert not found.is_late


def test_the_oldest_due_event_says_how_long_delivery_is_behind() -> None:
    EventFactory(due_at=NOW - timedelta(minutes=2))
    EventFactory(due_at=NOW - timedelta(minutes=12))

    found = backlog(now=NOW)

    assert (found.due, found.overdue) == (2, timedelta(minutes=12))


def stored(ago: timedelta, **made: object) -> Event:
    event: Event = EventFactory(**made)
    Event.objects.filter(pk=event.pk).update(created_at=NOW - ago)
    return event


def test_events_that_are_put_off_wait_since_they_were_stored() -> None:
    later, next_try = NOW + timedelta(minutes=45), NOW + timedelta(minutes=20)
    stored(timedelta(hours=2), due_at=later, rank=Rank.QUARANTINE)
    stored(timedelta(hours=1), due_at=next_try, rank=Rank.QUARANTINE)
    stored(timedelta(hours=3), due_at=next_try, consent=Consent.UNKNOWN)
    stored(timedelta(hours=4), accepted=True)
    stored(timedelta(minutes=1), due_at=HELD)

    found = backlog(now=NOW)

    assert (found.due, found.put_off, found.next_try) == (0, 2, next_try)
    assert (found.waited, found.overdue, found.is_late) == (timedelta(hours=2), None, False)


def test_an_event_past_its_deadline_waits_until_a_worker_expires_it() -> None:
    stored(timedelta(days=8), due_at=NOW - timedelta(days=8), deadline=NOW - timedelta(days=1))

    found = backlog(now=NOW)

    assert (found.due, found.waited, found.is_late) == (0, timedelta(days=8), True)


def test_only_a_limited_number_of_waiting_events_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freshness, "FIRST", 2)
    before = backlog(now=NOW)
    for number in range(3):
        stored(timedelta(hours=3 - number), event_time=int(NOW.timestamp()) - 100 + number)

    found = backlog(now=NOW)

    assert (before.is_cut, found.is_cut, found.due, found.waited) == (False, True, 2, timedelta(hours=3))


@pytest.mark.parametrize(("minutes", "late"), [(4, False), (5, True)], ids=["four minutes", "five minutes"])
def test_five_minutes_are_late(minutes: int, late: bool) -> None:
    EventFactory(due_at=NOW - timedelta(minutes=minutes))

    assert backlog(now=NOW).is_late is late


@pytest.mark.parametrize(
    "made",
    [
        pytest.param({"accepted": True}, id="settled"),
        pytest.param({"due_at": NOW + timedelta(minutes=1)}, id="not due yet"),
        pytest.param({"deadline": NOW - timedelta(minutes=1)}, id="past its deadline"),
        pytest.param({"consent": Consent.UNKNOWN}, id="without consent"),
    ],
)
def test_what_delivery_would_not_take_does_not_wait(made: dict[str, object]) -> None:
    EventFactory(**{"due_at": NOW - timedelta(minutes=1), **made})

    assert backlog(now=NOW).due == 0


def test_paused_lanes_say_until_when_and_why() -> None:
    later = LaneFactory(pixel_id="2", paused_until=NOW + timedelta(minutes=9), pause_reason="Meta asks to wait.")
    sooner = LaneFactory(pixel_id="1", paused_until=NOW + timedelta(minutes=3), pause_reason="The token has expired.")
    LaneFactory(pixel_id="3", paused_until=NOW - timedelta(minutes=1))

    found = backlog(now=NOW)

    assert [(pause.pixel_id, pause.reason) for pause in found.pauses] == [
        ("1", sooner.pause_reason),
        ("2", later.pause_reason),
    ]
    assert found.pauses[0].until == sooner.paused_until


def test_two_queries_whatever_waits(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    EventFactory.create_batch(5)
    LaneFactory(paused=True)

    with django_assert_num_queries(2):
        backlog(now=NOW)


def test_the_longest_wait_is_that_of_any_rank() -> None:
    EventFactory(due_at=NOW - timedelta(minutes=2))
    EventFactory(due_at=NOW - timedelta(minutes=12), rank=Rank.QUARANTINE)
    EventFactory(due_at=NOW - timedelta(minutes=30), consent=Consent.DENIED)
    EventFactory(due_at=NOW - timedelta(minutes=20), pixel_id="999")

    assert waits([PIXEL_ID, "1"], now=NOW) == {PIXEL_ID: timedelta(minutes=12), "1": timedelta(0)}


def test_only_the_first_events_are_searched_for_the_longest_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freshness, "FIRST", 1)
    seconds = int(NOW.timestamp())
    EventFactory(event_time=seconds - 100, due_at=NOW - timedelta(minutes=2))
    EventFactory(event_time=seconds - 50, due_at=NOW - timedelta(minutes=12))

    assert waits([PIXEL_ID], now=NOW) == {PIXEL_ID: timedelta(minutes=2)}
