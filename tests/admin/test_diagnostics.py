"""The page of the diagnostics, its buttons, and what other pages show of them."""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries, Settings

from django_capi.admin.diagnostic_lines import (
    BY_REASON,
    DOCUMENTATION,
    LOOKUPS,
    OF_CONVERSIONS,
    OF_OTHER_PIXELS,
    WAITING,
    DiagnosticLine,
)
from django_capi.admin.wording import instant
from django_capi.models import Diagnostic
from django_capi.reports import diagnostics
from tests.admin.conftest import Staff
from tests.reports.faults import FAULTS, Fault, many, refresh
from tests.support.factories import PIXEL_ID, EventFactory, LaneFactory

pytestmark = pytest.mark.django_db

PAGE = reverse("admin:django_capi_diagnostic_changelist")
OVERVIEW = reverse("admin:django_capi_overview_changelist")
LINKED = {*LOOKUPS, *WAITING, *BY_REASON, *OF_CONVERSIONS, "test_code_left_on"}
HOSTILE = "<script>alert(1)</script>"


def make(code: str = "lost", **values: object) -> Diagnostic:
    now = timezone.now()
    found = {"pixel_id": PIXEL_ID, "first_seen_at": now, "last_seen_at": now, "affected": 3, "total": 12, **values}
    return Diagnostic.objects.create(code=code, **found)


def has_just_refreshed() -> None:
    """The page leaves the rows of a test as they are."""
    diagnostics.refresh(every=timedelta())


def text(client: Client, address: str = PAGE) -> str:
    return client.get(address).content.decode()


def lines(client: Client, section: str = "open") -> list[DiagnosticLine]:
    return list(client.get(PAGE).context[section])


def act(client: Client, name: str, row: Diagnostic, method: str = "post") -> int:
    address = reverse(f"admin:django_capi_diagnostic_{name}", args=[row.pk])
    return int(getattr(client, method)(address).status_code)


def test_it_says_what_is_wrong_how_often_and_what_to_do(admin_client: Client) -> None:
    many(3, rejected=True)
    many(9, met=True)

    page = text(admin_client)

    for words in (
        "Events reached Meta by neither channel",
        "Their server copies ended without being accepted",
        "Open the list: each event says why.",
        "Closes when the last 24 hours no longer show it.",
        "3 of 12 events",
        "25%",
        'docs/reference/diagnostics.md#lost"',
        "Mute for 7 days",
    ):
        assert words in page


def test_opening_the_page_refreshes_it(admin_client: Client) -> None:
    LaneFactory(paused=True)

    before = [line.code for line in lines(admin_client)]

    assert before == ["token"]
    assert lines(admin_client)[0].detail == "The access token has expired."


@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if fault.code in LINKED], ids=lambda fault: f"{fault.code}"
)
def test_the_count_leads_to_exactly_these_events(fault: Fault, settings: Settings, admin_client: Client) -> None:
    fault.seed(settings)
    refresh()

    [line] = [line for line in lines(admin_client) if line.code == fault.code]

    if not line.events_url:  # two reasons, of which the list's filter shows one
        assert fault.code == "bad_currency"
        return
    shown = admin_client.get(line.events_url).context["cl"].result_count
    assert shown == fault.affected


def test_a_second_pixel_leads_to_its_pages(settings: Settings, admin_client: Client) -> None:
    for fault in FAULTS:
        if fault.code in OF_OTHER_PIXELS:
            fault.seed(settings)

    urls = {line.code: line.events_url for line in lines(admin_client)}

    assert urls == dict.fromkeys(OF_OTHER_PIXELS, reverse("admin:django_capi_foreignpixel_changelist"))


def test_fewer_who_agree_lead_to_what_was_not_tracked(settings: Settings, admin_client: Client) -> None:
    [fault] = [fault for fault in FAULTS if fault.code == "fewer_agree"]
    fault.seed(settings)
    refresh()

    [line] = [line for line in lines(admin_client) if line.code == fault.code]
    [total, of_name] = admin_client.get(line.events_url).context["untracked"].rows

    assert line.count == "8 of 20 events"
    assert (of_name.name, of_name.counts) == (fault.event_name, ("0", "8", "50"))
    assert total.counts == of_name.counts


def test_the_list_of_events_is_linked_only_for_those_who_may_see_it(staff: Staff) -> None:
    many(3, rejected=True)

    found = lines(staff("view_diagnostic"))

    assert [line.events_url for line in found] == ["", ""]


