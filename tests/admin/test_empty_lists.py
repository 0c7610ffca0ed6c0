"""What the lists say on a site that has no rows yet."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from django_capi.conversions import base
from django_capi.ledger import tallies
from django_capi.models import Event
from tests.support.factories import EventFactory, LaneFactory

pytestmark = pytest.mark.django_db

START_A_WORKER = "Start a Celery worker with beat"


def page(client: Client, model: str, **query: str) -> str:
    return client.get(reverse(f"admin:django_capi_{model}_changelist"), query).content.decode()


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("event", ["No events yet.", "The page view appears here within a second."]),
        ("conversionmark", ["No conversions yet.", "when it is saved, or when a worker finds it", START_A_WORKER]),
        ("batch", ["No requests to Meta.", "when a worker sends events that are due", START_A_WORKER]),
        ("lane", ["No worker has run yet.", "when a worker first checks for its events", START_A_WORKER]),
        ("foreignpixel", ["No other pixel has been seen.", "when a browser reports it"]),
    ],
)
def test_an_empty_list_says_what_appears_in_it_and_what_to_do(
    model: str, said: list[str], admin_client: Client
) -> None:
    found = page(admin_client, model)

    assert [words for words in said if words not in found] == []


@pytest.mark.parametrize("model", ["event", "conversionmark", "batch", "lane"])
def test_a_site_without_a_pixel_is_told_to_configure_one(model: str, admin_client: Client) -> None:
    with override_settings(CAPI={**settings.CAPI, "PIXEL_ID": ""}):
        assert "No pixel is configured yet." in page(admin_client, model)


def test_a_site_without_a_consent_policy_is_told_why_it_has_no_events(admin_client: Client) -> None:
    with override_settings(CAPI={**settings.CAPI, "CONSENT": None}):
        assert "No consent policy is configured, so nothing is tracked." in page(admin_client, "event")


def test_a_site_without_conversion_classes_is_told_to_register_one(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for model in list(base.registry):
        monkeypatch.delitem(base.registry, model)

    assert "No conversion is registered." in page(admin_client, "conversionmark")


def test_a_sender_that_sends_nothing_is_named_where_requests_are_missing(admin_client: Client) -> None:
    with override_settings(CAPI={**settings.CAPI, "SENDER": "console"}):
        assert "nothing is sent to Meta" in page(admin_client, "batch")


def test_no_worker_is_asked_for_where_one_has_run(admin_client: Client) -> None:
    LaneFactory(seen_at=timezone.now())

    assert START_A_WORKER not in page(admin_client, "batch")


def test_events_that_were_deleted_are_not_said_to_be_still_to_come(admin_client: Client) -> None:
    EventFactory(met=True)
    tallies.refresh()
    tallies.remove(Event.objects.all())

    found = page(admin_client, "event")

    assert "All events have been deleted." in found
    assert "No events yet." not in found


@pytest.mark.parametrize("query", [{"q": "nothing"}, {"event": "Lead"}], ids=str)
def test_a_filter_or_a_search_that_finds_nothing_says_no_more_than_that(
    query: dict[str, str], admin_client: Client
) -> None:
    EventFactory()

    assert "capi-empty" not in page(admin_client, "event", **query)
