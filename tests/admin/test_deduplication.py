from __future__ import annotations

import re
from copy import copy
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client, override_settings
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries, Settings

from django_capi.admin import paging, wording
from django_capi.ledger import tallies
from django_capi.ledger.untracked import UntrackedKind, add
from django_capi.models import BrowserFamily, ConversionMark, ConversionState, Count, Event, NotSent, Span
from django_capi.reports import evidence, pair_gaps, places
from tests.admin.conftest import Staff
from tests.support.factories import PIXEL_ID, ConversionMarkFactory, EventFactory, LaneFactory

pytestmark = pytest.mark.django_db

PAGE = reverse("admin:django_capi_deduplication_changelist")
OTHER_PIXEL = "9876543210987654"
HOSTILE = "<script>alert(1)</script>"
TWO_PIXELS = {"PIXELS": {"main": {"PIXEL_ID": PIXEL_ID}, "eu": {"PIXEL_ID": OTHER_PIXEL}}}


def text(client: Client, **query: str) -> str:
    return client.get(PAGE, query).content.decode()


def days_ago(days: int) -> int:
    return int((timezone.now() - timedelta(days=days, hours=1)).timestamp())


def test_events_whose_copies_all_met_overlap_completely(admin_client: Client) -> None:
    EventFactory.create_batch(20, met=True)

    page = text(admin_client)

    assert re.search(r'data-event="Purchase".*?data-overlap="1\.0000".*?data-coverage="1\.0000"', page, re.DOTALL)
    assert "100%" in page
    assert "Good" in page


def test_a_missing_counterpart_lowers_the_shares(admin_client: Client) -> None:
    EventFactory.create_batch(12, met=True)
    EventFactory.create_batch(12, fired=True, rejected=True)
    EventFactory.create_batch(12, accepted=True, blocked=True)

    context = admin_client.get(PAGE).context

    row = context["rows"][0]
    assert (row.overlap.share, row.coverage.share) == ("0.5000", "0.5000")
    assert (row.browser.count, row.server.count) == ("24", "24")
    assert [link.count for link in row.outcomes] == ["12", "12", "12", "0", "0"]


def test_a_few_events_are_not_judged(admin_client: Client) -> None:
    EventFactory.create_batch(7, met=True)

    page = text(admin_client)

    assert "Too few events to judge (n=7)" in page
    assert "Poor" not in page


def test_several_names_have_a_row_each_and_one_for_all(admin_client: Client) -> None:
    EventFactory.create_batch(2, met=True, event_name="PageView")
    EventFactory(met=True, event_name="Lead")

    rows = admin_client.get(PAGE).context["rows"]

    assert [(row.name, row.both) for row in rows] == [("PageView", "2"), ("Lead", "1"), ("", "3")]


@pytest.mark.parametrize(
    ("days", "both"), [("1", "1"), ("7", "2"), ("30", "3"), ("", "2"), ("8", "2"), ("x", "2")],
    ids=["a day", "a week", "a month", "no window", "no such window", "nonsense"],
)  # fmt: skip
def test_the_window_can_be_chosen(days: str, both: str, admin_client: Client) -> None:
    EventFactory(met=True)
    EventFactory(met=True, event_time=days_ago(5))
    EventFactory(met=True, event_time=days_ago(20))

    assert admin_client.get(PAGE, {"days": days}).context["rows"][0].both == both


@override_settings(CAPI=TWO_PIXELS)
def test_the_pixel_can_be_chosen_where_there_are_several(admin_client: Client) -> None:
    EventFactory(met=True)
    EventFactory.create_batch(2, met=True, pixel_id=OTHER_PIXEL)

    contexts = [admin_client.get(PAGE, {"pixel": pixel}).context for pixel in ("", OTHER_PIXEL, "12", HOSTILE)]

    assert [context["rows"][0].both for context in contexts] == ["3", "2", "3", "3"]
    assert [str(choice.label) for choice in contexts[1]["pixels"] if choice.is_current] == ["eu"]
    assert "counted once for each of them" in text(admin_client)
    assert "counted once for each of them" not in text(admin_client, pixel=OTHER_PIXEL)


def test_a_single_pixel_offers_no_choice_and_links_its_dataset(admin_client: Client) -> None:
    page = text(admin_client)

    assert 'aria-label="Pixel"' not in page
    assert f"https://business.facebook.com/events_manager2/list/dataset/{PIXEL_ID}" in page


@pytest.mark.parametrize(
    ("made", "title"),
    [
        pytest.param([], "No events yet.", id="new"),
        pytest.param([{"met": True, "event_time": days_ago(20)}], "No events in this window.", id="quiet"),
        pytest.param([{"accepted": True}], "We have sends but no browser receipts.", id="no receipts"),
        pytest.param(
            [{"accepted": True, "blocked": True}], "Pages report, but Meta&#x27;s pixel never ran.", id="all blocked"
        ),
        pytest.param([{"fired": True}], "Events wait to be sent, but no worker has ever run.", id="no worker"),
        pytest.param(
            [{"fired": True, "rejected": True}],
            "Browsers report events, but Meta has accepted no server copy.",
            id="all rejected",
        ),
        pytest.param(
            [{"rejected": True}], "Events are stored, but no copy of any has reached Meta.", id="nothing arrived"
        ),
        pytest.param([{"met": True, "test_event_code": "TEST1"}], "There are only test events", id="only test events"),
    ],
)
def test_an_empty_page_says_what_to_do(made: list[dict[str, object]], title: str, admin_client: Client) -> None:
    for event in made:
        EventFactory(**event)

    assert title in text(admin_client)


