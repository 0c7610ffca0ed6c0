"""What went wrong in the week, so that each page of the admin has something to explain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F

from django_capi.conf import conf
from django_capi.database.alias import using
from django_capi.ledger import expiry, receipts, withdrawal
from django_capi.ledger.receipts import Receipt
from django_capi.ledger.store import DUPLICATE_WINDOW
from django_capi.meta import cookies
from django_capi.models import BrowserState, Event, ForeignPixel, Origin, Rank, Status
from django_capi.reports.outcomes import Outcome, condition
from example_project.demo.week.delivery import FAILING, STOPS, WORKER_STOPPED
from example_project.demo.week.planned import Ending, Planned, planned, random_id, report
from example_project.demo.week.visits import Week, basket, buy, visit

OTHER_PIXEL: Final = "9876543210987654"  # of an agency's tag that is still on the page
TEST_CODE: Final = "TEST48213"


def incidents(week: Week) -> None:
    """Add the events of all incidents."""
    for add in (
        visits_in_stops,
        refused,
        lost,
        expired,
        withdrawn,
        in_doubt,
        two_ids,
        two_names,
        waiting,
        in_test_mode,
        restored,
        no_longer_tracked,
    ):
        week.planned.extend(add(week))


def visits_in_stops(week: Week) -> Iterator[Planned]:
    """Visitors who came just while nothing was delivered."""
    for stop in STOPS:
        start = week.now - stop.before - timedelta(seconds=60)
        yield from visit(week, week.visitor_at(start), start)
        yield page_view(week, week.now - stop.before + timedelta(seconds=1))


def page_view(week: Week, at: datetime) -> Planned:
    made = planned("PageView", week.visitor_at(at).visitor, at, event_id=random_id(week.chance))
    report(made.row, BrowserState.FIRED, week.chance)
    return made


def refused(week: Week) -> Iterator[Planned]:
    """Events without a currency, which this app does not send, and a malformed click id, which Meta refuses."""
    states = (BrowserState.FIRED, BrowserState.FIRED, BrowserState.BLOCKED, BrowserState.NONE)
    for number, state in enumerate(states):
        at = week.now - timedelta(hours=20 + 9 * number)
        product = week.products[number]
        made = planned(
            "AddToCart",
            week.visitor_at(at).visitor,
            at,
            event_id=random_id(week.chance),
            path=product.get_absolute_url(),
            data={**basket(product, 1), "currency": None},
            origin=Origin.TRACK,
        )
        if state:
            report(made.row, state, week.chance)
        yield made
    for number in (1, 2):
        at = week.now - timedelta(hours=14 * number)
        made = planned("ViewContent", week.visitor_at(at).visitor, at, event_id=random_id(week.chance))
        made.ending, made.subcode = Ending.REFUSED, 2804001
        report(made.row, BrowserState.FIRED, week.chance)
        yield made


def lost(week: Week) -> Iterator[Planned]:
    """A Purchase that neither channel brought to Meta: its server copy was refused, its browser's pixel blocked."""
    at = week.now - timedelta(days=1, hours=9)
    buyer = replace(week.visitor_at(at), is_blocked=True, has_left=False)
    made = buy(week, buyer, week.products[0], 3, at)
    if not made.row.browser_state:
        report(made.row, BrowserState.BLOCKED, week.chance)
    made.ending, made.subcode = Ending.REFUSED, 2804019
    yield made


def expired(week: Week) -> Iterator[Planned]:
    """A late report that ran out while the worker was stopped, and an event at which Meta's servers failed."""
    stopped_at = week.now - WORKER_STOPPED.before
    at = stopped_at - timedelta(hours=44)
    late = planned(
        "ViewContent", week.visitor_at(at).visitor, at, event_id=random_id(week.chance), origin=Origin.BROWSER
    )
    report(late.row, BrowserState.FIRED, week.chance)
    late.row.created_at = late.row.due_at = stopped_at + timedelta(minutes=20)
    late.ending = Ending.NOT_SENT
    yield late
    at = week.now - FAILING.before
    failing = planned("Search", week.visitor_at(at).visitor, at, event_id=random_id(week.chance), path="/search/")
    failing.row.rank, failing.row.attempts, failing.ending = Rank.QUARANTINE, 46, Ending.NOT_SENT
    failing.row.deadline = at + timedelta(hours=47)
    yield failing


def withdrawn(week: Week) -> Iterator[Planned]:
    """A visitor who withdrew consent a moment after giving it."""
    at = week.now - timedelta(days=3, hours=8)
    visitor = week.visitor_at(at).visitor
    for number, state in enumerate((BrowserState.FIRED, BrowserState.FIRED, BrowserState.NONE)):
        moment = at + timedelta(seconds=8 * number)
        made = planned("PageView", visitor, moment, event_id=random_id(week.chance), is_withdrawn=True)
        if state:
            report(made.row, state, week.chance)
        yield made
    withdrawal.withdraw(fbps=[str(visitor.fbp)])


def in_doubt(week: Week) -> Iterator[Planned]:
    """Events whose answer never came."""
    for hours, state in ((26, BrowserState.FIRED), (44, BrowserState.NONE)):
        at = week.now - timedelta(hours=hours)
        data = basket(week.products[5], 1)
        made = planned(
            "InitiateCheckout",
            week.visitor_at(at).visitor,
            at,
            event_id=random_id(week.chance),
            path="/checkout/",
            data=data,
        )
        made.ending = Ending.IN_DOUBT
        if state:
            report(made.row, state, week.chance)
        yield made