@pytest.mark.parametrize(
    ("code", "values", "count", "share"),
    [
        ("lost", {}, "3 of 12 events", "25%"),
        ("lost", {"total": 3}, "3 events", "100%"),
        ("lost", {"affected": 1, "total": 1}, "1 event", "100%"),
        ("lost", {"affected": 1234, "total": 56789}, "1234 of 56789 events", "2.1%"),
        ("second_pixel", {"affected": 1, "total": 1}, "1 page", ""),
        ("consent_drop", {}, "3 of 12 conversions", "25%"),
        ("clock_differs", {"affected": 61, "total": 0}, "61 seconds", ""),
        ("static_missing", {"affected": 0, "total": 0}, "—", ""),
        ("no_consent_policy", {"affected": 0, "total": 0}, "—", ""),
        ("worker_down", {"total": 3}, "3 events", ""),
    ],
)
def test_each_is_counted_in_its_unit(
    code: str, values: dict[str, int], count: str, share: str, admin_client: Client
) -> None:
    has_just_refreshed()
    make(code, **values)

    [line] = lines(admin_client)

    assert (line.count.replace(",", ""), line.share) == (count, share)


def test_keys_that_are_left_out_are_explained(admin_client: Client) -> None:
    has_just_refreshed()
    make("invalid_key", detail="ph:phone_needs_country zp:someday")

    assert lines(admin_client)[0].detail == (
        "ph: a national number whose country is not known (or phonenumbers is not installed); zp: someday"
    )


def test_names_of_pixels_and_events_are_shown_and_escaped(admin_client: Client) -> None:
    has_just_refreshed()
    make(event_name=HOSTILE, detail=HOSTILE)
    make("token", detail=HOSTILE)

    page = text(admin_client)

    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    assert "<small><bdi>main</bdi></small>" in page
    assert "All events" in page


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "Nothing was counted in the last 24 hours"),
        (1, "Only 1 event was counted in the last 24 hours: too few to judge shares."),
        (19, "Only 19 events were counted"),
    ],
)
def test_it_says_when_there_is_too_little_to_judge(number: int, words: str, admin_client: Client) -> None:
    many(number, met=True)

    page = text(admin_client)

    assert words in page
    assert "Nothing to report." in page


def test_a_sound_site_has_nothing_to_report(admin_client: Client) -> None:
    many(20, met=True)

    page = text(admin_client)

    assert "Nothing to report." in page
    assert "data-remark" not in page


def test_a_sender_that_sends_nothing_is_named(admin_client: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "SENDER": "console"}

    assert "nothing is sent to Meta" in text(admin_client)


def test_the_button_mutes_for_a_week_and_the_muted_stay_visible(admin_client: Client) -> None:
    many(3, rejected=True)
    refresh()
    row = Diagnostic.objects.get(code="lost")

    response = admin_client.post(reverse("admin:django_capi_diagnostic_mute", args=[row.pk]))
    row.refresh_from_db()

    assert row.muted_until
    assert timedelta(days=6.9) < row.muted_until - timezone.now() <= timedelta(days=7)
    assert [str(message) for message in get_messages(response.wsgi_request)] == [
        f"Muted until {instant(row.muted_until)}."
    ]
    assert response["Location"] == PAGE
    assert [line.code for line in lines(admin_client)] == ["rejected"]
    assert [line.code for line in lines(admin_client, "muted")] == ["lost"]


def test_the_button_unmutes(admin_client: Client) -> None:
    has_just_refreshed()
    row = make(muted_until=timezone.now() + timedelta(days=1))
    before = text(admin_client)

    status = act(admin_client, "unmute", row)

    assert "Nothing to report besides what is muted." in before
    assert status == 302
    assert [line.code for line in lines(admin_client)] == ["lost"]
    assert lines(admin_client, "muted") == []


def test_a_mute_that_is_over_mutes_no_more(admin_client: Client) -> None:
    has_just_refreshed()
    make(muted_until=timezone.now() - timedelta(seconds=1))

    assert [line.code for line in lines(admin_client)] == ["lost"]


@pytest.mark.parametrize("name", ["mute", "unmute"])
def test_muting_takes_a_post_and_an_open_row(name: str, admin_client: Client) -> None:
    row = make()
    closed = make("rejected", is_open=None, closed_at=timezone.now())

    assert act(admin_client, name, row, "get") == 405
    assert act(admin_client, name, closed) == 404
    assert act(admin_client, name, Diagnostic(pk=987654)) == 404


