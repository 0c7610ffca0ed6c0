"""What a Conversion's methods return is read with care: what is wrong with one part costs the others nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from django_capi.conversions import Conversion
from django_capi.models import Event
from tests.site.models import Note
from tests.support.registration import registering

pytestmark = pytest.mark.django_db


class Lead(Conversion[Note]):
    event_name = "Lead"
    returned: Any = {}
    time: Any = None

    def happened(self, note: Note, /) -> bool:
        return True

    def consent(self, note: Note, /) -> bool:
        return True

    def custom_data(self, note: Note, /) -> Any:
        return self.returned

    def user_data(self, note: Note, /) -> dict[str, object]:
        return {"em": "jane@example.com"}

    def event_time(self, note: Note, /) -> Any:
        return self.time


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with registering(Note, Lead):
        yield


def stored(monkeypatch: pytest.MonkeyPatch, **attributes: object) -> dict[str, Any]:
    for name, value in attributes.items():
        monkeypatch.setattr(Lead, name, value)
    Note.objects.create(text="one")
    found: dict[str, Any] = json.loads(Event.objects.get().payload)
    return found


def failing_ids() -> Iterator[str]:
    yield "tea"
    raise LookupError("ann@example.com")


def test_a_generator_that_raises_costs_its_own_part(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    event = stored(monkeypatch, returned={"value": 5, "currency": "EUR", "content_ids": failing_ids()})

    assert "custom_data" not in event
    assert event["user_data"]["em"]
    assert "Lead.custom_data() returned data that raised LookupError when it was read." in caplog.text
    assert "ann@" not in caplog.text


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite goes on after a failed statement")
def test_a_query_that_fails_when_it_is_read_leaves_the_transaction_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Note.objects.extra(where=["no_such_column = 1"]).values_list("text", flat=True)  # a constant
    monkeypatch.setattr(Lead, "returned", {"content_ids": broken})

    with transaction.atomic():
        Note.objects.create(text="one")
        Note.objects.create(text="two")

    assert (Note.objects.count(), Event.objects.count()) == (2, 2)


@pytest.mark.parametrize("returned", [None, [("value", 5)], "value=5"], ids=["None", "list", "str"])
def test_what_is_no_dict_is_named_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, returned: object
) -> None:
    event = stored(monkeypatch, returned=returned)

    assert "custom_data" not in event
    assert f"Lead.custom_data() must return a dict, not {type(returned).__name__}." in caplog.text


HOUR_AGO = int(timezone.now().timestamp()) - 3600


@pytest.mark.parametrize(
    "time",
    [HOUR_AGO, HOUR_AGO + 0.25, timezone.now().fromtimestamp(HOUR_AGO, tz=timezone.get_default_timezone())],
    ids=["int", "float", "datetime"],
)
def test_a_time_is_taken_in_each_form_that_track_takes(monkeypatch: pytest.MonkeyPatch, time: object) -> None:
    assert stored(monkeypatch, time=time)["event_time"] == HOUR_AGO


@pytest.mark.parametrize(
    "time",
    ["2026-11-26", HOUR_AGO * 1000, date(2026, 11, 26), True, timedelta(1)],
    ids=["text", "milliseconds", "date", "bool", "timedelta"],
)
def test_another_time_is_logged_and_the_event_is_of_now(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, time: object
) -> None:
    event = stored(monkeypatch, time=time)

    assert event["event_time"] == pytest.approx(datetime.now().timestamp(), abs=60)
    assert "Lead.event_time() returned a value that cannot be used: event_time: must be" in caplog.text


def test_an_async_happened_makes_nothing_a_conversion(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A coroutine would be true for every object."""

    async def happened(self: Lead, note: Note, /) -> bool:
        return False

    monkeypatch.setattr(Lead, "happened", happened)

    Note.objects.create(text="one")

    assert not Event.objects.exists()
    assert "Lead.happened() raised AsyncFunction." in caplog.text
