from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from django_capi.ledger import tallies
from django_capi.ledger.tallies import DAY
from django_capi.reports.goals import COVERAGE_GOAL, KEY_GOAL, OVERLAP_GOAL, Goal, Grade
from django_capi.reports.keys import KeyShare
from django_capi.reports.overlap import Counts, Overlap, measure
from tests.support.factories import PIXEL_ID, EventFactory

pytestmark = pytest.mark.django_db

NOON = 1_790_078_400  # a whole hour
OTHER_PIXEL = "9876543210987654"


def counted(**made: object) -> Counts:
    EventFactory(event_time=NOON, **made)
    return measured().total


def measured(pixel_id: str | None = None) -> Overlap:
    tallies.refresh()
    return measure(pixel_id=pixel_id, since=NOON)


def key(name: str) -> KeyShare:
    return next(share for share in measured().keys if share.key == name)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param({}, Counts(events=1, waiting=1), id="stored only"),
        pytest.param({"met": True}, Counts(events=1, browser=1, server=1, both=1), id="both copies"),
        pytest.param({"accepted": True}, Counts(events=1, server=1), id="accepted without a receipt"),
        pytest.param(
            {"accepted": True, "blocked": True},
            Counts(events=1, server=1, blocked=1, stopped=1),
            id="accepted and blocked",
        ),
        pytest.param({"blocked": True}, Counts(events=1, stopped=1, waiting=1), id="waiting and blocked"),
        pytest.param({"fired": True}, Counts(events=1, browser=1, waiting=1, fired_waiting=1), id="fired and waiting"),
        pytest.param({"fired": True, "rejected": True}, Counts(events=1, browser=1), id="fired and rejected"),
        pytest.param({"fired": True, "expired": True}, Counts(events=1, browser=1), id="fired and expired"),
        pytest.param({"fired": True, "withdrawn": True}, Counts(events=1, browser=1), id="fired and withdrawn"),
        pytest.param({"fired": True, "in_doubt": True}, Counts(events=1, browser=1), id="fired and in doubt"),
        pytest.param({"rejected": True}, Counts(events=1, neither=1), id="rejected without a receipt"),
        pytest.param(
            {"rejected": True, "blocked": True}, Counts(events=1, stopped=1, neither=1), id="rejected and blocked"
        ),
        pytest.param({"expired": True}, Counts(events=1, neither=1), id="expired without a receipt"),
        pytest.param({"in_doubt": True}, Counts(events=1, neither=1, in_doubt=1), id="in doubt without a receipt"),
        pytest.param({"withdrawn": True}, Counts(events=1, neither=1, withdrawn=1), id="withdrawn without a receipt"),
        pytest.param({"shared_id": True}, Counts(events=1, waiting=1, shared_ids=1), id="one id of several visitors"),
    ],
)
def test_every_state_of_both_copies_is_counted_once(made: dict[str, object], expected: Counts) -> None:
    total = counted(**made)

    assert total == expected


def test_overlap_is_of_the_smaller_channel_and_coverage_of_the_browsers() -> None:
    counts = Counts(browser=80, server=100, both=32)

    assert (counts.overlap, counts.coverage) == (0.4, 0.4)
    assert (counts.server_only, counts.browser_only) == (68, 48)


def test_the_smaller_channel_may_be_the_server() -> None:
    counts = Counts(browser=100, server=50, both=40)

    assert (counts.overlap, counts.coverage) == (0.8, 0.4)


@pytest.mark.parametrize(
    "counts", [Counts(server=30), Counts(browser=30), Counts()], ids=["no browser", "no server", "none"]
)
def test_there_is_no_overlap_of_nothing(counts: Counts) -> None:
    assert counts.overlap is None
    assert counts.overlap_grade is Grade.NONE