@override_settings(CAPI={})
def test_a_site_without_a_pixel_is_told_to_configure_one(admin_client: Client) -> None:
    assert "No pixel is configured yet." in text(admin_client)


def test_a_worker_that_has_run_is_asked_about_its_token(admin_client: Client) -> None:
    EventFactory()
    LaneFactory(seen_at=timezone.now())

    assert "Events wait to be sent, and Meta has accepted none." in text(admin_client)


def test_a_site_without_a_consent_policy_is_told_so(admin_client: Client, settings: Settings) -> None:
    settings.CAPI = {"PIXEL_ID": PIXEL_ID}

    assert "No consent policy is configured" in text(admin_client)


def test_a_script_that_was_not_collected_is_named(admin_client: Client, settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = str(tmp_path)
    before = text(admin_client)
    script = tmp_path / "django_capi" / "pixel.js"
    script.parent.mkdir()
    script.touch()

    assert "Run manage.py collectstatic" in before
    assert "Run manage.py collectstatic" not in text(admin_client)


def test_a_sender_that_sends_nothing_is_named(admin_client: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "SENDER": "console"}
    EventFactory(met=True)

    assert "nothing is sent to Meta" in text(admin_client)


def test_events_lost_by_both_channels_are_said_first_and_nothing_is_good(admin_client: Client) -> None:
    EventFactory.create_batch(20, met=True)
    EventFactory.create_batch(6, rejected=True)
    EventFactory.create_batch(7, expired=True, blocked=True)

    response = admin_client.get(PAGE)

    page = response.content.decode()
    assert "13 events reached Meta by neither channel, as far as this site knows." in page
    assert "Good" not in page
    assert "capi-fill-good" not in page
    assert not re.search(r"capi-good.*?Met", page)
    assert "Events lost" in page
    assert "Met, but events are lost" in page
    assert [str(reason.title) for reason in response.context["reasons"]] == [
        "The server copy expired: Not delivered before its deadline.",
        "The server copy was rejected: Meta refuses the currency.",
    ]


def test_withdrawn_events_are_not_lost(admin_client: Client) -> None:
    EventFactory.create_batch(20, met=True)
    EventFactory(withdrawn=True)

    page = text(admin_client)

    assert "by neither channel" not in page
    assert "Good" in page


def test_the_table_says_which_events_the_banner_does_not_count(admin_client: Client) -> None:
    EventFactory.create_batch(3, rejected=True)
    EventFactory.create_batch(2, withdrawn=True)
    EventFactory(withdrawn=True, fired=True)

    context = admin_client.get(PAGE).context

    [[lost]] = context["losses"]
    row = context["meeting"].rows[3]
    assert (row.link.count, linked(admin_client, lost.url)) == ("5", 3)
    [withdrawn] = row.parts
    assert withdrawn.text == "Of these, 2 were withdrawn, which is no loss."
    assert linked(admin_client, withdrawn.url) == 2


def test_events_in_doubt_are_told_apart_from_those_that_are_lost(admin_client: Client) -> None:
    EventFactory.create_batch(3, rejected=True)
    EventFactory.create_batch(2, in_doubt=True)
    EventFactory(in_doubt=True, fired=True)

    context = admin_client.get(PAGE).context

    [[lost, in_doubt]] = context["losses"]
    row = context["meeting"].rows[3]
    assert (lost.text, linked(admin_client, lost.url)) == (
        "5 events reached Meta by neither channel, as far as this site knows.",
        5,
    )
    assert (in_doubt.text, linked(admin_client, in_doubt.url)) == ("Of these, 2 are in doubt.", 2)
    assert (row.link.count, row.parts) == ("5", (in_doubt,))
    assert sum(int(each.link.count) for each in context["meeting"].rows) == 6


def test_a_withdrawn_event_may_have_been_withdrawn_by_staff(admin_client: Client) -> None:
    EventFactory(withdrawn=True)

    [reason] = admin_client.get(PAGE).context["reasons"]

    assert str(reason.title) == "Withdrawn before sending"
    assert reason.meaning.startswith("The visitor withdrew consent, or staff withdrew the event.")


def test_the_revenue_that_only_the_server_reported_is_the_first_number(admin_client: Client) -> None:
    EventFactory(accepted=True, value=Decimal("1234.50"), currency="EUR")
    EventFactory(met=True, value=Decimal(10), currency="EUR")
    EventFactory(accepted=True, event_name="AddToCart", value=Decimal(99), currency="EUR")

    tile = admin_client.get(PAGE).context["tiles"][0]

    assert str(tile.label) == "Revenue Meta knows only from the server"
    assert tile.value == "1,234.50 EUR"
    assert tile.note == "of 1,244.50\u00a0EUR in Purchase events"
    assert [event.value for event in admin_client.get(tile.url).context["cl"].result_list] == [Decimal("1234.50")]


@pytest.mark.parametrize(
    ("fired", "note"),
    [
        (0, "accepted by Meta, 1 waiting"),
        (2, "accepted by Meta, 1 waiting; 1.50 for each browser event, goal: at least 1"),
    ],
    ids=["no browser event", "two browser events"],
)
def test_server_events_are_compared_with_those_of_the_browser(fired: int, note: str, admin_client: Client) -> None:
    EventFactory.create_batch(3, accepted=True)
    EventFactory.create_batch(fired, rejected=True, fired=True)
    EventFactory()

    tile = admin_client.get(PAGE).context["tiles"][-1]

    assert (str(tile.label), tile.value, tile.note) == ("Server events", "3", note)


def test_each_currency_has_its_own_sums(admin_client: Client) -> None:
    EventFactory(accepted=True, value=Decimal(10), currency="EUR")
    EventFactory(rejected=True, value=Decimal(500), currency="JPY")

    meeting = admin_client.get(PAGE).context["meeting"]

    assert meeting.currencies == ("EUR", "JPY")
    assert [tuple(link.count for link in row.money) for row in meeting.rows] == [
        ("0.00\u00a0EUR", "0\u00a0JPY"),
        ("10.00\u00a0EUR", "0\u00a0JPY"),
        ("0.00\u00a0EUR", "0\u00a0JPY"),
        ("0.00\u00a0EUR", "500\u00a0JPY"),
        ("0.00\u00a0EUR", "0\u00a0JPY"),
    ]
    assert tuple(link.count for link in meeting.total.money) == ("10.00\u00a0EUR", "500\u00a0JPY")


ONE_OF_EACH: list[dict[str, object]] = [
    {"met": True},
    {"accepted": True},
    {"accepted": True, "blocked": True, "shared_id": True},
    {"fired": True, "rejected": True},
    {"fired": True, "expired": True},
    {"rejected": True},
    {"in_doubt": True, "blocked": True},
    {"withdrawn": True},
    {},
    {"fired": True},
    {"met": True, "browser_at": timezone.now() - timedelta(days=30)},
]


def linked(client: Client, url: str) -> int:
    """How many events the address lists."""
    response = client.get(url)
    assert response.status_code == 200
    return len(response.context["cl"].result_list)


@override_settings(CAPI=TWO_PIXELS)
@pytest.mark.parametrize(
    "query",
    [{}, {"event": "Lead"}, {"pixel": PIXEL_ID}, {"from": "today", "to": "today"}],
    ids=["a week", "one event", "one pixel", "today"],
)
def test_every_figure_leads_to_exactly_its_events(query: dict[str, str], admin_client: Client) -> None:
    today = timezone.localdate().isoformat()
    noon = int(timezone.make_aware(datetime.combine(timezone.localdate(), time(12))).timestamp())
    for place, made in enumerate(ONE_OF_EACH):
        where = {"page": ("", "/", "/thanks/<pk>/")[place % 3], "browser_family": BrowserFamily(place % 4)}
        EventFactory.create_batch(1 + place % 2, event_time=noon, **where, **made)
        EventFactory(event_time=noon, event_name="Lead", pixel_id=OTHER_PIXEL, **made)
        EventFactory(event_time=noon, test_event_code="TEST1", **made)
        EventFactory(event_time=days_ago(9), **made)
        EventFactory(event_time=days_ago(3), **made)

    context = admin_client.get(PAGE, {key: value.replace("today", today) for key, value in query.items()}).context

    links = [
        *((row.link.count, row.link.url) for row in (*context["meeting"].rows, context["meeting"].total)),
        *((link.count, link.url) for row in context["rows"] for link in (row.browser, row.server, *row.outcomes)),
        *((link.count, link.url) for step in context["timeline"].steps for link in step.outcomes),
        *((tile.value, tile.url) for tile in context["tiles"]),
        *((reason.count, reason.url) for reason in context["reasons"]),
        (context["pair_gaps"].far_apart.count, context["pair_gaps"].far_apart.url),
        *(
            (link.count, link.url)
            for row in (*context["places"].pages, *context["places"].browsers)
            for link in (row.events, *row.outcomes)
        ),
    ]
    followed = [(count, url) for count, url in links if url]
    assert len(followed) > 20
    assert [str(linked(admin_client, url)) for _, url in followed] == [count for count, _ in followed]


def test_each_page_and_browser_says_how_far_the_copies_met(admin_client: Client) -> None:
    EventFactory.create_batch(3, met=True, page="/thanks/<pk>/", browser_family=BrowserFamily.SAFARI)
    EventFactory(accepted=True, page="/thanks/<pk>/", browser_family=BrowserFamily.FIREFOX)
    EventFactory(rejected=True, browser_family=BrowserFamily.FIREFOX)

    response = admin_client.get(PAGE)

    found = response.context["places"]
    assert [(str(row.name), row.events.count, *(link.count for link in row.outcomes)) for row in found.pages] == [
        ("/thanks/<pk>/", "4", "3", "1", "0", "0", "0"),
        ("not known", "1", "0", "0", "0", "1", "0"),
    ]
    assert [(str(row.name), row.events.count) for row in found.browsers] == [("Safari", "3"), ("Firefox", "2")]
    page = response.content.decode()
    assert "/thanks/&lt;pk&gt;/" in page
    assert "By page and by browser, all events of the window are counted." in page


def test_pages_and_browsers_of_the_newest_events_only_are_said_to_be_so(admin_client: Client) -> None:
    rows = [EventFactory.build(met=True, page="/cart/", event_time=days_ago(1) - number) for number in range(3)]
    more = [copy(rows[0]) for _ in range(places.MOST_EVENTS)]
    for number, row in enumerate(more):
        row.event_id, row.event_time = f"copy-{number}", days_ago(1) + 1 + number % 2
    Event.objects.bulk_create([*rows, *more])

    response = admin_client.get(PAGE)

    row = response.context["places"].pages[0]
    assert row.events.count == "1,500"
    assert admin_client.get(row.events.url).context["cl"].result_count == 1500
    assert "only the newest 1,500 events of the window are counted: those since" in response.content.decode()


def pair(apart: timedelta, **made: object) -> Event:
    """An event whose second copy has just come, this long after that of the browser; if negative, of the server."""
    second = timezone.now()
    first = second - abs(apart)
    browser_at, finished_at = (second, first) if apart < timedelta(0) else (first, second)
    fields: dict[str, object] = {"event_time": int(first.timestamp()) - 1, **made}
    event: Event = EventFactory(met=True, finished_at=finished_at, browser_at=browser_at, **fields)
    return event


def test_the_time_between_the_two_copies_is_told_with_the_pairs_that_are_too_far_apart(admin_client: Client) -> None:
    for _ in range(10):
        pair(timedelta(seconds=1.5))
    pair(timedelta(hours=5, minutes=1))
    far = {pair(timedelta(hours=49)).pk, pair(timedelta(hours=-49)).pk}
    pair(timedelta(hours=49), event_name="Lead", test_event_code="TEST1")
    EventFactory(rejected=True, fired=True, browser_at=timezone.now() - timedelta(days=3))
    tallies.refresh()

    response = admin_client.get(PAGE)

    found = response.context["pair_gaps"]
    assert (found.pairs, found.median, found.slowest) == ("13", "1.50 s", "3 days")
    assert found.far_apart.count == "2"
    assert set(admin_client.get(found.far_apart.url).context["cl"].queryset.values_list("pk", flat=True)) == far
    page = response.content.decode()
    assert "All events of the window are read." in page
    assert "Open these events: the page of each says which copy was late" in page


def test_pairs_that_meta_can_deduplicate_ask_for_nothing(admin_client: Client) -> None:
    pair(timedelta(hours=5, minutes=1))

    response = admin_client.get(PAGE)

    found = response.context["pair_gaps"]
    assert (found.median, found.far_apart.count, found.far_apart.url) == ("6 hours", "0", "")
    assert "Open these events" not in response.content.decode()


def test_without_a_pair_no_time_is_told(admin_client: Client) -> None:
    EventFactory(accepted=True)

    page = text(admin_client)

    assert "None of these events has both copies yet." in page
    assert "Half of the pairs within" not in page


def test_pairs_of_the_newest_events_only_are_said_to_be_so(admin_client: Client) -> None:
    first = pair(timedelta(days=3), event_time=days_ago(4))
    more = [copy(first) for _ in range(pair_gaps.MOST_EVENTS)]
    for number, row in enumerate(more):
        row.pk, row.event_id, row.event_time = None, f"copy-{number}", days_ago(4) + 1
    Event.objects.bulk_create(more)

    response = admin_client.get(PAGE)

    found = response.context["pair_gaps"]
    assert (found.pairs, found.far_apart.count) == ("500", "501")
    assert admin_client.get(found.far_apart.url).context["cl"].result_count == 501
    assert "The times are from the newest 500 events of the window, those since" in response.content.decode()


def test_a_late_copy_is_found_among_any_number_of_newer_events(admin_client: Client) -> None:
    """Whether a copy is late shows after two days only, when a busy site has thousands of newer events."""
    late = pair(timedelta(hours=50))
    prompt = EventFactory.build(accepted=True, event_time=days_ago(1))
    more = [copy(prompt) for _ in range(paging.SEARCHED + 1)]
    for number, row in enumerate(more):
        row.event_id, row.event_time = f"copy-{number}", days_ago(1) + number % 60
    Event.objects.bulk_create(more)

    page = admin_client.get(PAGE)

    found = page.context["pair_gaps"]
    assert (found.pairs, found.median, found.far_apart.count) == ("0", "—", "1")
    listed = admin_client.get(found.far_apart.url).context["cl"].queryset
    assert list(listed.values_list("pk", flat=True)) == [late.pk]


def test_conversions_that_were_not_sent_are_reasons_too(admin_client: Client) -> None:
    EventFactory(met=True)
    for reason in (NotSent.DENIED, NotSent.DENIED, NotSent.EXCLUDED):
        ConversionMarkFactory(state=ConversionState.NOT_SENT, reason=reason, event_id="")
    old = timezone.now() - timedelta(days=20)
    ConversionMarkFactory(state=ConversionState.NOT_SENT, reason=NotSent.DENIED, event_id="", happened_at=old)

    found = admin_client.get(PAGE).context["reasons"]

    assert [(str(reason.title), reason.count) for reason in found] == [
        ("the customer declined", "2"),
        ("it came from a crawler or an excluded request", "1"),
    ]
    assert linked(admin_client, found[0].url) == 2


@override_settings(CAPI=TWO_PIXELS)
@pytest.mark.parametrize(
    "query",
    [{"days": "1"}, {"days": "30"}, {"days": "30", "event": "Lead"}, {"from": "2026-09-22", "to": "2026-09-22"}],
    ids=["a day", "a month", "one event", "two dates"],
)
def test_the_count_of_conversions_that_were_not_sent_leads_to_exactly_these(
    query: dict[str, str], admin_client: Client
) -> None:
    refused = {"state": ConversionState.NOT_SENT, "reason": NotSent.DENIED, "event_id": ""}
    for place, days in enumerate((0, 5, 20, 40)):
        ConversionMarkFactory.create_batch(place + 1, happened_at=timezone.now() - timedelta(days=days), **refused)
        ConversionMarkFactory(event_name="Lead", happened_at=timezone.now() - timedelta(days=days), **refused)
    ConversionMarkFactory(happened_at=timezone.make_aware(datetime(2026, 9, 22, 23, 30)), **refused)

    found = admin_client.get(PAGE, query).context["reasons"]

    assert found
    assert [str(linked(admin_client, reason.url)) for reason in found] == [reason.count for reason in found]


def not_sent(reason: NotSent, number: int = 1, **values: Any) -> None:
    ConversionMarkFactory.create_batch(number, state=ConversionState.NOT_SENT, reason=reason, event_id="", **values)


def test_conversions_that_were_lost_are_said_first_and_nothing_is_good(admin_client: Client) -> None:
    EventFactory.create_batch(20, met=True, page="/thanks/", server_external_id="aa", browser_external_id="aa")
    not_sent(NotSent.TOO_OLD, 2)
    not_sent(NotSent.NO_PIXEL)
    not_sent(NotSent.DENIED)
    not_sent(NotSent.TOO_OLD, happened_at=timezone.now() - timedelta(days=20))

    response = admin_client.get(PAGE)

    [[sentence]] = response.context["losses"]
    page = response.content.decode()
    assert sentence.text == ("3 conversions were never sent: they were found too late for Meta, or belong to no pixel.")
    assert sentence.text in page
    assert linked(admin_client, sentence.url) == 3
    assert "Good" not in page
    assert "capi-fill-good" not in page
    assert not re.search(r"capi-good.*?Met", page)
    assert [(str(reason.title), reason.tone, reason.count) for reason in response.context["reasons"]] == [
        ("it was found too late for Meta", "poor", "2"),
        ("it belongs to no pixel", "poor", "1"),
        ("the customer declined", "quiet", "1"),
    ]


@pytest.mark.parametrize("reason", [NotSent.DENIED, NotSent.WITHDRAWN, NotSent.EXCLUDED, NotSent.BEFORE])
def test_conversions_that_were_not_meant_to_be_sent_are_not_lost(reason: NotSent, admin_client: Client) -> None:
    EventFactory.create_batch(20, met=True)
    not_sent(reason)

    response = admin_client.get(PAGE)

    assert response.context["losses"] == []
    assert "Good" in response.content.decode()


def test_lost_conversions_of_another_event_leave_a_name_good(admin_client: Client) -> None:
    EventFactory.create_batch(20, met=True)
    EventFactory.create_batch(20, met=True, event_name="Lead")
    not_sent(NotSent.TOO_OLD, event_name="Lead")

    grades = {row.name: "Good" in row.overlap.pill for row in admin_client.get(PAGE).context["rows"]}
    of_purchases = admin_client.get(PAGE, {"event": "Purchase"}).context

    assert grades == {"Purchase": True, "Lead": False, "": False}
    assert of_purchases["losses"] == []


@pytest.mark.parametrize(
    "page", ["deduplication", "overview", "datafreshness", "customerinformation"], ids=lambda name: name
)
def test_a_ledger_with_lost_conversions_only_is_not_empty(page: str, admin_client: Client) -> None:
    not_sent(NotSent.TOO_OLD)

    found = admin_client.get(reverse(f"admin:django_capi_{page}_changelist")).content.decode()

    assert "No events yet." not in found
    assert ("1 conversion was never sent" in found) is (page in ("deduplication", "overview"))
    assert ("Meta has accepted no event of this window" in found) is (page not in ("deduplication", "overview"))


def test_more_conversions_than_are_read_are_said_to_be_at_least_so_many(
    admin_client: Client,
) -> None:
    rows = [
        ConversionMarkFactory.build(state=ConversionState.NOT_SENT, reason=NotSent.TOO_OLD, event_id="")
        for _ in range(evidence.MOST_UNSENT + 1)
    ]
    ConversionMark.objects.bulk_create(rows)

    [[sentence]] = admin_client.get(PAGE).context["losses"]

    assert sentence.text.startswith("≥ 500 conversions were never sent")
    assert admin_client.get(sentence.url).context["cl"].result_count == evidence.MOST_UNSENT + 1


@override_settings(CAPI=TWO_PIXELS)
def test_conversions_that_were_not_sent_are_said_to_belong_to_no_pixel(admin_client: Client) -> None:
    ConversionMarkFactory(state=ConversionState.NOT_SENT, reason=NotSent.DENIED, event_id="")

    of_one, of_all = text(admin_client, pixel=PIXEL_ID), text(admin_client)

    assert "their numbers are those of all pixels" in of_one
    assert "their numbers are those of all pixels" not in of_all


def untracked_events(event_name: str, reason: NotSent, events: int, *, days: int = 1, pixel_id: str = PIXEL_ID) -> None:
    hour = days_ago(days) - days_ago(days) % tallies.HOUR
    add({UntrackedKind(Span.HOUR, hour, pixel_id, event_name, reason): events})


@override_settings(CAPI=TWO_PIXELS)
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            {},
            {
                "": ("1,007", "5", "30", "1,042"),
                "PageView": ("1,002", "5", "30", "1,037"),
                "Lead": ("5", "0", "0", "5"),
            },
        ),
        ({"event": "Lead"}, {"": ("5", "0", "0", "5"), "Lead": ("5", "0", "0", "5")}),
        ({"pixel": OTHER_PIXEL}, {"": ("2", "0", "0", "2"), "PageView": ("2", "0", "0", "2")}),
        (
            {"days": "30"},
            {
                "": ("1,007", "5", "35", "1,047"),
                "PageView": ("1,002", "5", "35", "1,042"),
                "Lead": ("5", "0", "0", "5"),
            },
        ),
        ({"event": "Search"}, {}),
    ],
    ids=["all", "a name", "a pixel", "a longer window", "nothing"],
)
def test_what_was_not_tracked_is_counted_by_name_and_reason(
    query: dict[str, str], expected: dict[str, tuple[str, ...]], admin_client: Client
) -> None:
    untracked_events("PageView", NotSent.DENIED, 1000)
    untracked_events("PageView", NotSent.DENIED, 2, pixel_id=OTHER_PIXEL, days=2)
    untracked_events("PageView", NotSent.UNKNOWN, 5, days=3)
    untracked_events("PageView", NotSent.EXCLUDED, 30)
    untracked_events("PageView", NotSent.EXCLUDED, 5, days=20)
    untracked_events("Lead", NotSent.DENIED, 5, days=6)

    response = admin_client.get(PAGE, query)

    table = response.context["untracked"]
    assert {row.name: (*row.counts, row.total) for row in (table.rows if table else ())} == expected
    assert ("Not tracked: requests that made no event" in response.content.decode()) is bool(expected)


