"""The shares of customer keys, and the figures by page and by browser, against counts in Python over random ledgers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries, Settings

from django_capi.ledger import retention, tallies
from django_capi.ledger.tallies import DAY, HOUR
from django_capi.meta.rules.about_person import TOO_BROAD
from django_capi.models import MATCH_KEYS, BrowserFamily, BrowserState, Count, Event, KeyTally, MatchKey, Status, Tally
from django_capi.reports import information, newest, places
from django_capi.reports.information import Carried, Information
from django_capi.reports.sums import Scope
from django_capi.reports.windows import Window, last_days
from tests.support.factories import PIXEL_ID, EventFactory, match_keys

pytestmark = pytest.mark.django_db

OTHER_PIXEL = "9876543210987654"
MIDNIGHT = 1_790_035_200  # of a day of UTC
SPAN = 4 * DAY
KEYS = ("em", "external_id", "fbp", "client_user_agent", "ct", "db", "madid")
REASONS = ("", "ph:phone_length", "ph:phone_length em:not_an_email", "xph:phone_length", "ph:phone_length_2")
PAGES = ("", "/", "/thanks/<pk>/")


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a random row says."""

    event_name: str
    pixel_id: str
    at: int
    status: Status
    browser_state: BrowserState
    keys: frozenset[str]
    left_out: str
    page: str
    family: BrowserFamily
    is_test: bool

    @property
    def event_time(self) -> int:
        return MIDNIGHT + self.at

    @property
    def is_weak(self) -> bool:
        return self.status is Status.REJECTED and bool(self.keys) and any(self.keys <= broad for broad in TOO_BROAD)

    def row(self) -> Event:
        event: Event = EventFactory.build(
            event_name=self.event_name,
            pixel_id=self.pixel_id,
            event_time=self.event_time,
            status=self.status,
            browser_state=self.browser_state,
            match_keys=match_keys(*self.keys),
            left_out=self.left_out,
            page=self.page,
            browser_family=self.family,
            test_event_code="TEST1" if self.is_test else "",
        )
        return event


CASES = st.builds(
    Case,
    event_name=st.sampled_from(["Purchase", "Lead"]),
    pixel_id=st.sampled_from([PIXEL_ID, OTHER_PIXEL]),
    at=st.integers(0, SPAN - 1),
    status=st.sampled_from([*Status, Status.ACCEPTED, Status.REJECTED]),
    browser_state=st.sampled_from(BrowserState),
    keys=st.frozensets(st.sampled_from(KEYS), max_size=3),
    left_out=st.sampled_from(REASONS),
    page=st.sampled_from(PAGES),
    family=st.sampled_from([BrowserFamily.UNKNOWN, BrowserFamily.CHROME]),
    is_test=st.booleans(),
)
SCOPES = st.builds(
    lambda since, until, pixel_id, event_name: Scope(
        window=Window(since=MIDNIGHT + since * HOUR, until=None if until is None else MIDNIGHT + until * HOUR),
        pixel_id=pixel_id,
        event_name=event_name,
    ),
    st.integers(0, 90),
    st.one_of(st.none(), st.integers(0, 96)),
    st.sampled_from([None, PIXEL_ID]),
    st.sampled_from([None, "Purchase"]),
)
random_ledgers = given(cases=st.lists(CASES, max_size=25), scope=SCOPES)
some = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def fill(cases: list[Case]) -> None:
    for model in (Event, Tally, KeyTally, Count):
        model.objects.all().delete()
    Event.objects.bulk_create([case.row() for case in cases])
    tallies.refresh()


def within(cases: Iterable[Case], scope: Scope, window: Window) -> list[Case]:
    """The cases that a figure is about."""
    return [
        case
        for case in cases
        if not case.is_test
        and case.event_time >= window.since
        and (window.until is None or case.event_time < window.until)
        and case.pixel_id == (scope.pixel_id or case.pixel_id)
        and case.event_name == (scope.event_name or case.event_name)
    ]


def by_hand(cases: Iterable[Case]) -> Carried:
    cases = list(cases)
    accepted = [case for case in cases if case.status is Status.ACCEPTED]
    return Carried(
        events=len(accepted),
        by_key={key: sum(key in case.keys for case in accepted) for key in MATCH_KEYS},
        weak=sum(case.is_weak for case in cases),
    )


@some
@given(cases=st.lists(CASES, max_size=25), scope=SCOPES, step=st.sampled_from([HOUR, DAY]))
def test_the_keys_are_those_of_the_accepted_events(cases: list[Case], scope: Scope, step: int) -> None:
    fill(cases)
    before = Window(since=scope.window.since - DAY, until=scope.window.since)

    found = information.information(scope, before, step)

    counted = within(cases, scope, scope.window)
    steps = {case.event_time - case.event_time % step for case in counted if case.status is Status.ACCEPTED}
    assert found.now == by_hand(counted)
    assert found.before == by_hand(within(cases, scope, before))
    assert {each.start: each.carried for each in found.steps} == {
        start: by_hand(case for case in counted if case.event_time - case.event_time % step == start) for start in steps
    }


@some
@given(cases=st.lists(CASES, max_size=25), key=st.sampled_from(KEYS))
def test_the_conditions_find_the_events_that_the_figures_count(cases: list[Case], key: str) -> None:
    fill(cases)

    def number(is_counted: Callable[[Case], bool]) -> int:
        return sum(map(is_counted, cases))

    assert Event.objects.filter(information.carries(key)).count() == number(lambda case: key in case.keys)
    assert Event.objects.filter(information.lacks(key)).count() == number(lambda case: key not in case.keys)
    assert Event.objects.filter(information.is_weak()).count() == number(lambda case: case.is_weak)
    for word in ("ph:phone_length", "em:not_an_email", "xph:phone_length"):
        expected = number(lambda case, word=word: word in case.left_out.split())  # type: ignore[misc]  # its default
        assert Event.objects.filter(information.has_left_out(word)).count() == expected


