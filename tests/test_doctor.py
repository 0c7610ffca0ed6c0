"""A running installation, healthy and ill in each way, and what `manage.py capi_doctor` says of it."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import requests
from celery import Celery
from celery.app import app_or_default
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from pytest_django import Settings

from django_capi.delivery import http, nudge
from django_capi.delivery.drain import deliver
from django_capi.doctor import NAMES, Finding, Level, clocks, egress, examine, examine_without_network
from django_capi.models import ConversionMark, ConversionSource, ConversionState, Event, Lane, Rank
from example_project.standin.server import Running, serve
from tests.support.factories import PIXEL_ID, EventFactory, LaneFactory

pytestmark = pytest.mark.django_db

COMMANDS = Path(__file__).parents[1] / "docs/reference/commands.md"
TOKEN = "test-token-0123456789-that-must-not-leak"


@pytest.fixture
def meta(settings: Settings) -> Iterator[Running]:
    running = serve(token=TOKEN)
    settings.CAPI = {**settings.CAPI, "SENDER": "graph", "GRAPH_URL": running.url, "ACCESS_TOKEN": TOKEN}
    yield running
    http.session().close()
    running.stop()


@pytest.fixture(autouse=True)
def celery_app() -> Iterator[Celery]:
    """A site whose Celery has a broker of its own in memory, and a beat that sweeps."""
    before = app_or_default()
    app = Celery("site", fixups=[], broker="memory://")
    app.conf.task_default_queue = uuid.uuid4().hex
    app.conf.beat_schedule = {"sweep": {"task": "django_capi.deliver", "schedule": 30.0}}
    app.set_current()
    app.set_default()
    yield app
    app.close()
    before.set_current()
    before.set_default()


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def found(name: str, **options: Any) -> list[Finding]:
    findings = list(examine(**options))
    assert {finding.name for finding in findings} <= set(NAMES)
    return [finding for finding in findings if finding.name == name]


def only(name: str, **options: Any) -> Finding:
    (finding,) = found(name, **options)
    return finding


def late(**values: Any) -> None:
    EventFactory(due_at=timezone.now() - timedelta(minutes=12), **values)


class TestCommand:
    def test_a_sound_installation_passes(self, meta: Running) -> None:
        LaneFactory(last_ok_at=timezone.now())
        out = StringIO()

        call_command("capi_doctor", "--test-event-code", "TEST123", stdout=out, no_color=True)

        levels = {line.split()[0] for line in out.getvalue().splitlines() if not line.startswith(" ")}
        assert levels <= {"ok", "warn"}
        assert "accepted a test event" in out.getvalue()

    def test_what_fails_fails_the_command(self, meta: Running) -> None:
        late()

        with pytest.raises(CommandError) as raised:
            call_command("capi_doctor", stdout=StringIO(), stderr=StringIO())

        assert raised.value.returncode == 1

    def test_what_is_no_test_code_is_sent_nowhere(self, meta: Running) -> None:
        with pytest.raises(CommandError, match="'bad code!' is no test code"):
            call_command("capi_doctor", "--test-event-code", "bad code!", stdout=StringIO())

        assert meta.state.seen.counts()["server"] == 0

    def test_the_json_holds_every_finding_and_nothing_else(self, meta: Running) -> None:
        LaneFactory(last_ok_at=timezone.now())
        out = StringIO()

        call_command("capi_doctor", "--json", "--no-send", stdout=out)

        report = json.loads(out.getvalue())
        assert report["ok"] is True
        assert {item["name"] for item in report["findings"]} >= {"database", "migrations", "backlog", "worker", "clock"}
        assert report.keys() == {"ok", "counts", "findings"}
        assert sum(report["counts"].values()) == len(report["findings"])
        assert all(item.keys() == {"name", "level", "message", "advice"} for item in report["findings"])
        assert {item["level"] for item in report["findings"]} <= {"ok", "warn", "fail"} == report["counts"].keys()

    def test_the_json_is_whole_when_a_check_fails(self, meta: Running) -> None:
        late()
        out = StringIO()

        with pytest.raises(CommandError) as raised:
            call_command("capi_doctor", "--json", "--no-send", stdout=out)

        report = json.loads(out.getvalue())
        assert raised.value.returncode == 1
        assert (report["ok"], report["counts"]["fail"]) == (False, 2)

    @pytest.mark.parametrize("level", ["warn", "fail"])
    def test_a_pipeline_may_fail_on_warnings(self, level: str, meta: Running) -> None:
        options: dict[str, Any] = {
            "fail_level": level,
            "no_send": True,
            "stdout": StringIO(),
        }  # not sending is a warning
        LaneFactory(seen_at=timezone.now())

        if level == "warn":
            with pytest.raises(CommandError):
                call_command("capi_doctor", **options)
        else:
            call_command("capi_doctor", **options)

    def test_the_names_of_findings_are_documented_in_their_order(self) -> None:
        table = COMMANDS.read_text("utf-8").partition("### Findings")[2].partition("\n## ")[0]

        names = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]

        assert names == list(NAMES)

    def test_without_the_network_only_settings_and_ledger_are_examined(
        self, closed_port: int, celery_app: Celery
    ) -> None:
        celery_app.conf.update(broker_url=f"redis://127.0.0.1:{closed_port}/")

        names = {finding.name for finding in examine_without_network()}

        assert names.isdisjoint({"broker", "egress", "clock", "test event"})
        assert {"settings", "database", "backlog", "worker"} <= names

    def test_no_token_and_no_password_is_printed(
        self, meta: Running, settings: Settings, celery_app: Celery, closed_port: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG")
        celery_app.conf.update(broker_url=f"redis://user:s3cret@127.0.0.1:{closed_port}/")
        settings.CAPI = {**settings.CAPI, "GRAPH_URL": meta.url.replace("://", "://user:s3cret@")}
        out = StringIO()

        with pytest.raises(CommandError):
            call_command("capi_doctor", "--test-event-code", "TEST123", stdout=out)

        assert TOKEN not in out.getvalue() + caplog.text
        assert "s3cret" not in out.getvalue() + caplog.text

    def test_every_bad_finding_says_what_to_do(self, settings: Settings, celery_app: Celery, closed_port: int) -> None:
        celery_app.conf.update(broker_url=f"redis://127.0.0.1:{closed_port}/")
        address = f"http://127.0.0.1:{closed_port}"
        settings.CAPI = {"PIXEL_ID": PIXEL_ID, "ACCESS_TOKEN": TOKEN, "SENDER": "graph", "GRAPH_URL": address}
        late()

        bad = [finding for finding in examine(test_event_code="TEST123") if finding.level is not Level.OK]

        assert {finding.name for finding in bad} >= {"settings", "backlog", "worker", "broker", "egress", "test event"}
        assert all(finding.message and finding.advice for finding in bad)


class TestSettings:
    def test_what_the_checks_find_is_told_with_its_id(self, settings: Settings) -> None:
        settings.CAPI = {"PIXEL_ID": "not digits", "CONSENT": "django_capi.consent.always", "NUDGE": False}

        finding = found("settings")[0]

        assert finding.level is Level.FAIL
        assert "(django_capi.E001)" in finding.message

    def test_a_silenced_message_stays_silent(self, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "CONSENT": None}
        settings.SILENCED_SYSTEM_CHECKS = ["django_capi.W004"]

        assert not [finding for finding in found("settings") if "W004" in finding.message]

    def test_at_a_desk_a_deployments_messages_are_left_out(self, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "TEST_EVENT_CODE": "TEST123"}
        settings.DEBUG = True

        assert not [finding for finding in found("settings") if "W003" in finding.message]


class TestDatabase:
    def test_a_migrated_ledger_is_well(self) -> None:
        assert [only(name).level for name in ("database", "migrations")] == [Level.OK, Level.OK]

    def test_a_migration_that_is_missing_is_named(self) -> None:
        recorder = MigrationRecorder(connection)
        recorder.migration_qs.filter(app="django_capi").delete()

        finding = only("migrations")

        assert finding.level is Level.FAIL
        assert "0001_initial" in finding.message
        assert only("worker").message.startswith("Not checked")

    def test_a_database_that_does_not_answer_is_told_without_its_words(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def unreachable() -> None:
            raise OperationalError("password s3cret refused")

        monkeypatch.setattr(connection, "ensure_connection", unreachable)

        findings = list(examine())

        failed = [finding for finding in findings if finding.level is Level.FAIL]
        assert [finding.name for finding in failed] == ["database"]
        assert "s3cret" not in repr(findings)

    @pytest.mark.parametrize(
        ("mode", "level"), [("IMMEDIATE", Level.OK), ("DEFERRED", Level.WARN), (None, Level.WARN)], ids=str
    )
    def test_sqlite_wants_immediate_transactions(
        self, monkeypatch: pytest.MonkeyPatch, mode: str | None, level: Level
    ) -> None:
        monkeypatch.setitem(connection.settings_dict, "OPTIONS", {"transaction_mode": mode})

        assert [finding.level for finding in found("sqlite")] == ([level] if connection.vendor == "sqlite" else [])


class TestWorker:
    def test_a_new_site_is_told_that_no_worker_ever_ran(self) -> None:
        finding = only("worker")

        assert finding.level is Level.WARN
        assert "No worker has ever run" in finding.message

    def test_with_events_waiting_that_is_a_failure(self) -> None:
        late()

        assert (only("backlog").level, only("worker").level) == (Level.FAIL, Level.FAIL)
        assert "No worker has ever run" in only("worker").message
        assert "12 minutes" in only("backlog").message

    def test_events_that_are_put_off_are_named_with_their_next_try(self) -> None:
        next_try = timezone.now() + timedelta(minutes=45)
        EventFactory(rank=Rank.QUARANTINE, due_at=next_try)
        Event.objects.update(created_at=timezone.now() - timedelta(hours=2))

        finding = only("backlog")

        assert finding.level is Level.OK
        assert finding.message == (
            f"No event is due. 1 event is put off, the next until {next_try:%Y-%m-%d %H:%M:%S} UTC; "
            "the oldest pending event was stored 2 hours ago."
        )

    def test_a_worker_that_ran_once_and_leaves_events_lying_is_deaf(self) -> None:
        LaneFactory(last_ok_at=timezone.now() - timedelta(hours=3))
        late()

        finding = only("worker")

        assert finding.level is Level.FAIL
        assert "although events are due" in finding.message
        assert "3 hours ago" in finding.message

    def test_a_pass_that_found_nothing_to_do_proves_a_worker_as_well(self) -> None:
        deliver()

        assert only("worker").level is Level.OK

    def test_a_worker_that_stopped_is_noticed_though_nothing_waits(self) -> None:
        LaneFactory(seen_at=timezone.now() - timedelta(hours=2), last_ok_at=timezone.now() - timedelta(days=3))

        finding = only("worker")

        assert finding.level is Level.WARN
        assert "the last check by a worker was 2 hours ago, Meta last accepted events 3 days ago" in finding.message

    def test_a_pass_over_a_paused_lane_says_that_the_worker_lives(self) -> None:
        LaneFactory(paused=True, seen_at=timezone.now() - timedelta(hours=2))
        deliver()
        Lane.objects.update(paused_until=None)

        assert "the last check by a worker was 0 seconds ago" in only("worker").message

    def test_a_pass_over_an_idle_site_says_that_the_worker_lives(self) -> None:
        LaneFactory(seen_at=timezone.now() - timedelta(hours=2))

        deliver()

        assert only("worker").level is Level.OK
        assert "the last check by a worker was 0 seconds ago" in only("worker").message

    def test_a_worker_in_the_middle_of_a_long_backlog_is_not_deaf(self) -> None:
        LaneFactory(lease_until=timezone.now() + timedelta(seconds=90))
        late()

        assert (only("worker").level, only("backlog").level) == (Level.OK, Level.FAIL)

    def test_a_pause_is_not_taken_for_deafness_and_is_told_with_its_reason(self) -> None:
        LaneFactory(paused=True)
        late()

        assert only("worker").level is Level.OK
        assert only("pause").level is Level.WARN
        assert "The access token has expired." in only("pause").message

    def test_events_of_a_pixel_that_the_settings_forgot_are_noticed(self) -> None:
        LaneFactory()
        late(pixel_id="999")

        assert [finding.level for finding in found("worker")] == [Level.OK, Level.WARN]
        assert "999" in found("worker")[1].message


class TestBroker:
    def test_one_that_answers_is_well(self) -> None:
        assert only("broker").level is Level.OK

    def test_one_that_is_not_the_projects_is_not_asked(self) -> None:
        Celery(nudge.CELERYS_OWN, fixups=[]).set_current()  # as where no app was made

        assert only("broker").level is Level.WARN
        assert "no Celery app is configured" in only("broker").message

    @pytest.mark.parametrize("scheme", ["redis", "amqp"])
    def test_one_that_refuses_fails(self, celery_app: Celery, closed_port: int, scheme: str) -> None:
        celery_app.conf.update(broker_url=f"{scheme}://127.0.0.1:{closed_port}/")

        assert only("broker").level is Level.FAIL

    @pytest.mark.parametrize("scheme", ["redis", "amqp"])
    def test_one_that_never_answers_fails(self, celery_app: Celery, scheme: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            celery_app.conf.update(broker_url=f"{scheme}://127.0.0.1:{server.getsockname()[1]}/")

            finding = only("broker")

        assert finding.level is Level.FAIL

    def test_a_site_without_the_nudge_needs_none(self, settings: Settings, celery_app: Celery) -> None:
        settings.CAPI = {**settings.CAPI, "NUDGE": False}
        celery_app.conf.update(broker_url="redis://127.0.0.1:1/")

        assert only("broker").level is Level.OK

    def test_eager_celery_is_told(self, celery_app: Celery) -> None:
        celery_app.conf.task_always_eager = True

        assert only("broker").level is Level.WARN


class TestEgress:
    def test_any_answer_of_metas_will_do(self, meta: Running) -> None:
        assert (only("egress").level, only("clock").level) == (Level.OK, Level.OK)

    def test_without_a_way_out_nothing_can_be_sent(self, settings: Settings, closed_port: int) -> None:
        settings.CAPI = {**settings.CAPI, "SENDER": "graph", "GRAPH_URL": f"http://127.0.0.1:{closed_port}"}

        assert only("egress").level is Level.FAIL
        assert not found("clock")

    def test_a_test_runner_does_not_touch_the_network(self) -> None:
        assert only("egress").message == 'Not checked: the sender is "memory".'

    @pytest.mark.parametrize(
        ("seconds", "level"),
        [(0, Level.OK), (4, Level.OK), (-30, Level.WARN), (30, Level.WARN), (-600, Level.FAIL), (600, Level.FAIL)],
    )
    def test_a_clock_that_is_off_is_told_with_its_direction(self, seconds: int, level: Level) -> None:
        now = timezone.now().replace(microsecond=500_000)
        date = format_datetime(now - timedelta(seconds=seconds), usegmt=True)

        finding = egress.clock(date, now=now.timestamp(), whose="Meta")

        assert finding.level is level
        assert level is Level.OK or (
            f"{abs(seconds)} seconds {'ahead of' if seconds > 0 else 'behind'}" in finding.message
        )

    def test_a_date_without_a_zone_is_in_utc(self, settings: Settings) -> None:
        settings.TIME_ZONE = "America/New_York"
        now = timezone.now()

        finding = egress.clock(now.strftime("%a, %d %b %Y %H:%M:%S -0000"), now=now.timestamp(), whose="Meta")

        assert finding.level is Level.OK

    @pytest.mark.parametrize("date", [None, "", "yesterday", "Thu, 99 Foo 2026 99:99:99 GMT"], ids=repr)
    def test_an_answer_without_a_date_says_nothing_of_clocks(self, date: str | None) -> None:
        assert egress.clock(date, now=0.0, whose="Meta").level is Level.WARN

    def test_the_databases_clock_is_compared_as_well(self) -> None:
        assert [finding.level for finding in clocks.examine()] == [Level.OK]


class TestTestEvent:
    def test_without_a_code_nothing_is_sent_and_the_way_is_told(self, meta: Running) -> None:
        finding = only("test event")

        assert finding.level is Level.WARN
        assert "--test-event-code" in finding.advice
        assert meta.state.seen.counts()["server"] == 0

    @pytest.mark.parametrize("where", ["given", "set"])
    def test_a_code_sends_one_event_with_it(self, meta: Running, settings: Settings, where: str) -> None:
        settings.CAPI = {**settings.CAPI, "TEST_EVENT_CODE": "TEST123" if where == "set" else ""}

        finding = only("test event", test_event_code="TEST123" if where == "given" else "")

        (sent,) = meta.state.seen.server_events()
        assert finding.level is Level.OK
        assert (sent.event_name, sent.test_event_code) == ("CapiDoctor", "TEST123")

    def test_no_send_sends_nothing(self, meta: Running, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "TEST_EVENT_CODE": "TEST123"}

        finding = only("test event", may_send=False)

        assert finding.level is Level.WARN
        assert meta.state.seen.counts()["server"] == 0

    def test_a_wrong_token_fails(self, meta: Running, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "ACCESS_TOKEN": "another-token"}

        finding = only("test event", test_event_code="TEST123")

        assert finding.level is Level.FAIL
        assert "Code 190/" in finding.message

    def test_a_missing_token_fails(self, meta: Running, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "ACCESS_TOKEN": ""}

        assert only("test event").level is Level.FAIL

    @pytest.mark.parametrize("said", ["500", "429", "nothing"])
    def test_a_meta_that_is_down_proves_nothing(self, meta: Running, said: str) -> None:
        requests.post(f"{meta.url}/_control", json={"answer": said}, timeout=5).raise_for_status()

        assert only("test event", test_event_code="TEST123").level is Level.WARN

    def test_every_pixel_is_tried(self, meta: Running, settings: Settings) -> None:
        pixels = {"main": {"PIXEL_ID": "1", "ACCESS_TOKEN": TOKEN}, "eu": {"PIXEL_ID": "2", "ACCESS_TOKEN": "wrong"}}
        settings.CAPI = {**settings.CAPI, "PIXELS": pixels}

        findings = found("test event", test_event_code="TEST123")

        assert [finding.level for finding in findings] == [Level.OK, Level.FAIL]

    def test_another_sender_has_no_tokens_to_try(self, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "SENDER": "console"}

        assert only("test event", test_event_code="TEST123").level is Level.WARN


class TestConversions:
    def test_none_that_waits_is_sound(self) -> None:
        ConversionMark.objects.create(object_ref="shop.order:1", event_name="Purchase", state=ConversionState.OPEN)

        assert only("conversions").level is Level.OK

    @pytest.mark.parametrize(("minutes", "level"), [(5, Level.OK), (20, Level.WARN)])
    def test_one_that_stays_incomplete_is_named(self, minutes: int, level: Level) -> None:
        happened_at = timezone.now() - timedelta(minutes=minutes)
        ConversionMark.objects.create(
            object_ref="shop.order:1",
            event_name="Purchase",
            state=ConversionState.INCOMPLETE,
            happened_at=happened_at,
        )

        finding = only("conversions")

        assert finding.level is level
        assert ("1 conversion is incomplete, the oldest for 20 minutes" in finding.message) == (level is Level.WARN)

    def test_a_search_that_has_stopped_is_named(self) -> None:
        ConversionSource.objects.create(
            model="shop.order",
            database="default",
            event_name="Lead",
            swept_at=timezone.now() - timedelta(hours=2),
        )

        assert "changed without signals was 2 hours ago" in only("conversions").message