def test_a_site_that_tracks_nothing_yet_sees_why(admin_client: Client) -> None:
    untracked_events("PageView", NotSent.UNKNOWN, 3)

    page = text(admin_client)

    assert "No answer yet" in page
    assert 'data-untracked="PageView"' in page


def test_a_conversion_without_a_receipt_says_whether_its_page_was_rendered(admin_client: Client) -> None:
    for number, shown_at in enumerate([timezone.now(), timezone.now(), None]):
        EventFactory(accepted=True, event_id=f"order-{number}")
        ConversionMarkFactory(event_id=f"order-{number}", shown_at=shown_at)
    EventFactory(met=True, event_id="order-4")
    ConversionMarkFactory(event_id="order-4", shown_at=timezone.now())

    reason = admin_client.get(PAGE).context["reasons"][0]

    assert str(reason.title) == "No receipt came from a page"
    assert "rendered for 2 of these, and for 1 none was" in reason.meaning


@pytest.mark.parametrize(
    ("query", "events"),
    [
        ({"from": "2026-09-22", "to": "2026-09-22"}, "1"),
        ({"from": "2026-09-23", "to": "2026-09-22"}, "2"),
        ({"to": "2026-09-22"}, "1"),
        ({"from": "2026-09-20", "to": "2026-09-21"}, "0"),
        ({"from": "0001-01-01", "to": "2026-09-30"}, "0"),
        ({"from": "2026-02-31", "to": "x"}, "0"),
    ],
    ids=["a day", "turned round", "one end", "before", "too early a day", "no dates"],
)
def test_the_window_can_be_two_dates(query: dict[str, str], events: str, admin_client: Client) -> None:
    for day in (22, 23):
        at = timezone.make_aware(datetime(2026, 9, day, 23, 30))
        EventFactory(met=True, event_time=int(at.timestamp()))

    total = admin_client.get(PAGE, query).context["total"]

    assert str(total.events) == events


