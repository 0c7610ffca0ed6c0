"""The page that says how soon Meta has each event, against counts in Python over the rows."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries, Settings

from django_capi.ledger import tallies
from django_capi.models import ConversionState, Count, Event, NotSent, Status, Tally
from tests.admin.conftest import Staff
from tests.support.factories import PIXEL_ID, BatchFactory, ConversionMarkFactory, EventFactory, LaneFactory

pytestmark = pytest.mark.django_db

PAGE = reverse("admin:django_capi_datafreshness_changelist")
OTHER_PIXEL = "9876543210987654"
TWO_PIXELS = {
    "PIXELS": {"shop": {"PIXEL_ID": PIXEL_ID}, "other": {"PIXEL_ID": OTHER_PIXEL}},
    "CONSENT": "django_capi.consent.always",
}
DAY = 86_400
LIMITS = (1, 10, 60, 300, 3_600, 7_200, DAY, None)
LABELS = [
    "within 1 second",
    "within 10 seconds",
    "within 1 minute",
    "within 5 minutes",
    "within 1 hour",
    "within 2 hours",
    "within 1 day",
    "over 1 day",
]


def plain(html: object) -> str:
    return re.sub(r"<.*?>", "", str(html)).strip()


def accepted(delay: float, *, age: int = 2 * DAY, **columns: Any) -> Event:
    """An event that Meta accepted this many seconds after it happened."""
    event_time = int(timezone.now().timestamp()) - age
    finished_at = datetime.fromtimestamp(event_time, UTC) + timedelta(seconds=delay)
    event: Event = EventFactory(**{"event_time": event_time, "accepted": True, "finished_at": finished_at, **columns})
    return event


def listed(client: Client, url: str) -> set[int]:
    response = client.get(url)
    assert response.status_code == 200
    return {event.pk for event in response.context["cl"].result_list}


def context_of(client: Client, **query: str) -> Any:
    response = client.get(PAGE, query)
    assert response.status_code == 200
    return response.context


@pytest.mark.parametrize(
    ("delay", "place", "step"),
    [
        (0.5, 0, "real_time"), (1.9, 0, "real_time"), (2, 1, "real_time"), (300.9, 3, "real_time"),
        (301, 4, "hourly"), (3600, 4, "hourly"), (3601, 5, "daily"), (7201, 6, "daily"), (DAY, 6, "daily"),
        (DAY + 1, 7, "weekly"),
    ],
)  # fmt: skip
def test_an_event_is_in_one_bar_and_one_step_and_listed_by_both(
    admin_client: Client, delay: float, place: int, step: str
) -> None:
    event = accepted(delay)

    context = context_of(admin_client)

    counts = [row.link.count for row in context["histogram"]]
    assert [plain(row.label) for row in context["histogram"]] == LABELS
    assert counts == ["1" if each == place else "0" for each in range(8)]
    steps = dict(zip(("real_time", "hourly", "daily", "weekly"), context["steps"], strict=True))
    assert {name: row.link.count for name, row in steps.items()} == {
        name: "1" if name == step else "0" for name in steps
    }
    assert listed(admin_client, context["histogram"][place].link.url) == {event.pk}
    assert listed(admin_client, steps[step].link.url) == {event.pk}


def test_an_event_that_meta_has_not_accepted_has_no_delay(admin_client: Client) -> None:
    event = accepted(5)
    for status in (Status.REJECTED, Status.IN_DOUBT, Status.EXPIRED):
        accepted(5, status=status)
    EventFactory(event_time=event.event_time)

    row = context_of(admin_client)["histogram"][1]

    assert row.link.count == "1"
    assert listed(admin_client, row.link.url) == {event.pk}


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a random row says."""

    event_name: str
    pixel_id: str
    age: int  # in hours
    status: Status
    delay: int
    is_test: bool

    @property
    def place(self) -> int:
        return next(place for place, limit in enumerate(LIMITS) if limit is None or self.delay <= limit)


