"""Deliver due events once or continuously, for sites without Celery."""

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
    help = "Send due events to Meta, once or, with --watch, until SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--watch", action="store_true", help="keep sending until SIGTERM or Ctrl-C")
        parser.add_argument(
            "--interval", type=float, default=5.0, help="seconds between two passes of --watch (default: 5)"
        )

    def handle(self, *args: Any, watch: bool, interval: float, **options: Any) -> None:
        if not watch:
            self.print_report(run())
            return
        stop = threading.Event()
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signal_number, lambda *_: stop.set())
        while not stop.is_set():
            self.deliver(stop)
            stop.wait(interval)

    def deliver(self, stop: threading.Event) -> None:
        """Make one pass. --watch continues when the database is unavailable."""
        close_old_connections()
        try:
            report = run(is_over=stop.is_set)
        except (OperationalError, InterfaceError) as error:
            connections.close_all()
            self.stderr.write(f"The database does not answer ({type(error).__name__}); trying again.")
            return
        if report.requests or report.expired or report.found:
            self.print_report(report)

    def print_report(self, report: DeliveryReport) -> None:
        figures = asdict(report)
        paused = figures.pop("paused")
        self.stdout.write(", ".join(f"{name} {count}" for name, count in figures.items()))
        for pixel_id, reason in paused.items():
            self.stdout.write(self.style.WARNING(f"pixel {pixel_id} is paused: {reason}"))