@pytest.mark.parametrize(("days", "events"), [(0, 1), (1, 2), (2, 2), (3, 3)])
def test_a_first_day_alone_leads_until_today(days: int, events: int, admin_client: Client) -> None:
    now = timezone.now()
    for age in (0, 1, 3):
        EventFactory(met=True, event_time=int((now - timedelta(days=age)).timestamp()))
    first = timezone.localdate(now) - timedelta(days=days)

    total = admin_client.get(PAGE, {"from": first.isoformat()}).context["total"]

    assert total.events == events


def test_of_a_long_window_the_days_that_are_counted_are_shown(admin_client: Client) -> None:
    chosen = admin_client.get(PAGE, {"from": "2000-01-01", "to": "2026-12-31"}).context["chosen"]

    assert chosen.dates == (date(2025, 12, 31), date(2026, 12, 31))


def test_external_ids_are_expected_of_signed_in_visitors_only(admin_client: Client) -> None:
    EventFactory.create_batch(40, met=True)
    EventFactory.create_batch(20, met=True, server_external_id="aa", browser_external_id="aa")

    keys = admin_client.get(PAGE).context["keys"]

    external_id = next(key for key in keys if key.name == "External ID")
    assert (external_id.browser_figure.value, external_id.server_figure.value) == ("100%", "100%")


