"""The pages of the admin in each shipped language: whole, with their direction, and with nothing in English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Final

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone, translation

from django_capi.admin.reported_rows import MATCH_KEY_NAMES
from django_capi.ledger import expiry
from django_capi.meta import answers
from django_capi.meta.events import STANDARD_EVENTS, ActionSource
from django_capi.models import (
    MATCH_KEYS,
    ConversionState,
    DatasetQuality,
    ForeignPixel,
    NotSent,
    Origin,
    QualityProblem,
    QualityPull,
    Rank,
    Status,
)
from tests.support import catalogs, visible
from tests.support.factories import PIXEL_ID, BatchFactory, ConversionMarkFactory, EventFactory, LaneFactory

pytestmark = pytest.mark.django_db

EXPIRED_TOKEN: Final = answers.BY_CODE[190, 463].reason
LISTS: Final = (
    "overview",
    "deduplication",
    "event",
    "lane",
    "batch",
    "conversionmark",
    "foreignpixel",
    "diagnostic",
    "customerinformation",
    "datafreshness",
    "datasetquality",
)
# Names that no language translates: of events, keys, currencies and formats, and of other apps of the test project.
DATA: Final = (
    STANDARD_EVENTS
    | set(ActionSource)
    | set(MATCH_KEYS)
    | {"PageView", "FBP", "EUR", "JSON", "Python", "curl", "value", "currency", "admin", "main"}
    | {"Chrome", "Safari", "Firefox", "Edge", "Samsung Internet", "Opera", "Instagram"}
    | {"Cookie Groups", "Cookies", "cookie consent", "Log items", "Orders", "Site"}
    | {"Run", "- Select an option -"}  # Django's, where its own translation is behind
)
# An id, an address or a name in code, after the name of an event perhaps; or the keys of an event.
NAME: Final = re.compile(r"([A-Z]\w+ |main · )?[\w/.:-]*[\d_./][\w/.:-]*( /\w+/)?|fbp \+\d", re.ASCII).fullmatch

each_language = pytest.mark.parametrize("language", catalogs.LANGUAGES)


def list_of(model: str) -> str:
    return reverse(f"admin:django_capi_{model}_changelist")


def change(model: str, pk: int) -> str:
    return reverse(f"admin:django_capi_{model}_change", args=[pk])


def addresses() -> dict[str, str]:
    """Rows of every kind, and the pages that show them."""
    now = timezone.now()
    lane = LaneFactory(paused=True, pause_reason=EXPIRED_TOKEN, seen_at=now)
    batch = BatchFactory(lane=lane)
    failed = BatchFactory(lane=lane, outcome="lane", http_status=400, error_code=190, reason=EXPIRED_TOKEN)
    BatchFactory(lane=lane, outcome="", finished_at=None, http_status=None)
    money = {"value": Decimal("12345.5"), "currency": "EUR"}
    events = {
        "met": EventFactory(met=True, batch=batch, left_out="em:not_an_email shoe_size:unknown_key", **money),
        "blocked": EventFactory(accepted=True, blocked=True, **money),
        "alone": EventFactory(accepted=True, origin=Origin.TRACK),
        "shared": EventFactory(accepted=True, shared_id=True),
        "rejected": EventFactory(rejected=True, batch=failed, error_reason=answers.BY_CODE[100, 2804009].reason),
        "refused here": EventFactory(status=Status.REJECTED, error_reason="event_id: event_id must be a string."),
        "expired": EventFactory(expired=True),
        "shed": EventFactory(status=Status.EXPIRED, error_reason=expiry.SHED_REASON, payload=""),
        "withdrawn": EventFactory(withdrawn=True),
        "in doubt": EventFactory(in_doubt=True),
        "paused": EventFactory(),
        "due later": EventFactory(pixel_id="222", due_at=now + timedelta(hours=1)),
        "late": EventFactory(pixel_id="222", due_at=now - timedelta(hours=5)),
        "in quarantine": EventFactory(pixel_id="222", rank=Rank.QUARANTINE),
        "test": EventFactory(accepted=True, test_event_code="TEST123", batch=batch),
    }
    EventFactory.create_batch(25, met=True, **money)
    EventFactory(met=True, event_id=events["met"].event_id, event_name="Lead")
    for why in NotSent:
        ConversionMarkFactory(state=ConversionState.NOT_SENT, reason=why, event_id="")
    mark = ConversionMarkFactory(event_id=events["blocked"].event_id)
    foreign = ForeignPixel.objects.create(
        pixel_id=PIXEL_ID, other_id="6543210987654321", path="/tea/", first_seen_at=now, last_seen_at=now
    )
    report_quality()
    return {
        "app": reverse("admin:app_list", args=["django_capi"]),
        **{name: list_of(name) for name in LISTS},
        **{f"event {name}": change("event", event.pk) for name, event in events.items()},
        "conversion": change("conversionmark", mark.pk),
        "page of a lane": change("lane", lane.pk),
        "page of a request": change("batch", batch.pk),
        "page of a failed request": change("batch", failed.pk),
        "page of another pixel": change("foreignpixel", foreign.pk),
        "search": list_of("event") + "?q=nothing",
        "test events": reverse("admin:django_capi_event_test_events"),
        "test mode": reverse("admin:django_capi_event_test_mode"),
        "payload helper": reverse("admin:django_capi_event_payload_helper"),
        "own request": reverse("admin:django_capi_event_payload_helper") + "?me=1",
        "payload of an event": reverse("admin:django_capi_event_payload_helper") + f"?q={events['met'].event_id}",
    }


def report_quality() -> None:
    """Figures of Meta's that were read, and a newer attempt that failed."""
    now = timezone.now()
    QualityPull.objects.create(
        pixel_id=PIXEL_ID,
        attempted_at=now,
        succeeded_at=now,
        unknown_fields="acr",
        problem=QualityProblem.PERMISSION,
        error_code=200,
        fbtrace_id="A1b2_trace",
    )
    DatasetQuality.objects.create(
        pixel_id=PIXEL_ID,
        event_name="Purchase",
        day=now.astimezone(UTC).date(),
        retrieved_at=now - timedelta(hours=3),
        composite_score=6.2,
        event_coverage=34.1,
        coverage_goal=75.0,
        upload_frequency="hourly",
        acr=12.5,
        dedupe_keys=[{"dedupe_key": "event_id", "browser": 90.0, "server": 95.0, "coverage": 34.1}],
        match_keys=[{"identifier": name, "coverage": 40.0} for name in MATCH_KEY_NAMES],
        diagnostics=[
            {
                "name": "Name_1",
                "description": "Description_1",
                "solution": "Solution_1",
                "percentage": 12.0,
                "affected": 12,
                "total": 100,
            }
        ],
    )


