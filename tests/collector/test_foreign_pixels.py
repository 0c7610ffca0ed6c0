"""Pixels that other code has initialised are recorded by page, within limits, and never break a report."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from django_capi.collector import foreign_pixels
from django_capi.ledger.retention import prune
from django_capi.models import Event, ForeignPixel
from tests.collector.posting import PIXEL_ID, mirrored, receipt
from tests.support.failing_sql import failing

pytestmark = pytest.mark.django_db

OTHER_ID = "6543210987654321"


def post(client: Client, others: object, *, url: str = "http://testserver/tea/?ref=7", item: Any = None) -> Any:
    body = {"events": [item or receipt("PageView", "view-0001")], "url": url, "others": others}
    return client.post("/capi/collect/", json.dumps(body), content_type="application/json")


def rows() -> list[tuple[str, str, str]]:
    return list(ForeignPixel.objects.order_by("pk").values_list("pixel_id", "other_id", "path"))


def test_another_pixel_is_recorded_with_its_page_and_without_the_query(visitor: Client) -> None:
    answer = post(visitor, [OTHER_ID])

    assert answer.status_code == 204
    assert rows() == [(PIXEL_ID, OTHER_ID, "/tea/")]


def test_an_old_base_code_of_the_sites_own_pixel_is_recorded(visitor: Client) -> None:
    post(visitor, [PIXEL_ID])

    assert rows() == [(PIXEL_ID, PIXEL_ID, "/tea/")]


def test_a_page_that_is_seen_again_is_counted_once_a_minute(visitor: Client) -> None:
    post(visitor, [OTHER_ID])
    post(visitor, [OTHER_ID])
    within = ForeignPixel.objects.get()
    ForeignPixel.objects.update(last_seen_at=timezone.now() - timedelta(minutes=2))

    post(visitor, [OTHER_ID])

    later = ForeignPixel.objects.get()
    assert (within.count, later.count) == (1, 2)
    assert later.last_seen_at > within.last_seen_at
    assert later.first_seen_at == within.first_seen_at


@pytest.mark.parametrize(
    "others",
    [
        None,
        7,
        "12345678",
        {"a": 1},
        [],
        [12345678],
        ["1234"],
        ["1" * 21],
        ["12345678\n"],
        ["１２３４５６７８"],
        [["12345678"]],
    ],
    ids=repr,
)
def test_anything_but_a_pixel_id_is_ignored(visitor: Client, others: object) -> None:
    answer = post(visitor, others)

    assert answer.status_code == 204
    assert rows() == []


def test_one_request_records_three_pixels_at_most(visitor: Client) -> None:
    post(visitor, [str(number) for number in range(10_000, 11_000)])

    assert [other_id for _, other_id, _ in rows()] == ["10000", "10001", "10002"]


def test_a_long_path_is_cut(visitor: Client) -> None:
    post(visitor, [OTHER_ID], url="http://testserver/" + "a" * 1_000)

    assert rows() == [(PIXEL_ID, OTHER_ID, "/" + "a" * 199)]


def test_an_email_address_in_the_path_is_not_kept(visitor: Client) -> None:
    post(visitor, [OTHER_ID], url="http://testserver/u/jane@example.com/")

    assert rows() == [(PIXEL_ID, OTHER_ID, "/u/redacted/")]


def test_hostile_posts_cannot_fill_the_table(visitor: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "COLLECT_RATE": "", "COLLECT_ADDRESS_RATE": ""}
    now = timezone.now()
    ForeignPixel.objects.bulk_create(
        ForeignPixel(pixel_id=PIXEL_ID, other_id=OTHER_ID, path=f"/{number}/", first_seen_at=now, last_seen_at=now)
        for number in range(foreign_pixels.MOST_ROWS)
    )
    ForeignPixel.objects.filter(path="/7/").update(last_seen_at=now - timedelta(days=1))

    post(visitor, [OTHER_ID], url="http://testserver/new/")

    assert ForeignPixel.objects.count() == foreign_pixels.MOST_ROWS
    assert not ForeignPixel.objects.filter(path="/7/").exists()
    assert ForeignPixel.objects.filter(path="/new/").exists()


def test_a_page_that_was_seen_just_now_costs_one_query(
    visitor: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    post(visitor, [OTHER_ID])

    with django_assert_num_queries(1):
        foreign_pixels.record([OTHER_ID], pixel_id=PIXEL_ID, url="http://testserver/tea/")


def test_nothing_is_recorded_without_consent(visitor: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": "django_capi.consent.never"}

    post(visitor, [OTHER_ID])

    assert rows() == []


@pytest.mark.parametrize("verb", ["SELECT", "INSERT"])
def test_an_error_costs_the_report_nothing(visitor: Client, caplog: pytest.LogCaptureFixture, verb: str) -> None:
    with failing(verb, "django_capi_foreignpixel", error=DatabaseError, times=10):
        answer = post(visitor, [OTHER_ID], item=mirrored("Search"))

    assert answer.status_code == 204
    assert Event.objects.get().event_name == "Search"
    assert caplog.messages == ["Another pixel on the page could not be processed: DatabaseError."]


def test_a_pixel_that_is_no_longer_seen_is_pruned(visitor: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "RETENTION_DAYS": 30}
    post(visitor, [OTHER_ID])
    post(visitor, [OTHER_ID], url="http://testserver/old/")
    ForeignPixel.objects.filter(path="/old/").update(last_seen_at=timezone.now() - timedelta(days=31))

    prune()

    assert [path for *_, path in rows()] == ["/tea/"]
