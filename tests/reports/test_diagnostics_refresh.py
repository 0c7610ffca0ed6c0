"""Rows of diagnostics are opened, updated, closed and muted, once for each problem, at a bounded cost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from django_capi.doctor import diagnostics as doctor
from django_capi.ledger.store import trace_of
from django_capi.models import ConversionState, Count, Diagnostic, DiagnosticRefresh, Event, NotSent
from django_capi.reports import diagnostics
from django_capi.reports.diagnostics.gather import gather
from django_capi.reports.diagnostics.rows import apply
from django_capi.reports.diagnostics.table import findings
from django_capi.tracking import track
from django_capi.types import CustomDataDict, UserDataDict
from django_capi.worker import run
from tests.conftest import ADDRESS
from tests.reports.faults import EARLIER, many, refresh, two_days_pass
from tests.support.factories import PIXEL_ID, ConversionMarkFactory, LaneFactory

pytestmark = pytest.mark.django_db

LOST = {"rejected": True}


def rows(code: str = "lost") -> list[Diagnostic]:
    return list(Diagnostic.objects.filter(code=code).order_by("pk"))


def test_a_diagnostic_keeps_its_row_and_follows_the_count() -> None:
    many(2, **LOST)
    refresh()
    [before] = rows()

    many(1, **LOST)
    refresh()

    [after] = rows()
    assert (before.pk, before.affected) == (after.pk, 2)
    assert after.affected == 3
    assert (after.first_seen_at, after.last_seen_at > before.last_seen_at) == (before.first_seen_at, True)


def test_each_event_name_has_its_own() -> None:
    many(1, **LOST)
    many(2, event_name="Lead", **LOST)
    many(4, event_name="lead", **LOST)

    refresh()

    assert {row.event_name: row.affected for row in rows()} == {"Purchase": 1, "Lead": 2, "lead": 4}


def test_what_is_found_again_within_a_day_is_the_same(settings: Settings) -> None:
    many(1, **LOST)
    refresh()
    [first] = rows()
    two_days_pass(settings)
    refresh()
    [closed] = rows()
    many(2, **LOST)
    refresh()

    [again] = rows()
    assert (closed.is_open, closed.closed_at is None) == (None, False)
    assert (again.pk, again.is_open, again.closed_at, again.affected) == (first.pk, True, None, 2)
    assert again.first_seen_at == first.first_seen_at


def test_what_is_found_again_later_is_another_one(settings: Settings) -> None:
    many(1, **LOST)
    refresh()
    two_days_pass(settings)
    refresh()
    Diagnostic.objects.update(closed_at=timezone.now() - timedelta(days=2))
    many(2, **LOST)
    refresh()

    assert [(row.is_open, row.affected) for row in rows()] == [(None, 1), (True, 2)]


def test_closed_ones_are_deleted_after_a_month() -> None:
    now = timezone.now()
    for days in (29, 31):
        closed = now - timedelta(days=days)
        Diagnostic.objects.create(
            code="lost", first_seen_at=closed, last_seen_at=closed, closed_at=closed, is_open=None
        )

    refresh()

    assert [row.closed_at > now - timedelta(days=30) for row in rows() if row.closed_at] == [True]


def test_a_mute_outlives_refreshes_and_closing(settings: Settings) -> None:
    many(1, **LOST)
    refresh()
    until = timezone.now() + timedelta(days=7)
    Diagnostic.objects.update(muted_until=until)
    refresh()
    muted = [row.muted_until for row in rows()]
    two_days_pass(settings)
    refresh()
    Diagnostic.objects.filter(is_open=None).update(closed_at=timezone.now() - timedelta(days=3))
    many(1, **LOST)
    refresh()

    assert muted == [until]
    assert [(row.is_open, row.muted_until) for row in rows()] == [(True, until)]


def test_the_muted_are_not_told_until_the_mute_is_over() -> None:
    many(1, **LOST)
    refresh()
    told = {each.code for each in diagnostics.open_now()}
    Diagnostic.objects.update(muted_until=timezone.now() + timedelta(seconds=60))
    while_muted = {each.code for each in diagnostics.open_now()}
    Diagnostic.objects.update(muted_until=timezone.now() - timedelta(seconds=1))

    assert told == {"lost", "rejected"}
    assert while_muted == set()
    assert {each.code for each in diagnostics.open_now()} == told


def test_open_ones_are_told_the_gravest_first_with_what_to_do() -> None:
    LaneFactory(paused=True, pause_reason="Too many calls.")
    many(3, **LOST)
    many(7, event_name="Lead", **LOST)
    refresh()

    told = diagnostics.open_now()

    assert [(each.severity, each.code, each.event_name) for each in told] == [
        ("error", "lost", "Lead"),
        ("error", "rejected", "Lead"),
        ("error", "lost", "Purchase"),
        ("error", "rejected", "Purchase"),
        ("warning", "rate", ""),
    ]
    assert (told[0].affected, told[0].total, told[0].pixel_id) == (7, 7, PIXEL_ID)
    assert told[0].title == "Events reached Meta by neither channel"
    assert told[0].action == "Open the list: each event says why."
    assert told[0].first_seen_at == rows()[0].first_seen_at


def test_a_code_of_another_release_is_not_told_and_is_closed() -> None:
    now = timezone.now()
    Diagnostic.objects.create(code="phlogiston", first_seen_at=now, last_seen_at=now)

    told = diagnostics.open_now()
    refresh()

    assert told == []
    assert [row.is_open for row in rows("phlogiston")] == [None]


def test_a_refresh_is_made_once_a_minute() -> None:
    made = [diagnostics.refresh(), diagnostics.refresh()]
    DiagnosticRefresh.objects.update(refreshed_at=timezone.now() - timedelta(seconds=61))

    assert made == [True, False]
    assert diagnostics.refresh()


def test_a_row_that_another_process_opens_meanwhile_is_the_only_one() -> None:
    many(2, **LOST)
    now = timezone.now()
    other = {"pixel_id": PIXEL_ID, "event_name": "Purchase", "first_seen_at": now, "last_seen_at": now}
    is_first = True

    def opened_meanwhile(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal is_first
        if is_first and "is_open" in sql and "IS NULL" in sql:  # after it has read those that are open
            is_first = False
            Diagnostic.objects.create(code="lost", **other)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(opened_meanwhile):
        refresh()

    assert [row.is_open for row in rows()] == [True]
    assert [row.is_open for row in rows("rejected")] == [True]


@pytest.mark.django_db(transaction=True)
def test_two_refreshes_at_once_make_one_row_each() -> None:
    many(2, **LOST)
    start = threading.Barrier(4)

    def worker() -> None:
        try:
            start.wait()
            for _ in range(5):
                apply(findings(gather(timezone.now())), timezone.now())
        finally:
            connection.close()

    refresh()
    Diagnostic.objects.all().delete()
    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [row.is_open for row in rows()] == [True]
    assert [row.is_open for row in rows("rejected")] == [True]


@pytest.mark.parametrize("number", [1, 60], ids=["one event", "many events"])
def test_a_refresh_costs_the_same_number_of_queries(number: int) -> None:
    for place in range(number):
        many(1, event_name=f"Event{place}", met=True)
        LaneFactory(pixel_id=f"{place + 1:016d}")
        ConversionMarkFactory(event_name=f"Event{place}")
        ConversionMarkFactory(event_name=f"Event{place}", state=ConversionState.NOT_SENT, reason=NotSent.DENIED)
    refresh()

    # Three for the newest events, four for conversions, three for what was not tracked, and one each for tallies,
    # lanes, due events, other pixels and the last day of each name.
    with CaptureQueriesContext(connection) as asked:
        gather(timezone.now())

    assert len(asked) == 15


def test_no_query_reads_an_unbounded_number_of_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest ten events are read here, of which nine are page views."""
    many(5, event_name="Lead", event_time=EARLIER - 100)
    many(1, event_name="Lead", event_time=EARLIER - 1)
    many(9, event_name="PageView", met=True)
    monkeypatch.setattr("django_capi.reports.diagnostics.gather.DEEPEST", 9)
    monkeypatch.setattr("django_capi.reports.diagnostics.gather.PAGE_VIEWS", 4)

    found = gather(timezone.now())

    assert sorted(row.event_name for row in found.rows) == ["Lead", *["PageView"] * 4]


