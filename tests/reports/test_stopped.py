"""Which events came every day and have stopped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from django_capi.ledger import tallies, untracked
from django_capi.ledger.tallies import DAY, HOUR
from django_capi.models import ConversionState, Count, Diagnostic, Event, NotSent, Span, Tally
from django_capi.reports.diagnostics.stopped import stopped
from tests.reports.faults import NOW, many, refresh
from tests.support.factories import PIXEL_ID, ConversionMarkFactory, EventFactory

pytestmark = pytest.mark.django_db

OTHER_PIXEL = "9876543210987654"
PLACE = (PIXEL_ID, "Purchase")
AFTERNOON = datetime(2026, 9, 23, 15, 20, tzinfo=UTC)


def daily(counts: Mapping[int, int], *, pixel_id: str = PIXEL_ID) -> None:
    """Store events of several days. Of each day, given by how long ago it was, this many, two hours earlier."""
    for days, number in counts.items():
        at = int(NOW.timestamp()) - days * DAY - 2 * HOUR
        many(number, met=True, event_time=at, pixel_id=pixel_id)


def found(*, besides: tuple[tuple[str, str], ...] = ()) -> dict[tuple[str, str], int]:
    tallies.refresh()
    return stopped(NOW, [PIXEL_ID, OTHER_PIXEL], besides=besides)


@pytest.mark.parametrize(
    ("counts", "days"),
    [
        (dict.fromkeys(range(1, 9), 5), 1),
        ({1: 1, **dict.fromkeys(range(2, 9), 5)}, 1),
        (dict.fromkeys(range(10, 18), 5), 10),
        (dict.fromkeys(range(29, 37), 5), 29),
        (dict.fromkeys(range(30, 38), 5), None),
        ({**dict.fromkeys(range(1, 9), 5), 4: 4}, None),
        ({day: 5 for day in range(1, 9) if day != 6}, None),
        (dict.fromkeys(range(1, 8), 5), None),
        ({}, None),
    ],
    ids=[
        "each day",
        "few on the last day",
        "ten days ago",
        "29 days ago",
        "over a month ago",
        "too few on one day",
        "none on one day",
        "six days before",
        "nothing at all",
    ],
)
def test_it_came_every_day_before(counts: Mapping[int, int], days: int | None) -> None:
    daily(counts)

    assert found() == ({} if days is None else {PLACE: days})


def test_what_happens_but_is_not_tracked_has_not_stopped() -> None:
    daily(dict.fromkeys(range(1, 9), 5))
    hour = int(NOW.timestamp()) // HOUR * HOUR
    untracked.add({untracked.UntrackedKind(Span.HOUR, hour, PIXEL_ID, "Purchase", NotSent.DENIED): 1})

    refresh()

    assert not Diagnostic.objects.filter(code="event_stopped").exists()


def test_a_conversion_that_was_not_sent_has_not_stopped() -> None:
    daily(dict.fromkeys(range(1, 9), 5))
    ConversionMarkFactory(state=ConversionState.NOT_SENT, reason=NotSent.DENIED, happened_at=NOW, event_id="")

    refresh()

    assert not Diagnostic.objects.filter(code="event_stopped").exists()


def test_one_event_of_any_outcome_means_that_it_is_tracked() -> None:
    daily(dict.fromkeys(range(1, 9), 5))
    EventFactory(rejected=True, event_time=int(NOW.timestamp()))

    refresh()

    assert not Diagnostic.objects.filter(code="event_stopped").exists()


def test_what_has_been_pruned_counts_still() -> None:
    daily(dict.fromkeys(range(1, 9), 5))
    tallies.refresh()
    tallies.remove(Event.objects.all())

    assert found() == {PLACE: 1}


def test_events_that_are_deleted_between_two_queries_have_not_stopped() -> None:
    daily(dict.fromkeys(range(1, 9), 5))
    tallies.refresh()
    Tally.objects.filter(span=Span.HOUR).delete()

    assert stopped(NOW, [PIXEL_ID], besides=()) == {}


def test_what_happened_within_a_day_has_not_stopped() -> None:
    daily(dict.fromkeys(range(9), 5))

    assert found() == {}


def test_each_pixel_is_judged_on_its_own_and_only_if_the_settings_name_it() -> None:
    daily(dict.fromkeys(range(1, 9), 5), pixel_id="7")
    daily(dict.fromkeys(range(1, 9), 5))
    daily(dict.fromkeys(range(9), 5), pixel_id=OTHER_PIXEL)

    assert found(besides=((OTHER_PIXEL, "Purchase"),)) == {PLACE: 1}


def test_the_page_says_for_how_many_days_and_leads_nowhere(admin_client: Client) -> None:
    daily(dict.fromkeys(range(3, 11), 5))
    refresh()

    [line] = admin_client.get(reverse("admin:django_capi_diagnostic_changelist")).context["open"]

    assert (line.code, line.event_name, line.count, line.share, line.events_url) == (
        "event_stopped",
        "Purchase",
        "3 days",
        "",
        "",
    )


def test_one_query_while_nothing_has_stopped(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    daily(dict.fromkeys(range(9), 5))
    tallies.refresh()

    with django_assert_num_queries(1):
        stopped(NOW, [PIXEL_ID], besides=[PLACE])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    counts=st.lists(
        st.tuples(st.integers(24, 11 * 24), st.sampled_from([4, 5, 6]), st.sampled_from([PIXEL_ID, OTHER_PIXEL])),
        max_size=4,
    ),
    gap=st.integers(24, 60),
    regular=st.integers(6, 10),
)
def test_it_is_what_a_count_of_the_days_says(counts: list[tuple[int, int, str]], gap: int, regular: int) -> None:
    """Events of some hours, beside six or more regular ones a day that stopped some hours ago."""
    for model in (Event, Tally, Count):
        model.objects.all().delete()
    hours = [(hours_ago, number, pixel_id) for hours_ago, number, pixel_id in counts]
    hours += [(gap + 24 * day, 6, PIXEL_ID) for day in range(regular)]
    for hours_ago, number, pixel_id in hours:
        many(number, met=True, pixel_id=pixel_id, event_time=int(AFTERNOON.timestamp()) - hours_ago * HOUR)
    tallies.refresh()

    found = stopped(AFTERNOON, [PIXEL_ID, OTHER_PIXEL], besides=())

    assert found == by_hand(hours)


def by_hand(hours: list[tuple[int, int, str]]) -> dict[tuple[str, str], int]:
    """The same, day by day."""
    expected: dict[tuple[str, str], int] = {}
    for pixel_id in (PIXEL_ID, OTHER_PIXEL):
        moments = [
            AFTERNOON - timedelta(hours=ago) for ago, number, of in hours for _ in range(number) if of == pixel_id
        ]
        if not moments:
            continue
        last = max(moments)
        days = [(last - timedelta(days=number)).date() for number in range(1, 8)]
        if all(sum(moment.date() == day for moment in moments) >= 5 for day in days):
            full_hour = last.replace(minute=0) + timedelta(hours=1)
            expected[pixel_id, "Purchase"] = (AFTERNOON - full_hour) // timedelta(days=1)
    return {place: days for place, days in expected.items() if days}
