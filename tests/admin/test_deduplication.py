from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client, override_settings
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries

from django_capi.ledger import tallies
from django_capi.models import Count
from tests.admin.conftest import Staff
from tests.support.factories import PIXEL_ID, EventFactory, LaneFactory

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
    assert (row.browser, row.server, row.both, row.server_only, row.blocked, row.browser_only) == (
        "24", "24", "12", "12", "12", "12",
    )  # fmt: skip


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
        pytest.param([{"fired": True}], "Browsers report events, but Meta has accepted no server copy.", id="no sends"),
        pytest.param([{}], "Events are stored, but no copy of any has reached Meta.", id="nothing arrived"),
    ],
)
def test_an_empty_page_says_what_to_do(made: list[dict[str, object]], title: str, admin_client: Client) -> None:
    for event in made:
        EventFactory(**event)

    assert title in text(admin_client)


@override_settings(CAPI={})
def test_a_site_without_a_pixel_is_told_to_configure_one(admin_client: Client) -> None:
    assert "No pixel is configured yet." in text(admin_client)


def test_the_reasons_lead_to_their_events(admin_client: Client) -> None:
    EventFactory.create_batch(3, met=True)
    EventFactory.create_batch(2, accepted=True, blocked=True)
    EventFactory(fired=True, rejected=True)
    EventFactory(fired=True, rejected=True, test_event_code="TEST123")

    reasons = admin_client.get(PAGE).context["reasons"]

    lists = [list(admin_client.get(reason.url).context["cl"].result_list) for reason in reasons]
    assert [(str(reason.title), reason.count) for reason in reasons] == [
        ("The browser's pixel was blocked", "2"),
        ("The server copy was rejected", "1"),
    ]
    assert [len(events) for events in lists] == [2, 1]


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


def test_the_banner_is_here_too(admin_client: Client) -> None:
    LaneFactory(paused=True)

    assert "The access token has expired." in text(admin_client)


@pytest.mark.parametrize("rows", [1, 30], ids=["one event", "thirty events"])
def test_the_page_costs_the_same_number_of_queries(
    rows: int, admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for index in range(rows):
        EventFactory(met=True, event_name=f"Custom{index}")

    tallies.refresh()

    # Session, user, how far the tallies have come, their sums, two for the banner, the first event, other pixels.
    with django_assert_num_queries(8):
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

    assert figure.value == "66,6%"
