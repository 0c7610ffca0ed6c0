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
from tests.support.factories import BatchFactory, ConversionMarkFactory, EventFactory, LaneFactory

pytestmark = pytest.mark.django_db

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
    assert "reached Meta by neither channel." in staff(f"view_{report}").get(address_of(report)).content.decode()