CASES = st.builds(
    Case,
    event_name=st.sampled_from(["Purchase", "Lead"]),
    pixel_id=st.sampled_from([PIXEL_ID, OTHER_PIXEL]),
    age=st.sampled_from([1, 30, 200]),
    status=st.sampled_from([Status.ACCEPTED, Status.ACCEPTED, Status.PENDING, Status.REJECTED]),
    delay=st.sampled_from([0, 1, 2, 10, 11, 60, 61, 300, 301, 3600, 3601, 7200, 7201, DAY, DAY + 1]),
    is_test=st.booleans(),
)
QUERIES = st.fixed_dictionaries(
    {"days": st.sampled_from(["1", "7", "30"])},
    optional={"event": st.sampled_from(["Purchase", "Lead"]), "pixel": st.just(PIXEL_ID)},
)


@hypothesis_settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(cases=st.lists(CASES, max_size=10), query=QUERIES)
def test_every_figure_is_a_count_of_rows_and_leads_to_exactly_these(
    admin_client: Client, cases: list[Case], query: dict[str, str]
) -> None:
    for model in (Event, Tally, Count):
        model.objects.all().delete()
    now = int(timezone.now().timestamp())
    rows: list[tuple[int, Case]] = []
    for case in cases:
        event_time = now - case.age * 3600
        finished_at = datetime.fromtimestamp(event_time, UTC) + timedelta(seconds=case.delay, milliseconds=300)
        event = EventFactory(
            event_name=case.event_name,
            pixel_id=case.pixel_id,
            event_time=event_time,
            status=case.status,
            finished_at=None if case.status is Status.PENDING else finished_at,
            test_event_code="TEST1" if case.is_test else "",
        )
        rows.append((event.pk, case))
    within = [
        (pk, case)
        for pk, case in rows
        if case.status is Status.ACCEPTED
        and not case.is_test
        and case.age < int(query["days"]) * 24
        and case.event_name == query.get("event", case.event_name)
        and case.pixel_id == query.get("pixel", case.pixel_id)
    ]

    with override_settings(CAPI=TWO_PIXELS):
        context = context_of(admin_client, **query)
        counted = Counter(case.place for _, case in within)
        if not within:
            assert "within" not in " ".join(tile.value for tile in context["tiles"])
        for place, row in enumerate(context["histogram"]):
            expected = {pk for pk, case in within if case.place == place}
            assert row.link.count == str(counted[place])
            assert (listed(admin_client, row.link.url) if row.link.url else set()) == expected
        steps = ((0, 1, 2, 3), (4,), (5, 6), (7,))
        for places, row in zip(steps, context["steps"], strict=True):
            expected = {pk for pk, case in within if case.place in places}
            assert row.link.count == str(len(expected))
            assert (listed(admin_client, row.link.url) if row.link.url else set()) == expected
        by_name = {row.name: row for row in context["events"]}
        assert set(by_name) == {case.event_name for _, case in within}
        for name, event_row in by_name.items():
            of_name = [(pk, case) for pk, case in within if case.event_name == name]
            assert listed(admin_client, event_row.accepted.url) == {pk for pk, _ in of_name}
            for places, found in zip(steps, event_row.steps, strict=True):
                expected = {pk for pk, case in of_name if case.place in places}
                assert (listed(admin_client, found.url) if found.url else set()) == expected


def test_half_and_the_slowest_are_said_as_the_limit_that_they_kept(admin_client: Client) -> None:
    for delay in [5] * 11 + [200] * 8 + [5000]:
        accepted(delay)

    tiles = {str(tile.label): tile.value for tile in context_of(admin_client)["tiles"]}

    assert tiles == {
        "Data freshness": "Real time",
        "Half of the events": "within 10 seconds",
        "95 of 100 events": "within 5 minutes",
        "Later than a day": "0",
    }


