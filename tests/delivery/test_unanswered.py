"""With no worker, one nudge waits on the broker, and the next one follows when a worker has taken it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from celery import Celery
from celery.app import app_or_default
from kombu import Queue

from django_capi import tasks
from django_capi.delivery import nudge
from django_capi.models import Event, Status
from django_capi.tracking import track
from tests.failures.services import need

QUEUE = f"nudges-{uuid.uuid4().hex}"


@pytest.fixture(params=["redis", "rabbitmq"])
def app(request: pytest.FixtureRequest) -> Iterator[Celery]:
    """The site's Celery on a real broker, with an empty queue."""
    before = app_or_default()
    app = Celery("site", fixups=[], broker=need(request.param))
    app.conf.task_default_queue = QUEUE
    app.conf.broker_connection_retry_on_startup = True
    app.set_current()
    app.set_default()
    yield app
    with channel_of(app) as channel:
        channel.queue_delete(QUEUE)
    app.close()
    before.set_current()
    before.set_default()


@contextmanager
def channel_of(app: Celery) -> Iterator[Any]:
    with app.connection_for_write() as connection:
        yield connection.channel()


def length(app: Celery, queue: str = QUEUE) -> int:
    with app.connection_for_read() as connection:
        channel: Any = connection.channel()
        try:
            return int(channel.queue_declare(queue, passive=True).message_count)
        except connection.channel_errors:
            return 0


def take(app: Celery) -> None:
    """As a worker does with a message."""
    with channel_of(app) as channel:
        assert channel.basic_get(QUEUE, no_ack=True)


def test_without_a_worker_one_message_waits(app: Celery) -> None:
    published = [nudge.publish() for _ in range(50)]

    assert all(published)
    assert length(app) == 1


def test_each_process_adds_at_most_one_message(app: Celery) -> None:
    """Two may look at the same moment, before either has published."""
    threads = [threading.Thread(target=lambda: [nudge.publish() for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 1 <= length(app) <= 4


def test_an_answered_nudge_is_followed_by_the_next(app: Celery) -> None:
    lengths = []
    for _ in range(3):
        nudge.publish()
        take(app)
        lengths.append(length(app))
        nudge.publish()
        lengths.append(length(app))
        take(app)

    assert lengths == [0, 1] * 3


@pytest.mark.django_db
def test_a_worker_that_comes_back_delivers_and_is_nudged_again(app: Celery) -> None:
    track("Lead", user_data={"em": "jane@example.com"}, consent=True)
    for _ in range(3):
        nudge.publish()
    before = length(app)

    take(app)
    tasks.deliver()
    nudge.publish()

    assert (before, length(app)) == (1, 1)
    assert Event.objects.get().status == Status.ACCEPTED


def test_a_queue_that_is_not_there_yet_is_empty(app: Celery) -> None:
    with app.connection_for_write() as connection:
        assert nudge.waiting_messages(connection) == 0


def test_a_task_with_a_queue_of_its_own_is_counted_there(app: Celery) -> None:
    """Messages of other tasks say nothing about it."""
    own = f"{QUEUE}-own"
    app.conf.task_queues = [Queue(QUEUE), Queue(own)]
    app.conf.task_routes = {nudge.TASK: {"queue": own}}
    with channel_of(app) as channel:
        app.send_task("mails.send", queue=QUEUE)

        for _ in range(3):
            nudge.publish()

        assert length(app, own) == 1
        channel.queue_delete(own)
