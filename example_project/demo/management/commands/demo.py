"""`manage.py demo`: the corner shop, a stand-in for Meta, a Celery worker and beat, with one command.

`--headless` plays a purchase through it all instead of waiting for a person, prints one line of JSON last and
fails when anything is missing.
"""

from __future__ import annotations

import json
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from example_project.demo import story
from example_project.demo.processes import ROOT, Demo, StartError, claimed, free_port, running


class Command(BaseCommand):
    help = "Start the corner shop with everything it needs, and stop it all on Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--headless", action="store_true", help="play one purchase, print JSON, exit")
        parser.add_argument("--directory", type=Path, default=None, help="where the demo keeps its data (.demo)")
        parser.add_argument("--reset", action="store_true", help="forget what earlier demos left")
        parser.add_argument("--port", type=int, default=8000, help="of the shop; the next free one when taken")

    def handle(
        self, *args: Any, headless: bool, directory: Path | None, reset: bool, port: int, **options: Any
    ) -> None:
        with ExitStack() as stack:
            if directory is None and headless:
                directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="capi-demo-")))
            folder = (directory or ROOT / ".demo").resolve()
            try:
                stack.enter_context(claimed(folder, is_reset=reset))
                shop_port = free_port(port)
                demo = Demo(folder=folder, shop_port=shop_port, meta_port=free_port(shop_port + 1))
                demo.sweep_seconds = 2.0 if headless else 30.0
                stack.enter_context(running(demo))
                self.bring_up(demo, has_history=not headless)
                if headless:
                    self.play(demo)
                else:
                    self.wait(demo)
            except StartError as error:
                raise CommandError(str(error)) from None
            except KeyboardInterrupt:
                self.stdout.write("\nStopping.")

    def bring_up(self, demo: Demo, *, has_history: bool) -> None:
        self.tick(f"data in {demo.folder}")
        demo.prepare()
        demo.manage("migrate", "--noinput", "--verbosity=0")
        self.tick("database migrated")
        seeded = demo.manage("seed", *(() if has_history else ("--no-history",))).strip()
        self.tick(f"shop filled{': ' + seeded if seeded else ''}")
        demo.start_meta()
        self.tick(f"stand-in for Meta   {demo.meta}")
        demo.start_shop()
        self.tick(f"shop                {demo.shop}")
        demo.start_worker()
        self.tick("Celery worker and beat")

    def tick(self, text: str) -> None:
        self.stdout.write(f"  {self.style.SUCCESS('✓')} {text}")

    def wait(self, demo: Demo) -> None:
        """Until Ctrl-C, or until a part of the demo dies."""
        self.stdout.write(
            f"\nShop                {demo.shop}/?fbclid=demo-click\n"
            f"Admin               {demo.shop}/admin/django_capi/overview/   (log in as demo, password demo)\n"
            f"What Meta saw       {demo.meta}/\n"
            "\nNothing leaves this machine. Ctrl-C stops it all."
        )
        while True:
            time.sleep(0.5)
            child = demo.dead()
            if child:
                raise StartError(f"The {child.name} ended with {child.process.returncode}:\n{child.last_lines()}")

    def play(self, demo: Demo) -> None:
        played = story.play(demo)
        found = story.settled(demo)
        problems = story.faults(found, played)
        self.stdout.write(json.dumps(story.summary(found, problems)))
        if problems:
            raise CommandError("; ".join(problems))