def test_the_goals_are_met_or_not(admin_client: Client) -> None:
    EventFactory.create_batch(20, met=True)
    EventFactory.create_batch(20, fired=True, rejected=True, event_name="Lead")

    found = admin_client.get(PAGE).context["criteria"]

    said = {str(criterion.name): (criterion.value, re.sub("<.*?>", "", criterion.pill).strip()) for criterion in found}
    assert said == {
        "Redundancy": ("50%", "✕ Not met"),
        "Deduplication": ("100%", "✓ Met"),
        "Event coverage": ("50%", "✕ Not met"),
        "Data freshness": ("Real time (within 10 seconds, within 10 seconds)", "✓ Met"),
    }


def test_the_reasons_lead_to_their_events(admin_client: Client) -> None:
    EventFactory.create_batch(3, met=True)
    EventFactory.create_batch(2, accepted=True, blocked=True)
    EventFactory(fired=True, rejected=True)
    EventFactory(fired=True, rejected=True, test_event_code="TEST123")

    reasons = admin_client.get(PAGE).context["reasons"]

    lists = [list(admin_client.get(reason.url).context["cl"].result_list) for reason in reasons]
    assert [(str(reason.title), reason.count) for reason in reasons] == [
        ("The server copy was rejected: Meta refuses the currency.", "1"),
        ("The browser's pixel was blocked", "2"),
    ]
    assert [len(events) for events in lists] == [1, 2]


