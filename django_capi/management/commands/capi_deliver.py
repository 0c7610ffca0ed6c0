"""`manage.py capi_deliver`: sends what is due, once or for as long as it runs. The way without Celery."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, close_old_connections, connections

from django_capi.delivery.drain import DeliveryReport
from django_capi.worker import run


class Command(BaseCommand):
    help = "Send the due events to Meta, once, or with --watch until SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--watch", action="store_true", help="go on until SIGTERM or Ctrl-C")
        parser.add_argument("--interval", type=float, default=5.0, help="seconds between two passes of --watch")

    def handle(self, *args: Any, watch: bool, interval: float, **options: Any) -> None:
        if not watch:
            self.say(run())
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        while not stop.is_set():
            self.look(stop)
            stop.wait(interval)

    def look(self, stop: threading.Event) -> None:
        """One pass. A database that is away for a while ends no watch."""
        close_old_connections()
        try:
            report = run(is_over=stop.is_set)
        except (OperationalError, InterfaceError) as error:
            connections.close_all()
            self.stderr.write(f"The database does not answer ({type(error).__name__}); trying again.")
            return
        if report.requests or report.expired or report.found:
            self.say(report)

    def say(self, report: DeliveryReport) -> None:
        figures = asdict(report)
        paused = figures.pop("paused")
        self.stdout.write(", ".join(f"{name} {count}" for name, count in figures.items()))
        for pixel_id, reason in paused.items():
            self.stdout.write(self.style.WARNING(f"pixel {pixel_id} pauses: {reason}"))
