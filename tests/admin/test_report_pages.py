"""What all report pages have in common."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from django_capi.models import ConversionState, NotSent
from tests.admin.conftest import Staff
from tests.support.factories import PIXEL_ID, BatchFactory, ConversionMarkFactory, EventFactory, LaneFactory

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert('jane@example.com')</script>"
REPORTS = ("overview", "deduplication", "customerinformation", "datafreshness", "datasetquality")


def address_of(report: str) -> str:
    return reverse(f"admin:django_capi_{report}_changelist")


def links_in(page: str, address: str) -> set[str]:
    """The addresses on this site to which the contents of the page lead."""
    contents = page[page.index('id="content-main"') :]
    found = {urljoin(address, unescape(href)) for href in re.findall(r'<a[^>]* href="([^"]+)"', contents)}
    return {each for each in found if not urlsplit(each).netloc}


@pytest.fixture
def _events() -> None:
    """What fills the tables of every report."""
    batch = BatchFactory(lane=LaneFactory(), outcome="accepted")
    EventFactory.create_batch(20, met=True, batch=batch, value=10, currency="EUR")
    EventFactory(accepted=True, browser_count=0, batch=batch, value=10, currency="EUR")
    EventFactory(expired=True)
    EventFactory(rejected=True, event_name="Lead", match_keys=0)
    ConversionMarkFactory(state=ConversionState.NOT_SENT, reason=NotSent.DENIED, event_id="")


@pytest.mark.usefixtures("_events")
@pytest.mark.parametrize("report", REPORTS)
def test_a_report_offers_no_page_that_its_reader_may_not_open(report: str, staff: Staff) -> None:
    client, address = staff(f"view_{report}"), address_of(report)

    links = links_in(client.get(address).content.decode(), address)

    assert {link: client.get(link).status_code for link in links if client.get(link).status_code == 403} == {}


@pytest.mark.usefixtures("_events")
@pytest.mark.parametrize("report", REPORTS[:4])
def test_a_report_leads_to_the_events_that_its_reader_may_see(report: str, admin_client: Client) -> None:
    links = links_in(admin_client.get(address_of(report)).content.decode(), address_of(report))

    assert any(link.startswith(reverse("admin:django_capi_event_changelist")) for link in links)


@pytest.mark.usefixtures("_events")
@pytest.mark.parametrize("report", ["overview", "deduplication"])
def test_lost_events_are_named_to_those_who_may_not_list_them(report: str, staff: Staff) -> None:
    assert "reached Meta by neither channel" in staff(f"view_{report}").get(address_of(report)).content.decode()


def notes(client: Client, report: str, **query: str) -> list[str]:
    """What the page says of its address."""
    found: list[str] = client.get(address_of(report), query).context["not_understood"]
    return found


def note(parameter: str, shown: str) -> str:
    return f"The address has a value for “{parameter}” that was not understood. Shown instead: {shown}."


@pytest.mark.parametrize("report", ["deduplication", "customerinformation", "datafreshness"])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"days": "999"}, [note("Window", "7 days")]),
        ({"from": "garbage"}, [note("From", "7 days")]),
        ({"from": "2026-02-30", "days": "30"}, [note("From", "30 days")]),
        ({"from": "0001-01-01", "to": "2026-01-01"}, [note("From", "01/01/2026 to 01/01/2026")]),
        ({"pixel": "zzz"}, [note("Pixel", "All pixels")]),
        ({"days": "x", "pixel": "y"}, [note("Window", "7 days"), note("Pixel", "All pixels")]),
        ({"days": "30", "pixel": PIXEL_ID, "event": "Lead"}, []),
        ({"from": "2026-01-01", "to": "2026-01-03"}, []),
        ({"days": "", "from": "", "to": "", "pixel": "", "event": ""}, []),
        ({}, []),
    ],
    ids=["days", "a word", "no such day", "too early", "pixel", "two", "understood", "dates", "empty", "nothing"],
)
def test_a_value_that_was_not_understood_is_named_with_what_is_shown_instead(
    query: dict[str, str], expected: list[str], report: str, admin_client: Client
) -> None:
    assert notes(admin_client, report, **query) == expected


@pytest.mark.parametrize(("pixel", "expected"), [("zzz", [note("Pixel", "main")]), (PIXEL_ID, []), ("", [])])
def test_a_wrong_pixel_of_meta_s_figures_is_named(pixel: str, expected: list[str], admin_client: Client) -> None:
    assert notes(admin_client, "datasetquality", pixel=pixel) == expected


@pytest.mark.parametrize("parameter", ["days", "from", "to", "pixel"])
def test_a_wrong_value_is_not_printed(parameter: str, admin_client: Client) -> None:
    page = admin_client.get(address_of("deduplication"), {parameter: HOSTILE}).content.decode()

    assert "was not understood" in page
    assert "jane" not in page