@pytest.mark.parametrize("name", ["mute", "unmute"])
@pytest.mark.parametrize("permissions", [(), ("view_diagnostic",), ("view_event", "change_lane")], ids=str)
def test_muting_needs_its_permission(name: str, permissions: tuple[str, ...], staff: Staff) -> None:
    row = make()

    assert act(staff(*permissions), name, row) == 403
    row.refresh_from_db()
    assert row.muted_until is None


def test_muting_works_with_the_permission(staff: Staff) -> None:
    row = make()

    assert act(staff("view_diagnostic", "change_diagnostic"), "mute", row) == 302


def test_the_page_needs_its_permission(staff: Staff) -> None:
    assert staff("view_event", "view_overview").get(PAGE).status_code == 403


def test_the_permission_to_see_the_page_shows_no_buttons(staff: Staff) -> None:
    has_just_refreshed()
    make()

    page = text(staff("view_diagnostic"))

    assert "Events reached Meta by neither channel" in page
    assert "Mute for 7 days" not in page


def test_those_closed_in_the_last_week_are_listed(admin_client: Client) -> None:
    now = timezone.now()
    make("expired", is_open=None, closed_at=now - timedelta(days=6))
    make("rejected", is_open=None, closed_at=now - timedelta(days=1))
    make("lost", is_open=None, closed_at=now - timedelta(days=8))

    closed = lines(admin_client, "closed")

    assert [line.code for line in closed] == ["rejected", "expired"]
    assert closed[0].closed == instant(now - timedelta(days=1))
    assert "Mute for 7 days" not in text(admin_client)


@pytest.mark.parametrize("number", [1, 40])
def test_the_page_costs_the_same_number_of_queries(
    number: int, admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for place in range(number):
        many(1, event_name=f"Custom{place}", rejected=True)
    refresh()

    # Session, user, whether to refresh, two for the banner, the open ones, the closed ones, when they were determined,
    # how much was counted.
    with django_assert_num_queries(9):
        admin_client.get(PAGE)


def test_the_first_page_shows_the_gravest(admin_client: Client) -> None:
    for place in range(3):
        many(1, event_name=f"Custom{place}", rejected=True)
    LaneFactory(paused=True)
    refresh()
    make("rate", muted_until=timezone.now() + timedelta(days=1))

    shown = admin_client.get(OVERVIEW).context["diagnostics"]

    assert (shown["number"], len(shown["lines"]), shown["url"]) == (7, 5, PAGE)
    assert "All diagnostics (7 open)" in text(admin_client, OVERVIEW)


def test_the_first_page_refreshes_them_where_no_worker_does(admin_client: Client) -> None:
    EventFactory(due_at=timezone.now() - timedelta(minutes=20))

    assert "No worker sends the events" in text(admin_client, OVERVIEW)


def test_the_first_page_shows_none_without_the_permission(staff: Staff) -> None:
    many(3, rejected=True)

    page = text(staff("view_overview"), OVERVIEW)

    assert "Open diagnostics" not in page


def test_the_first_page_says_that_there_is_nothing(staff: Staff) -> None:
    page = text(staff("view_overview", "view_diagnostic"), OVERVIEW)

    assert "Nothing to report." in page
    assert "All diagnostics (0 open)" in page


def test_an_event_shows_no_diagnostic_of_others(admin_client: Client) -> None:
    many(3, rejected=True)
    event = EventFactory(met=True)
    refresh()

    page = text(admin_client, reverse("admin:django_capi_event_change", args=[event.pk]))

    assert "Open diagnostics that this event shows" not in page


def test_the_links_to_the_documentation_are_those_of_the_project() -> None:
    root = Path(__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    folder = project["urls"]["Documentation"].replace("/tree/", "/blob/")
    assert DOCUMENTATION.startswith(f"{folder}/reference/diagnostics.md#")


def test_the_page_is_in_the_reader_s_language(admin_client: Client) -> None:
    has_just_refreshed()
    make(affected=1234, total=56789)

    with translation.override("de"):
        [line] = lines(admin_client)

    assert "1.234" in line.count or "1234" in line.count


def test_nothing_is_inline(admin_client: Client) -> None:
    has_just_refreshed()
    make()
    make("token", muted_until=timezone.now() + timedelta(days=1))
    make("rate", is_open=None, closed_at=timezone.now())

    page = text(admin_client)

    content = page.partition('id="content"')[2].partition('id="footer"')[0]
    assert "<script" not in content
    assert "<style" not in content
    assert not re.search(r"\s(style|on\w+)=", content)