def test_an_event_name_leads_to_its_events(admin_client: Client) -> None:
    EventFactory(met=True, event_name="WheelOfFortune")
    EventFactory(met=True)

    urls = {row.name: row.url for row in admin_client.get(PAGE).context["rows"]}

    found = admin_client.get(urls["WheelOfFortune"]).context["cl"].result_list
    assert [event.event_name for event in found] == ["WheelOfFortune"]


def test_keys_that_differ_are_counted(admin_client: Client) -> None:
    EventFactory(met=True, server_external_id="aa", browser_external_id="bb")

    assert "1 pairs differ" in text(admin_client)


def test_a_hostile_event_name_is_text(admin_client: Client) -> None:
    EventFactory(met=True, event_name=HOSTILE)

    page = text(admin_client)

    assert HOSTILE not in page
    assert "&lt;script&gt;" in page


def test_nothing_is_inline(admin_client: Client) -> None:
    EventFactory.create_batch(20, met=True)

    content = text(admin_client).partition('id="content"')[2].partition('id="footer"')[0]

    assert "<script" not in content
    assert "<style" not in content
    assert not re.search(r"\s(style|on\w+)=", content)


def test_the_footer_says_since_when_and_that_meta_may_differ(admin_client: Client) -> None:
    EventFactory(met=True)

    page = text(admin_client)

    assert re.search(r"Seen by this site since \S+ [\d:]{8}\. Meta may count differently\.", page)
    assert re.search(r"Counted at \S+ [\d:]{8}\.", page)


