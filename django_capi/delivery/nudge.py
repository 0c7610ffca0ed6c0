"""Wake a Celery worker when a transaction with new events commits. Periodic delivery does not need it.

The message carries no data. It is published by a background thread, with short timeouts and no retries, so that a
dead or silent broker costs a request nothing.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import Any, Final

from celery import current_app
from kombu import Connection

from django_capi.conf import conf, is_testing

logger = logging.getLogger("django_capi")

TASK: Final = "django_capi.deliver"
CELERYS_OWN: Final = "default"  # the name of the app that Celery makes where a project has none
TIMEOUT = 0.5  # seconds to connect, and for each answer
SILENCE = 30.0  # seconds without an attempt after a failure
DEBOUNCE = 0.25  # seconds between two messages
EXPIRES = 60  # seconds until an unread message expires


def nudge() -> None:
    """Wake a worker. Returns at once and never raises."""
    if not conf.NUDGE or publisher.is_requested() or is_testing():
        return
    if has_app() and not current_app.conf.task_always_eager:
        publisher.request()


def has_app() -> bool:
    """Whether the project has a Celery app. Celery's own one would publish to any broker that runs on this machine."""
    return current_app.main != CELERYS_OWN or bool(broker_url())


def broker_url() -> str:
    return str(current_app.conf.broker_write_url or current_app.conf.broker_url or "")


class Publisher:
    """A thread that publishes at most one message per DEBOUNCE. A forked child starts its own."""

    def __init__(self) -> None:
        self.pid = 0
        self.requested = threading.Event()
        self.lock = threading.Lock()

    def is_requested(self) -> bool:
        """Whether a message will be published already."""
        return self.requested.is_set() and self.pid == os.getpid()

    def request(self) -> None:
        if self.pid != os.getpid():
            with self.lock:
                self.start()
        self.requested.set()

    def start(self) -> None:
        if self.pid == os.getpid():
            return
        self.requested = threading.Event()
        try:
            threading.Thread(target=self.listen, args=(self.requested,), name="capi-nudge", daemon=True).start()
        except RuntimeError:  # no more threads, or the interpreter is shutting down; periodic delivery remains
            return
        self.pid = os.getpid()

    def listen(self, requested: threading.Event) -> None:
        while True:
            requested.wait()
            requested.clear()
            time.sleep(DEBOUNCE if publish() else SILENCE)


publisher = Publisher()


def publish() -> bool:
    """Publish a message unless one waits in the queue. False if the broker cannot be reached in time.

    One waiting message is enough, as the worker it wakes reads everything that is due. While no worker runs, messages
    would pile up otherwise: Redis keeps expired ones until a worker takes them.
    """
    try:
        options = timeouts(broker_url())
        with current_app.connection_for_write(connect_timeout=TIMEOUT, transport_options=options) as connection:
            if not waiting_messages(connection):
                current_app.send_task(TASK, connection=connection, expires=EXPIRES, retry=False, ignore_result=True)
    except Exception as error:  # noqa: BLE001  # a transport may raise anything; only latency is lost
        logger.warning(
            "The broker cannot be reached (%s). Events wait for periodic delivery; next attempt in %d seconds.",
            type(error).__name__,
            SILENCE,
        )
        return False
    return True


def waiting_messages(connection: Connection) -> int:
    """Return how many messages wait in the task's queue; 0 if there is no such queue, or the broker does not say."""
    queue = current_app.amqp.router.route({}, TASK).get("queue")
    if queue is None:  # routed by an exchange
        return 0
    channel: Any = connection.channel()
    try:
        return int(channel.queue_declare(queue.name, passive=True).message_count)
    except connection.channel_errors:
        return 0


def timeouts(url: str) -> dict[str, Any]:
    """Return the transport's options for short timeouts without retries."""
    no_retries = {"max_retries": 0, "interval_start": 0, "interval_step": 0, "interval_max": 0}
    scheme = url.partition(":")[0].partition("+")[0]
    if scheme in ("redis", "rediss", "sentinel"):
        return {**no_retries, "socket_connect_timeout": TIMEOUT, "socket_timeout": TIMEOUT, "retry_on_timeout": False}
    if scheme in ("amqp", "amqps", "pyamqp"):
        return {**no_retries, "read_timeout": TIMEOUT, "write_timeout": TIMEOUT}
    return {}
