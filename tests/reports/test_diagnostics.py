"""Each fault raises its diagnostic with one refresh, and the repair closes it with the next."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from django_capi.models import Diagnostic, Event, UntrackedTally
from django_capi.reports.diagnostics import TABLE
from django_capi.reports.windows import start_of
from tests.reports.faults import FAULTS, Fault, mixed, refresh

pytestmark = pytest.mark.django_db

ELSEWHERE = {"clock_differs", "static_missing"}  # need another clock or folder; see the tests of refreshing
IDS = [f"{fault.code}-{place}" for place, fault in enumerate(FAULTS)]


def is_open(fault: Fault) -> bool:
    return Diagnostic.objects.open().filter(code=fault.code).exists()


@pytest.mark.parametrize("fault", FAULTS, ids=IDS)
def test_a_fault_raises_its_diagnostic_until_it_is_repaired(fault: Fault, settings: Settings) -> None:
    fault.seed(settings)

    refresh()
    [raised] = Diagnostic.objects.open().filter(code=fault.code)
    fault.repair(settings)
    refresh()

    assert (raised.affected, raised.total) == (fault.affected, fault.total)
    assert (raised.pixel_id, raised.event_name) == (fault.pixel_id, fault.event_name)
    assert not is_open(fault)


@pytest.mark.parametrize("fault", [each for each in FAULTS if each.of], ids=lambda each: each.code)
def test_the_page_of_an_event_says_it(fault: Fault, settings: Settings, admin_client: Client) -> None:
    assert fault.of
    fault.seed(settings)
    refresh()

    page = admin_client.get(reverse("admin:django_capi_event_change", args=[fault.of().pk])).content.decode()

    assert fault.sentence in page


def test_no_share_is_compared_with_days_whose_untracked_events_were_not_counted(settings: Settings) -> None:
    [fault] = [fault for fault in FAULTS if fault.code == "fewer_agree"]
    fault.seed(settings)
    UntrackedTally.objects.filter(start__lt=start_of(7, timezone.now())).delete()

    refresh()

    assert not is_open(fault)


def test_every_code_has_a_fault_that_raises_it() -> None:
    assert {fault.code for fault in FAULTS} == TABLE.keys() - ELSEWHERE


def test_a_sound_site_has_none(settings: Settings) -> None:
    """Fifty events of people with a click id and an address of their own."""
    mixed(fine=(50, {"met": True}))(settings)
    for place, event in enumerate(Event.objects.all()):
        Event.objects.filter(pk=event.pk).update(server_ip=f"{place:04x}")

    refresh()

    assert list(Diagnostic.objects.values_list("code", flat=True)) == []


def test_the_documentation_describes_each_with_the_table_s_words() -> None:
    page = Path(__file__).parents[2].joinpath("docs/reference/diagnostics.md").read_text(encoding="utf-8")
    sections = {part.partition("\n")[0]: " ".join(part.split()) for part in page.split("\n### ")[1:]}

    assert list(sections) == list(TABLE)
    for code, diagnosis in TABLE.items():
        said = f"**{diagnosis.title}** ({diagnosis.severity}). {diagnosis.why} *Raised when:*"
        assert said in sections[code]
        assert f"*What to do:* {diagnosis.action}" in sections[code]
        assert diagnosis.sample == 1 or f"at least {diagnosis.sample} " in sections[code].lower(), code