def test_a_first_count_that_is_not_finished_is_no_small_number(admin_client: Client) -> None:
    """Somebody else is at it, and holds the tallies."""
    EventFactory(met=True)

    def overtake(execute: Any, sql: str, *call: Any) -> Any:
        if sql.startswith("SELECT") and "shared_ids" in sql:
            Count.objects.update(version=F("version") + 1)
        return execute(sql, *call)

    with connection.execute_wrapper(overtake):
        page = text(admin_client)

    assert "The first count is not finished" in page


def prune(*, older_than: int) -> None:
    """Delete the events that are older than this many days."""
    assert tallies.remove(Event.objects.filter(event_time__lt=days_ago(older_than)))
    tallies.refresh()


def test_a_window_with_deleted_events_says_since_when_there_are_lists(admin_client: Client) -> None:
    EventFactory.create_batch(3, met=True, event_time=days_ago(5))
    kept = EventFactory(met=True, event_time=days_ago(2))
    text(admin_client)
    prune(older_than=3)

    week, day = text(admin_client), text(admin_client, days="1")
    context = admin_client.get(PAGE).context

    assert f"Events before {instant(kept.event_time)} have been deleted. Their counts remain" in week
    assert "only the events that have not been deleted are counted" in week
    assert "all events of the window are counted" not in week
    assert context["total"].both == 4
    assert "data-deleted" not in day


