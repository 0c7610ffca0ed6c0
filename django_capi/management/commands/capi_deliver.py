"""Deliver due events once or continuously, for sites without Celery."""

from __future__ import annotations

import signal
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
from django_capi.management.stopping import Stop
from django_capi.models import Lane
from django_capi.reports.freshness import Pause, backlog
from django_capi.worker import run


class Command(BaseCommand):
    help = "Send due events to Meta, once or, with --watch, until SIGTERM."

    pauses: tuple[Pause, ...] = ()  # as last printed

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--watch", action="store_true", help="keep sending until SIGTERM or Ctrl-C")
        parser.add_argument(
            "--interval", type=float, default=5.0, help="seconds between two passes of --watch (default: 5)"
        )
        parser.add_argument("--resume", action="store_true", help="first end every pause, after its cause was fixed")

    def handle(self, *args: Any, watch: bool, resume: bool, interval: float, **options: Any) -> None:
        if resume:
            self.resume()
        if not watch:
            self.print_report(run())
            self.print_pauses(backlog(now=timezone.now()).pauses)
            return
        stop = Stop()
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signal_number, stop.set)
        while not stop.is_set():
            self.deliver(stop)
            stop.wait(interval)

    def resume(self) -> None:
        paused = Lane.objects.using(using()).filter(paused_until__gt=timezone.now())
        count = lanes.resume(list(paused.values_list("pk", flat=True)))
        self.stdout.write(f"{count} {'pixel resumes' if count == 1 else 'pixels resume'}.")

    def deliver(self, stop: Stop) -> None:
        """Make one pass. --watch continues when the database is unavailable."""
        close_old_connections()
        try:
            report = run(is_over=stop.is_set)
            pauses = backlog(now=timezone.now()).pauses
        except (OperationalError, InterfaceError) as error:
            connections.close_all()
            self.stderr.write(f"The database does not answer ({type(error).__name__}); trying again.")
            return
        if report.requests or report.expired or report.found:
            self.print_report(report)
        if pauses != self.pauses:  # printed once, not at each pass
            self.pauses = pauses
            self.print_pauses(pauses)

    def print_report(self, report: DeliveryReport) -> None:
        figures = asdict(report)
        figures.pop("paused")  # all pauses are printed, those of earlier passes as well
        self.stdout.write(", ".join(f"{name} {count}" for name, count in figures.items()))

    def print_pauses(self, pauses: Sequence[Pause]) -> None:
        for pause in pauses:
            until = f"{timezone.localtime(pause.until):%Y-%m-%d %H:%M:%S %Z}"
            self.stdout.write(
                self.style.WARNING(
                    f"pixel {pause.pixel_id} is paused, next try {until}: {pause.reason} After the cause is fixed, run "
                    "manage.py capi_deliver --resume."
                )
            )