@pytest.mark.parametrize(
    ("delays", "words", "grade"),
    [
        ([5] * 20, "Good: within an hour", "✓ Good"),
        ([5] * 18 + [7000] * 2, "Fair: later than an hour", "▲ Fair"),
        ([5] * 18 + [7300] * 2, "Poor: later than two hours", "✕ Poor"),
        ([5] * 18 + [DAY + 9] * 2, "Poor: later than two hours", "✕ Poor"),
        ([DAY + 9] * 19, "Too few events to judge (n=19)", ""),
    ],
    ids=["an hour", "two hours", "later", "a day", "too few"],
)
def test_the_slowest_decide_on_the_grade(admin_client: Client, delays: list[int], words: str, grade: str) -> None:
    for delay in delays:
        accepted(delay)

    context = context_of(admin_client)

    (row,) = context["events"]
    assert context["tiles"][2].note == words
    assert (row.note or plain(row.pill)) == (grade or words)


def test_nothing_is_good_while_events_are_lost(admin_client: Client) -> None:
    for _ in range(20):
        accepted(5)
    EventFactory(rejected=True)

    context = context_of(admin_client)

    assert context["tiles"][2].note == "Within an hour, but events were lost"
    assert plain(context["events"][0].pill) == "▲ Events lost"


def test_the_names_with_the_most_late_events_come_first(admin_client: Client) -> None:
    accepted(5, event_name="PageView")
    accepted(5, event_name="PageView")
    accepted(9000, event_name="Lead")
    accepted(5, event_name="Purchase")

    assert [row.name for row in context_of(admin_client)["events"]] == ["Lead", "PageView", "Purchase"]


def split(*, stored: float, tried: float, answered: float, failures: tuple[float, ...] = (), **columns: Any) -> Event:
    """An event with the seconds until it was stored, sent and accepted, and requests that failed."""
    event_time = int(timezone.now().timestamp()) - 3600
    at = datetime.fromtimestamp(event_time, UTC)
    lane = columns.pop("lane", None) or LaneFactory(pixel_id=columns.get("pixel_id", PIXEL_ID))
    for second in failures:
        BatchFactory(
            lane=lane,
            started_at=at + timedelta(seconds=second),
            finished_at=at + timedelta(seconds=second, milliseconds=500),
            outcome="transient",
        )
    finished_at = at + timedelta(seconds=answered)
    batch = BatchFactory(lane=lane, started_at=at + timedelta(seconds=tried), finished_at=finished_at)
    event: Event = EventFactory(accepted=True, event_time=event_time, finished_at=finished_at, batch=batch, **columns)
    Event.objects.filter(pk=event.pk).update(created_at=at + timedelta(seconds=stored))
    return event


def parts_of(client: Client, **query: str) -> dict[str, str]:
    return {str(row.label): row.longest for row in context_of(client, **query)["parts"]}


def test_the_time_is_split_at_the_row_the_first_request_and_the_accepted_one(admin_client: Client) -> None:
    split(stored=1, tried=9, answered=9.25, failures=(3, 6))

    assert parts_of(admin_client) == {
        "Before it was stored": "1.00 s",
        "Waiting to be sent": "2.00 s",
        "Retries": "6.00 s",
        "Meta's answer": "0.25 s",
        "All of it": "9.25 s",
    }


def test_without_a_failure_nothing_was_retried(admin_client: Client) -> None:
    split(stored=0, tried=3, answered=3.5)

    parts = parts_of(admin_client)

    assert (parts["Waiting to be sent"], parts["Retries"], parts["Meta's answer"]) == ("3.00 s", "0.00 s", "0.50 s")


@pytest.mark.parametrize("second", [-5, 8], ids=["before it was stored", "after it was accepted"])
def test_a_failure_at_another_time_was_none_of_this_event(admin_client: Client, second: float) -> None:
    split(stored=0, tried=3, answered=3.5, failures=(second,))

    assert parts_of(admin_client)["Retries"] == "0.00 s"


