from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone

from django_capi.delivery.client import memory
from django_capi.delivery.drain import deliver
from django_capi.management.commands.capi_deliver import Command
from django_capi.management.stopping import Stop
from django_capi.models import Event, Status
from django_capi.tracking import track
from example_project.demo.processes import ROOT
from tests.support.factories import LaneFactory


@pytest.mark.django_db
def test_capi_deliver_sends_once_and_prints_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    track("Lead", user_data={"em": "jane@example.com"}, consent=True)

    call_command("capi_deliver")

    assert "accepted 1, rejected 0" in capsys.readouterr().out
    assert len(memory.sent) == 1


@pytest.mark.django_db
def test_capi_deliver_says_why_nothing_is_sent_and_how_to_resume(capsys: pytest.CaptureFixture[str]) -> None:
    LaneFactory(paused=True)
    track("Lead", user_data={"em": "jane@example.com"}, consent=True)

    call_command("capi_deliver")

    printed = capsys.readouterr().out
    assert "is paused, next try" in printed
    assert "The access token has expired. After the cause is fixed, run manage.py capi_deliver --resume." in printed
    assert memory.sent == []


@pytest.mark.django_db
def test_capi_deliver_resumes_when_it_is_asked_to(capsys: pytest.CaptureFixture[str]) -> None:
    LaneFactory(paused=True)
    track("Lead", user_data={"em": "jane@example.com"}, consent=True)

    call_command("capi_deliver", "--resume")

    assert capsys.readouterr().out.startswith("1 pixel resumes.\nfound 0, accepted 1")
    assert len(memory.sent) == 1


@pytest.mark.django_db(transaction=True)  # the command closes connections between its passes
def test_watching_prints_a_pause_once_and_again_when_it_changes() -> None:
    out = StringIO()
    command = Command(stdout=out)
    lane = LaneFactory(paused=True)
    track("Lead", user_data={"em": "jane@example.com"}, consent=True)

    command.deliver(Stop())
    command.deliver(Stop())
    assert out.getvalue().count("is paused, next try") == 1

    lane.paused_until += timedelta(minutes=5)
    lane.save()
    command.deliver(Stop())
    assert out.getvalue().count("is paused, next try") == 2


def test_a_signal_at_any_moment_ends_the_wait() -> None:
    """With a `threading.Event`, one that arrives while its lock is held would hang the process."""
    before = signal.getsignal(signal.SIGALRM)
    try:
        for place in range(400):
            stop = Stop()
            signal.signal(signal.SIGALRM, stop.set)
            signal.setitimer(signal.ITIMER_REAL, 1e-5 * (1 + place % 50))
            while not stop.wait(1e-5):
                pass
            assert stop.is_set()
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.django_db
def test_a_pass_that_is_over_sends_nothing_more() -> None:
    track("Lead", user_data={"em": "jane@example.com"}, consent=True)

    report = deliver(is_over=lambda: True)

    assert report.requests == 0
    assert Event.objects.get().status == Status.PENDING


@pytest.mark.django_db
def test_capi_prune_prints_how_many_rows_it_deleted(capsys: pytest.CaptureFixture[str]) -> None:
    track("Lead", user_data={"em": "jane@example.com"}, consent=True)
    long_ago = timezone.now() - timedelta(days=100)
    Event.objects.update(status=Status.ACCEPTED, finished_at=long_ago, event_time=F("event_time") - 100 * 86400)

    call_command("capi_prune")

    assert capsys.readouterr().out == "Deleted rows: 1\n"
    assert not Event.objects.exists()


@pytest.mark.story
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_watching_survives_a_missing_database_and_stops_on_a_signal(tmp_path: Path, number: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "django", "capi_deliver", "--watch", "--interval", "0.1"],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3",
            "PYTHONUNBUFFERED": "1",
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    message = process.stderr.readline()

    process.send_signal(number)
    _, rest = process.communicate(timeout=60)

    assert "The database does not answer (OperationalError)" in message
    assert process.returncode == 0
    assert "Traceback" not in rest
