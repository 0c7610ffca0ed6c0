from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from django.db import transaction
from pytest_django import Settings

from django_capi import tasks
from django_capi.delivery import nudge
from django_capi.delivery.client import memory
from django_capi.tracking import track


@pytest.fixture(autouse=True)
def _new_publisher(monkeypatch: pytest.MonkeyPatch) -> None:
    """A publisher whose thread has not been started."""
    monkeypatch.setattr(nudge, "publisher", nudge.Publisher())


@pytest.fixture
def silent_broker() -> Iterator[int]:
    """A port that accepts and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def waiting(app: Celery) -> int:
    with app.connection_for_read() as connection:
        channel: Any = connection.default_channel
        return int(channel.queue_declare(app.conf.task_default_queue, passive=False).message_count)


def test_a_published_nudge_carries_no_data(celery_app: Celery) -> None:
    assert nudge.publish()

    with celery_app.connection_for_read() as connection:
        channel: Any = connection.default_channel
        message = channel.basic_get(celery_app.conf.task_default_queue, no_ack=True)
    assert message.headers["task"] == "django_capi.deliver"
    assert (message.headers["argsrepr"], message.headers["kwargsrepr"]) == ("()", "{}")


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_refuses_is_no_error(celery_app: Celery, scheme: str, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    celery_app.conf.update(broker_url=f"{scheme}://user:s3cret@127.0.0.1:{port}/")

    assert not nudge.publish()

    assert "The broker cannot be reached" in caplog.text
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_never_answers_is_given_up(celery_app: Celery, scheme: str, silent_broker: int) -> None:
    celery_app.conf.update(broker_url=f"{scheme}://127.0.0.1:{silent_broker}/")
    done = threading.Event()

    def publish() -> None:
        nudge.publish()
        done.set()

    threading.Thread(target=publish, daemon=True).start()

    assert done.wait(20), "publishing hangs on a silent broker"


@pytest.mark.usefixtures("outside_tests")
def test_the_ringing_thread_publishes_once_for_many_commits(celery_app: Celery) -> None:
    for _ in range(1000):
        nudge.nudge()

    until = time.monotonic() + 10
    while not waiting(celery_app) and time.monotonic() < until:
        time.sleep(0.02)
    assert 1 <= waiting(celery_app) <= 2


@pytest.mark.usefixtures("outside_tests")
def test_eager_celery_never_sends_inside_the_request(celery_app: Celery) -> None:
    celery_app.conf.task_always_eager = True

    nudge.nudge()

    assert not memory.sent
    assert nudge.publisher.pid == 0


def test_under_a_test_runner_nobody_is_nudged() -> None:
    nudge.nudge()

    assert nudge.publisher.pid == 0


@pytest.mark.usefixtures("outside_tests", "celery_app")
def test_a_project_without_celery_nudges_no_broker() -> None:
    Celery(nudge.CELERYS_OWN, fixups=[]).set_current()  # as where no app was made

    nudge.nudge()

    assert nudge.publisher.pid == 0


@pytest.mark.usefixtures("outside_tests")
def test_a_site_may_do_without_the_nudge(settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "NUDGE": False}

    nudge.nudge()

    assert nudge.publisher.pid == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("outside_tests")
def test_a_worker_is_woken_when_the_transaction_commits_and_not_before(celery_app: Celery) -> None:
    with transaction.atomic():
        track("Lead", user_data={"em": "jane@example.com"}, consent=True)
        before = nudge.publisher.requested.is_set()

    until = time.monotonic() + 10
    while not waiting(celery_app) and time.monotonic() < until:
        time.sleep(0.02)
    assert not before
    assert waiting(celery_app) >= 1


@pytest.mark.django_db
def test_the_task_delivers() -> None:
    track("Lead", user_data={"em": "jane@example.com"}, consent=True)

    tasks.deliver()

    assert len(memory.sent) == 1