def pages(client: Client, found: Mapping[str, str]) -> dict[str, str]:
    return {name: client.get(address).content.decode() for name, address in found.items()}


def in_django(language: str) -> str:
    """`pt-br` for `pt_BR`."""
    return language.replace("_", "-").lower()


def untranslated(client: Client, found: Mapping[str, str], language: str) -> dict[str, list[str]]:
    """The pages that have pieces which are the same as in English and no data, or which hold an English sentence."""
    english = pages(client, found)
    with translation.override(in_django(language)):
        translated = pages(client, found)
    left = {name: english_in(page, english[name], language) for name, page in translated.items()}
    return {name: pieces for name, pieces in left.items() if pieces}


def english_in(page: str, english: str, language: str) -> list[str]:
    shown = set(visible.pieces(page))
    known = catalogs.same_as_english(language) | DATA
    same = shown.intersection(visible.pieces(english))
    sentences = catalogs.english_sentences(language)
    data = {piece for piece in same if known.issuperset(piece.removesuffix(":").split(" + ")) or NAME(piece)}
    return sorted((same - data) | {piece for piece in shown if any(sentence in piece for sentence in sentences)})


def test_no_page_has_english_in_it(admin_client: Client) -> None:
    assert untranslated(admin_client, addresses(), "de") == {}


@pytest.mark.parametrize("language", sorted(set(catalogs.LANGUAGES) - {"de"}))
def test_the_first_pages_are_whole_in_every_language(language: str, admin_client: Client) -> None:
    first = ("overview", "deduplication", "event", "event rejected", "payload of an event")
    found = {name: address for name, address in addresses().items() if name in first}

    assert untranslated(admin_client, found, language) == {}


@pytest.mark.parametrize("capi", [{}, {"PIXEL_ID": ""}, {"CONSENT": None}, {"SENDER": "console"}], ids=str)
def test_pages_without_events_have_no_english_in_them(capi: dict[str, object], admin_client: Client) -> None:
    found = {name: list_of(name) for name in LISTS} | {"test": reverse("admin:django_capi_event_test_events")}

    with override_settings(CAPI=settings.CAPI | capi):
        left = untranslated(admin_client, found, "de")

    assert left == {}


@each_language
def test_a_page_names_its_language_and_direction(language: str, admin_client: Client) -> None:
    with translation.override(in_django(language)):
        page = admin_client.get(list_of("overview")).content.decode()

    direction = "rtl" if language == "ar" else "ltr"
    assert f'<html lang="{in_django(language)}" dir="{direction}">' in page