@pytest.mark.parametrize(
    ("goal", "share", "grade"),
    [
        pytest.param(OVERLAP_GOAL, 0.9, Grade.GOOD, id="overlap 90 is good"),
        pytest.param(OVERLAP_GOAL, 0.899, Grade.FAIR, id="overlap below 90 is fair"),
        pytest.param(OVERLAP_GOAL, 0.5, Grade.FAIR, id="overlap 50 is fair"),
        pytest.param(OVERLAP_GOAL, 0.499, Grade.POOR, id="overlap below 50 is poor"),
        pytest.param(COVERAGE_GOAL, 0.75, Grade.GOOD, id="coverage 75 is good"),
        pytest.param(COVERAGE_GOAL, 0.749, Grade.FAIR, id="coverage below 75 is fair"),
        pytest.param(COVERAGE_GOAL, 0.499, Grade.POOR, id="coverage below 50 is poor"),
        pytest.param(KEY_GOAL, 0.95, Grade.GOOD, id="key 95 is good"),
        pytest.param(KEY_GOAL, 0.949, Grade.FAIR, id="key below 95 is fair"),
        pytest.param(KEY_GOAL, 0.499, Grade.POOR, id="key below 50 is poor"),
    ],
)
def test_a_share_is_judged_by_its_goal(goal: Goal, share: float, grade: Grade) -> None:
    assert goal.judge(share, n=20) is grade


def test_nothing_is_good_while_events_are_lost() -> None:
    met = {"events": 33, "browser": 20, "server": 20, "both": 20, "neither": 13}

    assert Counts(**met).overlap_grade is Grade.LOSING
    assert Counts(**met).coverage_grade is Grade.LOSING
    assert Counts(**met, withdrawn=13).overlap_grade is Grade.GOOD


def test_fewer_than_twenty_events_are_not_judged() -> None:
    assert OVERLAP_GOAL.judge(0.0, n=19) is Grade.FEW


def test_many_events_without_a_single_pair_are_judged() -> None:
    counts = Counts(browser=100, server=100, both=0)

    assert counts.overlap_grade is Grade.POOR


def test_test_events_are_not_counted() -> None:
    total = counted(met=True, test_event_code="TEST123")

    assert total == Counts()


@pytest.mark.parametrize(
    ("event_time", "events"),
    [(NOON - 1, 0), (NOON, 1), (NOON + 40 * DAY, 1)],
    ids=["before", "first", "much later"],
)
def test_the_window_starts_with_an_hour(event_time: int, events: int) -> None:
    EventFactory(event_time=event_time)

    assert measured().total.events == events


def test_one_pixel_can_be_looked_at_alone() -> None:
    EventFactory(event_time=NOON)
    EventFactory(event_time=NOON, pixel_id=OTHER_PIXEL)

    assert measured(PIXEL_ID).total.events == 1
    assert measured().total.events == 2


def test_the_total_is_the_sum_of_the_names() -> None:
    EventFactory(event_time=NOON, met=True, event_name="Purchase")
    EventFactory(event_time=NOON, fired=True, event_name="Lead")

    found = measured()

    assert list(found.names) == ["Lead", "Purchase"]
    assert found.total == found.names["Lead"] + found.names["Purchase"]


def test_every_event_of_the_ledger_carries_its_event_id() -> None:
    counted(met=True)

    found = key("event_id")

    assert (found.browser, found.server, found.overlap, found.differ) == (1, 1, 1.0, 0)


@pytest.mark.parametrize(
    ("server", "browser", "equal", "differ"),
    [
        pytest.param("aa", "aa", 1, 0, id="same value"),
        pytest.param("aa", "bb", 0, 1, id="different values"),
        pytest.param("aa", "", 0, 0, id="server only"),
        pytest.param("", "bb", 0, 0, id="browser only"),
        pytest.param("", "", 0, 0, id="in neither, which is not a match"),
    ],
)
def test_keys_are_compared_by_value(server: str, browser: str, equal: int, differ: int) -> None:
    counted(met=True, server_external_id=server, browser_external_id=browser)

    found = key("external_id")

    assert (found.server, found.browser) == (bool(server), bool(browser))
    assert (found.equal, found.differ) == (equal, differ)


def test_a_key_of_a_copy_that_never_left_is_not_counted() -> None:
    counted(rejected=True, blocked=True, server_fbp="aa", browser_fbp="aa")

    found = key("fbp")

    assert (found.server, found.browser, found.equal) == (0, 0, 0)


def test_one_query_whatever_the_window_holds(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for name in ("Purchase", "Lead", "PageView", "Search"):
        EventFactory.create_batch(5, event_time=NOON, met=True, event_name=name)

    tallies.refresh()

    with django_assert_num_queries(1):
        measure(pixel_id=None, since=NOON)