def test_another_pixel_s_failure_was_none_of_this_event(admin_client: Client) -> None:
    split(stored=0, tried=3, answered=3.5)
    split(stored=0, tried=3, answered=3.5, failures=(1,), pixel_id=OTHER_PIXEL)

    with override_settings(CAPI=TWO_PIXELS):
        assert parts_of(admin_client, pixel=PIXEL_ID)["Retries"] == "0.00 s"
        assert parts_of(admin_client, pixel=OTHER_PIXEL)["Retries"] == "2.00 s"


def test_clocks_that_differ_make_no_part_negative(admin_client: Client) -> None:
    split(stored=-30, tried=-20, answered=2)

    assert parts_of(admin_client) == {
        "Before it was stored": "0.00 s",
        "Waiting to be sent": "0.00 s",
        "Retries": "0.00 s",
        "Meta's answer": "2.00 s",
        "All of it": "2.00 s",
    }


def test_the_parts_have_a_median_and_a_share(admin_client: Client) -> None:
    lane = LaneFactory()
    for answered in (3.2, 3.4, 9):
        split(stored=0, tried=3, answered=answered, lane=lane)

    rows = {str(row.label): row for row in context_of(admin_client)["parts"]}

    assert (rows["Meta's answer"].median, rows["Meta's answer"].slowest) == ("0.40 s", "6.00 s")
    assert rows["Waiting to be sent"].share == "57.6%"
    assert rows["All of it"].share == "100%"


@pytest.mark.parametrize(
    "columns",
    [{"test_event_code": "TEST1"}, {"event_name": "Lead"}, {"pixel_id": OTHER_PIXEL}, {"status": Status.REJECTED}],
    ids=["a test event", "another name", "another pixel", "a refused one"],
)
def test_only_accepted_events_of_the_choice_are_split(admin_client: Client, columns: dict[str, Any]) -> None:
    split(stored=0, tried=3, answered=3.5, **columns)

    with override_settings(CAPI=TWO_PIXELS):
        context = context_of(admin_client, event="Purchase", pixel=PIXEL_ID)

    assert context["parts"] == []
    assert context["sample"] == "Accepted events of this choice among the newest 200 events: 0"


def test_the_newest_requests_say_how_long_meta_takes_and_how_many_failed(admin_client: Client) -> None:
    lane = LaneFactory()
    for milliseconds, outcome in ((200, "accepted"), (400, "accepted"), (2000, "transient")):
        BatchFactory(
            lane=lane,
            started_at=timezone.now(),
            finished_at=timezone.now() + timedelta(milliseconds=milliseconds),
            outcome=outcome,
        )
    BatchFactory(lane=lane, outcome="", finished_at=None)

    facts = {fact.label: fact.value for fact in context_of(admin_client)["facts"]}

    assert facts["Requests that failed, of the newest 4"] == "1"
    assert facts["Half of the answers came within"] == "0.40 s"
    assert facts["95 of 100 answers came within"] == "2.00 s"


def test_what_waits_is_counted_and_listed(admin_client: Client) -> None:
    due_at = timezone.now() - timedelta(minutes=3)
    waiting = EventFactory(due_at=due_at)
    EventFactory(due_at=due_at, test_event_code="TEST1")
    Event.objects.filter(pk=waiting.pk).update(created_at=due_at)
    accepted(5)

    facts = {fact.label: fact for fact in context_of(admin_client)["facts"]}

    assert facts["Due to be sent, all pixels"].value == "2"
    assert facts["The oldest has waited"].value == "3 minutes"
    assert facts["Waiting in this window"].value == "1"
    assert listed(admin_client, facts["Waiting in this window"].url) == {waiting.pk}


def test_a_new_site_is_told_what_to_do(admin_client: Client) -> None:
    page = admin_client.get(PAGE).content.decode()

    assert "No events yet." in page
    assert "so there is nothing to split" in page
    assert "four steps" not in page