def test_only_pixels_in_the_settings_are_examined(settings: Settings) -> None:
    many(1, pixel_id="9876543210987654", **LOST)
    LaneFactory(pixel_id="9876543210987654", paused=True)
    refresh()
    of_an_old_pixel = list(Diagnostic.objects.values_list("code", flat=True))

    settings.CAPI = {**settings.CAPI, "PIXEL_ID": "9876543210987654"}
    refresh()

    assert of_an_old_pixel == []
    assert {row.pixel_id for row in rows()} == {"9876543210987654"}


def test_a_site_without_a_pixel_has_none(settings: Settings) -> None:
    many(1, **LOST)
    settings.CAPI = {}

    refresh()

    assert rows() == []


def test_test_events_are_not_counted() -> None:
    many(25, test_event_code="TEST1", match_keys=0, **LOST)

    refresh()

    assert not Diagnostic.objects.exists()


def test_a_test_code_is_no_fault_in_development(settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "TEST_EVENT_CODE": "TEST123"}
    settings.DEBUG = True

    refresh()

    assert not Diagnostic.objects.exists()


def test_a_script_that_was_not_collected_is_missed(settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    refresh()
    missed = [row.is_open for row in rows("static_missing")]
    (tmp_path / "django_capi").mkdir()
    (tmp_path / "django_capi" / "pixel.js").touch()
    refresh()

    assert missed == [True]
    assert [row.is_open for row in rows("static_missing")] == [None]


def test_a_site_without_static_files_lacks_no_script(settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT, settings.STATIC_URL = tmp_path, None

    refresh()

    assert not Diagnostic.objects.exists()


def test_a_silenced_check_raises_no_diagnostic(settings: Settings) -> None:
    settings.SECURE_CSP = {"default-src": ["'none'"]}
    settings.SILENCED_SYSTEM_CHECKS = ["django_capi.W007"]

    refresh()

    assert not Diagnostic.objects.exists()


@pytest.mark.parametrize(
    ("custom_data", "code"),
    [
        ({"currency": "EUR"}, "missing_value"),
        ({"value": 3}, "bad_currency"),
        ({"value": 3, "currency": "EUR"}, "weak_combo"),
    ],
)
def test_what_this_app_refuses_is_named(custom_data: CustomDataDict, code: str) -> None:
    person: UserDataDict = {"em": "ann@example.com"} if code != "weak_combo" else {"country": "de", "ct": "berlin"}
    track("Purchase", user_data=person, custom_data=custom_data, consent=True)

    refresh()

    assert set(Diagnostic.objects.values_list("code", flat=True)) == {"lost", code}


def test_a_worker_s_pass_refreshes() -> None:
    many(1, **LOST)

    run()

    assert [row.affected for row in rows()] == [1]


def test_a_refresh_that_fails_does_not_stop_the_worker(caplog: pytest.LogCaptureFixture) -> None:
    def refusing(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if "django_capi_diagnosticrefresh" in sql:
            raise DatabaseError("no such table")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refusing):
        run()

    assert "Diagnostics could not be refreshed: DatabaseError." in caplog.text


def test_the_doctor_determines_them_anew_and_warns() -> None:
    many(3, **LOST)
    many(30, event_name="Lead", met=True)
    LaneFactory(paused=True)
    refresh()
    many(1, **LOST)
    Count.objects.update(counted_at=None)
    Diagnostic.objects.filter(code="rejected").update(muted_until=timezone.now() + timedelta(days=1))

    found = list(doctor.examine())

    assert {finding.level for finding in found} == {"warn"}
    assert [finding.message for finding in found] == [
        f"Meta refuses the access token (token, of pixel {PIXEL_ID}).",
        f"Events reached Meta by neither channel (lost, Purchase of pixel {PIXEL_ID}, 4 events).",
    ]
    assert found[1].advice == "Open the list: each event says why."


def test_the_doctor_has_nothing_to_say_of_a_sound_site(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.CAPI = {**settings.CAPI, "NUDGE": False}  # a broker may be missing here
    many(30, met=True)

    call_command("capi_doctor", "--no-send", "--json")

    assert "Nothing to report of the last 24 hours." in capsys.readouterr().out


def test_an_address_is_kept_as_sixteen_bits_of_a_keyed_digest(settings: Settings, visitor: Client) -> None:
    visitor.get("/page/")

    trace = trace_of(ADDRESS) or ""
    settings.SECRET_KEY = "another"

    assert (Event.objects.get().server_ip, len(trace)) == (trace, 4)
    assert trace_of(ADDRESS) != trace
    assert trace_of(None) is None


def test_an_event_without_an_address_has_no_trace() -> None:
    track("Lead", user_data={"em": "ann@example.com"}, consent=True)

    event = Event.objects.get()
    assert (event.server_ip, event.server_ip_version) == (None, None)


@pytest.mark.parametrize(
    ("address", "version"),
    [("8.8.8.8", 4), ("2001:4860:4860::8888", 6), ("::ffff:8.8.8.8", 4), ("10.0.0.1", None)],
    ids=["IPv4", "IPv6", "IPv4 in IPv6", "private"],
)
def test_the_version_of_an_address_is_kept(address: str, version: int | None) -> None:
    track("Lead", user_data={"em": "ann@example.com", "client_ip_address": address}, consent=True)

    assert Event.objects.get().server_ip_version == version