def test_nothing_is_said_to_be_deleted_where_the_site_is_younger_than_the_window(admin_client: Client) -> None:
    EventFactory(met=True)

    page = text(admin_client, days="30")

    assert "data-deleted" not in page
    assert "all events of the window are counted" in page


def test_events_that_staff_deleted_are_said_without_a_time(admin_client: Client) -> None:
    EventFactory(met=True, event_time=days_ago(5))
    deleted = EventFactory(met=True, event_time=days_ago(2))
    text(admin_client)

    tallies.remove(Event.objects.filter(pk=deleted.pk))

    assert "Some events of this window have been deleted." in text(admin_client)


def test_older_and_later_events_that_were_deleted_are_said(admin_client: Client) -> None:
    old, kept, new = (EventFactory(met=True, event_time=days_ago(days)) for days in (5, 4, 2))
    text(admin_client)

    tallies.remove(Event.objects.filter(pk__in=[old.pk, new.pk]))

    assert f"Events before {instant(kept.event_time)} and some later ones have been deleted." in text(admin_client)


def test_a_window_without_rows_keeps_its_figures_and_says_that_lists_are_empty(admin_client: Client) -> None:
    EventFactory.create_batch(3, met=True, event_time=days_ago(5))
    text(admin_client)
    prune(older_than=3)

    page = text(admin_client)

    assert "The events of this window have been deleted." in page
    assert "No events yet." not in text(admin_client, days="1")


def test_the_footer_keeps_its_date_when_the_first_events_are_deleted(admin_client: Client) -> None:
    EventFactory(met=True, event_time=days_ago(20))
    EventFactory(met=True)
    before = admin_client.get(PAGE).context["since"]
    prune(older_than=10)

    after = admin_client.get(PAGE).context["since"]

    assert before == after == instant(days_ago(20) // tallies.HOUR * tallies.HOUR)


def instant(seconds: int) -> str:
    return wording.instant(datetime.fromtimestamp(seconds, UTC))


def test_the_banner_is_here_too(admin_client: Client) -> None:
    LaneFactory(paused=True)

    assert "The access token has expired." in text(admin_client)


@pytest.mark.parametrize("rows", [1, 30], ids=["one event", "thirty events"])
def test_the_page_costs_the_same_number_of_queries(
    rows: int, admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for index in range(rows):
        EventFactory(met=True, event_name=f"Custom{index}", page=f"/page-{index}/")
        EventFactory(rejected=True, error_reason=f"Reason {index}.")
        ConversionMarkFactory(state=ConversionState.NOT_SENT, reason=NotSent.DENIED)

    tallies.refresh()

    # Session, user, how far the tallies have come, two for the banner, sums, the first hour, what is deleted, moments,
    # evidence: three, pairs: two, places: two, what is not tracked, other pixels.
    with django_assert_num_queries(18):
        admin_client.get(PAGE)


def test_the_page_is_in_the_index(admin_client: Client) -> None:
    assert PAGE in admin_client.get(reverse("admin:index")).content.decode()


def test_the_page_needs_its_permission(staff: Staff) -> None:
    client = staff("view_event")

    assert client.get(PAGE).status_code == 403


def test_the_permission_to_see_the_page_is_enough(staff: Staff) -> None:
    EventFactory(met=True)
    client = staff("view_deduplication")

    assert client.get(PAGE).status_code == 200


@pytest.mark.parametrize("part", ["add", "change", "delete", "history"])
def test_no_event_can_be_opened_through_the_page(part: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(f"admin:django_capi_deduplication_{part}", args=[1] if part != "add" else [])


def test_visitors_are_sent_to_the_sign_in(client: Client) -> None:
    response = client.get(PAGE)

    assert response.status_code == 302


def test_numbers_follow_the_reader_s_language(admin_client: Client) -> None:
    EventFactory.create_batch(2, met=True)
    EventFactory(fired=True)

    with translation.override("de"):
        figure = admin_client.get(PAGE).context["rows"][0].coverage

    assert figure.value == "66,6\u00a0%"
