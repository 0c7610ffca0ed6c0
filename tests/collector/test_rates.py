"""One visitor, and one address, may report a limited number of events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from django_capi.collector import rates
from django_capi.models import Event
from tests.collector.posting import mirrored, post
from tests.conftest import AGENT, FBP

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 11, 26, 12, 0, 15, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> Iterator[time_machine.Traveller]:
    settings.CAPI = {**settings.CAPI, "COLLECT_RATE": "3/m", "COLLECT_ADDRESS_RATE": "5/m"}
    with time_machine.travel(NOON, tick=False) as found:
        yield found


def report(client: Client, number: int = 0, **headers: str) -> int:
    return int(post(client, mirrored("Search", f"minted-{number:08}"), **headers).status_code)


def browser(fbp: str = FBP, address: str = "168.212.226.204") -> Client:
    client = Client(HTTP_USER_AGENT=AGENT, REMOTE_ADDR=address, HTTP_HOST="testserver")
    client.cookies["_fbp"] = fbp
    return client


def test_events_above_a_visitors_rate_are_refused_until_the_next_minute(
    visitor: Client, clock: time_machine.Traveller
) -> None:
    answers = [report(visitor, number) for number in range(4)]
    last = post(visitor, mirrored("Search", "minted-00000009"))
    clock.shift(45)

    assert answers == [204, 204, 204, 429]
    assert (last.json(), last["Retry-After"]) == ({"error": "too-many-requests"}, "45")
    assert Event.objects.count() == 3
    assert report(visitor, 9) == 204


def test_events_are_counted_and_not_requests(visitor: Client) -> None:
    answer = post(visitor, *(mirrored("Search", f"minted-{number:08}") for number in range(4)))

    assert answer.status_code == 429
    assert not Event.objects.exists()


def test_another_cookie_for_each_request_does_not_help() -> None:
    answers = [report(browser(f"{FBP}{number}"), number) for number in range(6)]

    assert answers == [204, 204, 204, 204, 204, 429]


@pytest.mark.parametrize(
    ("addresses", "is_one"),
    [
        ([f"2a01:4f8:1:1::{number:x}" for number in range(1, 7)], True),
        ([f"2a01:4f8:1:{number:x}::1" for number in range(1, 7)], False),
        (["10.0.0.7"] * 6, False),
        (["127.0.0.1"] * 6, False),
        (["unix:"] * 6, False),
    ],
    ids=["one subscriber's", "several subscribers'", "a proxy's", "this machine's", "none"],
)
def test_only_the_addresses_of_one_subscriber_share_a_rate(addresses: list[str], is_one: bool) -> None:
    answers = [report(browser(f"{FBP}{number}", address), number) for number, address in enumerate(addresses)]

    assert (answers[-1] == 429) is is_one


def test_an_empty_rate_is_no_limit(visitor: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "COLLECT_RATE": "", "COLLECT_ADDRESS_RATE": ""}

    assert {report(visitor, number) for number in range(7)} == {204}


@pytest.mark.parametrize("backend", ["django.core.cache.backends.dummy.DummyCache", "tests.collector.caches.Down"])
def test_without_a_cache_that_works_nothing_is_limited(visitor: Client, settings: Settings, backend: str) -> None:
    settings.CACHES = {"default": {"BACKEND": backend}}

    assert {report(visitor, number) for number in range(7)} == {204}


def test_a_cache_that_is_down_is_logged_once_and_without_its_address(
    visitor: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CACHES = {"default": {"BACKEND": "tests.collector.caches.Down"}}
    rates.log_failure.cache_clear()

    for number in range(3):
        report(visitor, number)

    assert caplog.messages == ["The cache raised ConnectionError: the collector does not limit rates."]


def test_a_cache_that_cannot_add_in_one_step_counts_too(visitor: Client, settings: Settings, tmp_path: object) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": str(tmp_path)}
    }

    assert [report(visitor, number) for number in range(4)] == [204, 204, 204, 429]
