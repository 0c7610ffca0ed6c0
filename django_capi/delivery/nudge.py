"""Wake a Celery worker when a transaction with new events commits. The regular pass delivers without it.

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
TIMEOUT = 0.5  # seconds to connect, and for each answer
SILENCE = 30.0  # seconds without a try after a failure
DEBOUNCE = 0.25  # seconds: a thousand commits make four messages a second
EXPIRES = 60  # seconds until an unread message is worthless


def nudge() -> None:
    """Tell a worker that something is due. Returns at once and never raises."""
    if conf.NUDGE and not bell.is_ringing() and not is_testing() and not current_app.conf.task_always_eager:
        bell.ring()


class Bell:
    """A thread that publishes at most one message in a while. It is made anew in a forked child."""

    def __init__(self) -> None:
        self.pid = 0
        self.rung = threading.Event()
        self.lock = threading.Lock()

    def is_ringing(self) -> bool:
        """A message is on its way already."""
        return self.rung.is_set() and self.pid == os.getpid()

    def ring(self) -> None:
        if self.pid != os.getpid():
            with self.lock:
                self.start()
        self.rung.set()

    def start(self) -> None:
        if self.pid == os.getpid():
            return
        self.rung = threading.Event()
        try:
            threading.Thread(target=self.listen, args=(self.rung,), name="capi-nudge", daemon=True).start()
        except RuntimeError:  # no more threads, or the interpreter is going down: the sweep delivers
            return
        self.pid = os.getpid()

    def listen(self, rung: threading.Event) -> None:
        while True:
            rung.wait()
            rung.clear()
            time.sleep(DEBOUNCE if publish() else SILENCE)


bell = Bell()


def publish() -> bool:
    """Put a message into the queue unless one waits there; False when the broker cannot be reached in time.

    A message that waits will wake a worker, which then reads what is due; a second one would say no more. So with no
    worker there is one message, however many processes and days: Redis keeps expired ones until a worker takes them.
    """
    try:
        options = timeouts(str(current_app.conf.broker_write_url or current_app.conf.broker_url or ""))
        with current_app.connection_for_write(connect_timeout=TIMEOUT, transport_options=options) as connection:
            if not waiting(connection):
                current_app.send_task(TASK, connection=connection, expires=EXPIRES, retry=False, ignore_result=True)
    except Exception as error:  # noqa: BLE001  # whatever the transport raises: latency is lost, no event is
        logger.warning(
            "The broker cannot be reached (%s). Events wait for the next sweep; trying again in %d seconds.",
            type(error).__name__,
            SILENCE,
        )
        return False
    return True


def waiting(connection: Connection) -> int:
    """How many messages wait in the task's queue; 0 when there is no such queue, or the broker does not say."""
    queue = current_app.amqp.router.route({}, TASK).get("queue")
    if queue is None:  # routed by an exchange
        return 0
    channel: Any = connection.channel()
    try:
        return int(channel.queue_declare(queue.name, passive=True).message_count)
    except connection.channel_errors:
        return 0


def timeouts(broker_url: str) -> dict[str, Any]:
    """The transport's own words for `not longer than that`, and no retries inside it."""
    no_retries = {"max_retries": 0, "interval_start": 0, "interval_step": 0, "interval_max": 0}
    scheme = broker_url.partition(":")[0].partition("+")[0]
    if scheme in ("redis", "rediss", "sentinel"):
        return {**no_retries, "socket_connect_timeout": TIMEOUT, "socket_timeout": TIMEOUT, "retry_on_timeout": False}
    if scheme in ("amqp", "amqps", "pyamqp"):
        return {**no_retries, "read_timeout": TIMEOUT, "write_timeout": TIMEOUT}
    return {}
