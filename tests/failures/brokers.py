"""Roles that use Celery: workers, beats and nudges on a given broker."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

from celery import Celery
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.test import RequestFactory

from django_capi.delivery.nudge import EXPIRES, TASK
from tests.conftest import ADDRESS, AGENT

PUBLISHERS = 10


def on(broker: str, queue: str) -> Celery:
    """The site's Celery, which every later `current_app` is."""
    app = Celery("fire", broker=broker)
    app.conf.task_default_queue = queue
    app.conf.broker_connection_retry_on_startup = True
    app.set_default()
    app.set_current()
    return app


def work(*, broker: str, queue: str, name: str, **_: object) -> None:
    """A Celery worker until SIGTERM."""
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    on(broker, queue).worker_main(["worker", "--pool=solo", "--loglevel=WARNING", f"--hostname={name}", *quiet])


def beat(*, broker: str, queue: str, seconds: float, schedule: str, **_: object) -> None:
    """Celery beat until SIGTERM: a sweep every few moments."""
    app = on(broker, queue)
    app.conf.beat_schedule = {"deliver": {"task": "django_capi.deliver", "schedule": seconds}}
    app.Beat(loglevel="WARNING", schedule=schedule).run()


def nudge(*, broker: str, queue: str, count: int, **_: object) -> int:
    """So many messages at once, though one waits already; the number that the broker took."""
    app = on(broker, queue)
    taken: list[object] = []

    def publish() -> None:
        for _ in range(count // PUBLISHERS):
            taken.append(app.send_task(TASK, expires=EXPIRES, ignore_result=True))  # noqa: PERF401  # one by one

    threads = [threading.Thread(target=publish) for _ in range(PUBLISHERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(taken)


def forget(*, broker: str, queue: str, **_: object) -> None:
    """Leave nothing on the broker."""
    app = on(broker, queue)
    with app.connection_for_write() as connection:
        bound: Any = app.amqp.queues[queue](connection.default_channel)
        bound.declare()
        bound.delete()
        bound.exchange.delete()


def checkouts(*, broker: str, queue: str, count: int, **_: object) -> dict[str, float]:
    """Requests that commit a tracked event while the broker is as it is: the first one, and the median of the rest."""
    on(broker, queue)
    handle = WSGIHandler()
    times = [timed(lambda: shop(handle)) for _ in range(count + 1)]
    return {"first": times[0], "median": statistics.median(times[1:]), "longest": max(times[1:])}


def shop(handle: WSGIHandler) -> None:
    request = RequestFactory().post("/lead/", HTTP_USER_AGENT=AGENT, REMOTE_ADDR=ADDRESS)
    response = handle.get_response(request)
    response.close()
    assert isinstance(response, HttpResponse)
    assert response.content not in (b"", b"none")


def timed(call: Callable[[], None]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