@some
@random_ledgers
def test_the_reasons_are_those_of_the_rows(cases: list[Case], scope: Scope) -> None:
    fill(cases)

    found = information.gaps(scope)

    counted = within(cases, scope, scope.window)
    assert found.words == Counter(word for case in counted for word in set(case.left_out.split()))
    assert (found.since, found.is_cut) == (scope.window.since, False)


@some
@random_ledgers
def test_pages_and_browsers_are_those_of_the_rows(cases: list[Case], scope: Scope) -> None:
    fill(cases)

    found = places.places(scope)

    counted = within(cases, scope, scope.window)
    assert {page: counts.events for page, counts in found.pages.items()} == Counter(case.page for case in counted)
    for family, counts in found.browsers.items():
        there = [case for case in counted if case.family is family]
        fired = {case for case in there if case.browser_state is BrowserState.FIRED}
        accepted = {case for case in there if case.status is Status.ACCEPTED}
        assert counts.events == len(there)
        assert counts.browser == sum(case in fired for case in there)
        assert counts.server == sum(case in accepted for case in there)
        assert counts.both == sum(case in fired and case in accepted for case in there)


@pytest.mark.parametrize(
    ("most", "expected"),
    [(5, (MIDNIGHT, False)), (4, (MIDNIGHT + 11, True)), (2, (MIDNIGHT + 31, True)), (1, (MIDNIGHT + 32, True))],
    ids=["all", "one too many", "two of one second at the edge", "none, as the last second has more"],
)
def test_only_whole_seconds_of_the_newest_events_count(most: int, expected: tuple[int, bool]) -> None:
    for at in (10, 20, 30, 31, 31):
        EventFactory(event_time=MIDNIGHT + at)

    assert newest.newest_since(Window(since=MIDNIGHT), most) == expected


def let_time_pass(by: timedelta = tallies.EVERY) -> None:
    """As if everything so far had happened earlier."""
    Count.objects.update(counted_at=F("counted_at") - by, took=0)  # a count of few events on a slow machine
    Tally.objects.update(counted_at=F("counted_at") - by)
    Event.objects.update(changed_at=F("changed_at") - by)


def week() -> Information:
    tallies.refresh()
    now = timezone.now()
    scope = Scope(window=last_days(30, now))
    return information.information(scope, scope.window.before(now), DAY)


def test_a_late_change_of_the_server_copy_is_counted() -> None:
    event = EventFactory(match_keys=match_keys("em"))
    assert week().now.events == 0
    let_time_pass()

    Event.objects.filter(pk=event.pk).update(status=Status.ACCEPTED, changed_at=timezone.now())

    found = week().now
    assert (found.events, found.by_key["em"], found.share("em")) == (1, 1, 1.0)


def test_what_is_pruned_stays_counted(settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "RETENTION_DAYS": 10}
    now = int(timezone.now().timestamp())
    for days in (1, 12, 12, 20):
        EventFactory(accepted=True, event_time=now - days * DAY, match_keys=match_keys("em", "fbp"))
    EventFactory(rejected=True, event_time=now - 12 * DAY, match_keys=match_keys("client_user_agent"))
    before = week()

    removed = retention.prune()

    let_time_pass(tallies.MARGIN)
    assert removed == 4
    assert (before.now.events, before.now.by_key["em"], before.now.weak) == (4, 4, 1)
    assert week() == before


def test_hours_that_an_earlier_release_counted_are_counted_again() -> None:
    EventFactory.create_batch(3, accepted=True)
    EventFactory(accepted=True, event_time=int(timezone.now().timestamp()) - 5 * DAY)
    before = week()
    let_time_pass(2 * tallies.MARGIN)
    KeyTally.objects.all().delete()

    migration = import_module("django_capi.migrations.0014_customer_information")
    migration.count_again(apps, SimpleNamespace(connection=connection))

    assert before.now.events == 4
    assert week() == before


def test_an_hour_whose_tallies_of_keys_are_wrong_is_corrected_by_the_check() -> None:
    EventFactory(accepted=True)
    before = week()
    KeyTally.objects.update(events=7)
    let_time_pass(2 * tallies.MARGIN)

    assert week() == before


def test_a_change_needs_enough_events_in_both_windows() -> None:
    def carried(events: int, em: int) -> Carried:
        return Carried(events=events, by_key={"em": em}, weak=0)

    assert Information(now=carried(20, 10), before=carried(20, 5), steps=()).change("em") == 0.25
    assert Information(now=carried(20, 10), before=carried(19, 5), steps=()).change("em") is None
    assert Information(now=carried(0, 0), before=carried(40, 5), steps=()).change("em") is None


def test_every_match_key_has_a_bit_of_the_masks() -> None:
    assert [information.mask_of([key]) for key in MATCH_KEYS] == [MatchKey[key].value for key in MATCH_KEYS]
    assert information.mask_of(["ctwa_clid"]) == 0


def test_the_reports_need_a_fixed_number_of_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for name in ("Purchase", "Lead", "PageView", "Search"):
        EventFactory.create_batch(5, event_time=MIDNIGHT, met=True, event_name=name, page=f"/{name}/")
    tallies.refresh()
    scope = Scope(window=Window(since=MIDNIGHT))

    with django_assert_num_queries(2):
        information.information(scope, Window(since=MIDNIGHT - DAY, until=MIDNIGHT), DAY)
    with django_assert_num_queries(2):
        information.gaps(scope)
    with django_assert_num_queries(2):
        places.places(scope)