def test_with_refused_events_only_it_says_where_the_reasons_are(admin_client: Client) -> None:
    EventFactory(rejected=True)

    page = admin_client.get(PAGE).content.decode()

    assert "Meta has accepted no event of this window from the server." in page
    assert "The page on deduplication lists the reasons" in page


def test_a_sender_that_sends_nothing_is_named(admin_client: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "SENDER": "console"}

    assert "nothing is sent to Meta" in admin_client.get(PAGE).content.decode()


def test_what_a_delay_costs_is_said(admin_client: Client) -> None:
    page = plain(admin_client.get(PAGE).content.decode())

    for words in ("Up to an hour is good", "After two hours", "After 24 hours", "After seven days"):
        assert words in page


@pytest.mark.parametrize("value", ["", "nothing", "delay_1s ", "99", "\u0661"], ids=range(5))
def test_an_unknown_delay_filters_nothing(admin_client: Client, value: str) -> None:
    event = accepted(5)

    assert listed(admin_client, f"{reverse('admin:django_capi_event_changelist')}?delay={value}") == {event.pk}


def test_the_filter_offers_the_steps_and_names_the_delay_of_a_link(admin_client: Client) -> None:
    accepted(5)
    address = reverse("admin:django_capi_event_changelist")

    page, finer = (admin_client.get(f"{address}{query}").content.decode() for query in ("", "?delay=delay_10s"))

    assert "Real time (within 5 minutes)" in page
    assert "within 10 seconds" not in page
    assert "within 10 seconds" in finer


@pytest.mark.parametrize("rows", [1, 30], ids=["one event", "thirty events"])
def test_the_page_costs_the_same_number_of_queries(
    rows: int, admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for index in range(rows):
        accepted(index * 900, event_name=f"Custom{index}", batch=BatchFactory(lane=LaneFactory(pixel_id=f"{index}")))
    tallies.refresh()

    # Session, user, how far the tallies have come, two for the banner, conversions that were not sent: two, sums,
    # what is deleted, the newest requests, the newest events.
    with django_assert_num_queries(11):
        admin_client.get(PAGE)


def test_nothing_is_good_while_conversions_are_lost(admin_client: Client) -> None:
    for age in range(20):
        accepted(age)
    before = admin_client.get(PAGE).content.decode()
    ConversionMarkFactory(state=ConversionState.NOT_SENT, reason=NotSent.TOO_OLD, event_id="")

    page = admin_client.get(PAGE).content.decode()

    assert "Good" in before
    assert "Good" not in page


def test_the_page_is_in_the_index(admin_client: Client) -> None:
    assert PAGE in admin_client.get(reverse("admin:index")).content.decode()


def test_the_page_needs_its_own_permission(staff: Staff) -> None:
    assert staff("view_event", "view_deduplication", "view_overview").get(PAGE).status_code == 403


def test_the_permission_to_see_the_page_is_enough(staff: Staff) -> None:
    accepted(5)

    response = staff("view_datafreshness").get(PAGE)

    assert response.status_code == 200
    assert response.context["requests_url"] == ""


def test_who_may_see_requests_is_led_to_them(staff: Staff) -> None:
    page = staff("view_datafreshness", "view_batch").get(PAGE).content.decode()

    assert f'href="{reverse("admin:django_capi_batch_changelist")}"' in page


@pytest.mark.parametrize("part", ["add", "change", "delete", "history"])
def test_no_event_can_be_opened_through_the_page(part: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(f"admin:django_capi_datafreshness_{part}", args=[1] if part != "add" else [])


def test_nothing_is_inline(admin_client: Client) -> None:
    split(stored=1, tried=9, answered=9.25, failures=(3,))

    page = admin_client.get(PAGE).content.decode()

    content = page.partition('id="content"')[2].partition('id="footer"')[0]
    assert "<svg" in content
    assert "<script" not in content
    assert "<style" not in content
    assert not re.search(r"\s(style|on\w+)=", content)
