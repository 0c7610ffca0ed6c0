"""`manage.py capi_deliver`: send the due events without Celery, once or until it is stopped."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, close_old_connections, connections
from django.utils import timezone

from django_capi.database.alias import using
from django_capi.delivery import lanes
from django_capi.delivery.drain import DeliveryReport
from django_capi.models import Lane
from django_capi.reports.freshness import Pause, backlog
from django_capi.worker import run


class Command(BaseCommand):
    help = "Send the due events to Meta, once, or with --watch until SIGTERM."
    pauses: tuple[Pause, ...] = ()  # as last printed

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--watch", action="store_true", help="go on until SIGTERM or Ctrl-C")
        parser.add_argument("--resume", action="store_true", help="first end every pause, after its cause was fixed")
        parser.add_argument("--interval", type=float, default=5.0, help="seconds between two passes of --watch")

    def handle(self, *args: Any, watch: bool, resume: bool, interval: float, **options: Any) -> None:
        if resume:
            self.resume()
        if not watch:
            self.say(run())
            self.say_pauses(backlog(now=timezone.now()).pauses)
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        while not stop.is_set():
            self.look(stop)
            stop.wait(interval)

    def resume(self) -> None:
        paused = Lane.objects.using(using()).filter(paused_until__gt=timezone.now())
        count = lanes.resume(list(paused.values_list("pk", flat=True)))
        self.stdout.write(f"{count} {'pixel resumes' if count == 1 else 'pixels resume'}.")

    def look(self, stop: threading.Event) -> None:
        """Make one pass. The watch goes on when the database is unavailable."""
        close_old_connections()
        try:
            report = run(is_over=stop.is_set)
            pauses = backlog(now=timezone.now()).pauses
        except (OperationalError, InterfaceError) as error:
            connections.close_all()
            self.stderr.write(f"The database does not answer ({type(error).__name__}); trying again.")
            return
        if report.requests or report.expired or report.found:
            self.say(report)
        if pauses != self.pauses:  # said once, not at each pass
            self.pauses = pauses
            self.say_pauses(pauses)

    def say(self, report: DeliveryReport) -> None:
        figures = asdict(report)
        figures.pop("paused")  # all pauses are printed, those of earlier passes as well
        self.stdout.write(", ".join(f"{name} {count}" for name, count in figures.items()))

    def say_pauses(self, pauses: Sequence[Pause]) -> None:
        for pause in pauses:
            until = f"{timezone.localtime(pause.until):%Y-%m-%d %H:%M:%S %Z}"
            self.stdout.write(
                self.style.WARNING(
                    f"pixel {pause.pixel_id} is paused, next try {until}: {pause.reason} After the cause is fixed, run "
                    "manage.py capi_deliver --resume."
                )
            )