def two_ids(week: Week) -> Iterator[Planned]:
    """One registration with two ids: that of the view, and one that a script of the page has made."""
    for hours, ending in ((33, Ending.ACCEPTED), (57, Ending.IN_DOUBT)):
        at = week.now - timedelta(hours=hours)
        visitor = week.visitor_at(at).visitor
        name, path = "CompleteRegistration", "/register/"
        yield planned(name, visitor, at, event_id=random_id(week.chance), path=path, origin=Origin.TRACK)
        at += timedelta(seconds=3)
        twin = planned(name, visitor, at, event_id=random_id(week.chance), path=path, origin=Origin.BROWSER)
        report(twin.row, BrowserState.FIRED, week.chance)
        twin.ending = ending
        yield twin


def two_names(week: Week) -> Iterator[Planned]:
    """One message with one id under two names, after the tag of the page was renamed."""
    at = week.now - timedelta(hours=37)
    visitor, event_id = week.visitor_at(at).visitor, random_id(week.chance)
    yield planned("Contact", visitor, at, event_id=event_id, path="/contact/", origin=Origin.TRACK)
    renamed = planned("Lead", visitor, at, event_id=event_id, path="/contact/", origin=Origin.BROWSER)
    report(renamed.row, BrowserState.FIRED, week.chance)
    yield renamed


def waiting(week: Week) -> Iterator[Planned]:
    """Events at which Meta's servers fail; they are sent again, each alone, within the hour."""
    for minutes, state in ((95, BrowserState.FIRED), (130, BrowserState.NONE)):
        at = week.now - timedelta(minutes=minutes)
        made = planned("Search", week.visitor_at(at).visitor, at, event_id=random_id(week.chance), path="/search/")
        if state:
            report(made.row, state, week.chance)
        made.row.rank, made.row.attempts, made.ending = Rank.QUARANTINE, 2, Ending.NOT_SENT
        made.row.due_at = week.now + timedelta(minutes=45)
        yield made


def in_test_mode(week: Week) -> Iterator[Planned]:
    """What staff did in test mode, which no figure counts."""
    at = week.now - timedelta(minutes=40)
    visitor = replace(week.visitor_at(at).visitor, test_event_code=TEST_CODE)
    for number, (event_name, state) in enumerate(
        (("PageView", BrowserState.FIRED), ("ViewContent", BrowserState.FIRED), ("Lead", BrowserState.NONE))
    ):
        moment = at + timedelta(seconds=12 * number)
        made = planned(event_name, visitor, moment, event_id=random_id(week.chance))
        if state:
            report(made.row, state, week.chance)
        yield made


def restored(week: Week) -> Iterator[Planned]:
    """A page that was closed at once and restored with the browser's tabs three days later, when its pixel fired."""
    at = week.now - timedelta(days=5, hours=2)
    made = page_view(week, at)
    made.row.browser_at = at + timedelta(days=3)
    made.row.deadline = made.row.browser_at + DUPLICATE_WINDOW
    yield made


def no_longer_tracked(week: Week) -> Iterator[Planned]:
    """The page of the shop's places, which lost its event when it was rebuilt, before the week began."""
    for days in (9, 11, 12):
        at = week.now - timedelta(days=days)
        visitor, event_id = week.visitor_at(at).visitor, random_id(week.chance)
        made = planned("FindLocation", visitor, at, event_id=event_id, path="/places/", origin=Origin.TRACK)
        report(made.row, BrowserState.FIRED, week.chance)
        yield made


def after_the_insert(week: Week) -> None:
    """What the app does with rows that are stored: expire them, and record the reports of other visitors."""
    expiry.expire()
    Event.objects.using(using()).filter(status=Status.EXPIRED).update(finished_at=F("deadline"))
    share_an_id(week)
    find_other_pixels(week)
    keep_an_old_price(week)


def share_an_id(week: Week) -> None:
    """A proxy stored one page with its event id for all visitors."""
    seen = (each.row for each in week.planned if each.row.event_name == "ViewContent" and is_counted_pair(each.row))
    page = min(seen, key=lambda row: row.event_id)
    receipt = Receipt(
        event_name=page.event_name, event_id=page.event_id, pixel_ids=(page.pixel_id,), state=BrowserState.FIRED
    )
    for number in range(1, 5):
        made = int((week.now - timedelta(days=number)).timestamp() * 1000)
        receipts.record([receipt], fbp=cookies.make_fbp(now_ms=made, random_number=number, index=2))


def is_counted_pair(row: Event) -> bool:
    return (row.status, row.browser_state, row.test_event_code) == (Status.ACCEPTED, BrowserState.FIRED, "")


def keep_an_old_price(week: Week) -> None:
    """A page that was open since before a discount told the pixel the price that it showed."""
    carts = [each.row.event_id for each in week.planned if each.row.event_name == "AddToCart"]
    rows = Event.objects.using(using()).filter(condition(Outcome.MET), event_id__in=carts, browser_value__isnull=False)
    rows.filter(event_id=min(rows.values_list("event_id", flat=True))).update(browser_value=F("value") + 2)


def find_other_pixels(week: Week) -> None:
    """An agency's old tag on two pages."""
    [pixel, *_] = conf.pixels().values()
    for path, days, count in (("/", 6, 212), ("/about/", 5, 9)):
        ForeignPixel.objects.using(using()).create(
            pixel_id=pixel.pixel_id,
            other_id=OTHER_PIXEL,
            path=path,
            first_seen_at=week.now - timedelta(days=days),
            last_seen_at=week.now - timedelta(hours=days),
            count=count,
        )
