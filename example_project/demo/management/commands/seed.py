"""`manage.py seed`: the shop's products, an admin who may log in, and a week of visitors. A second run adds nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from django_capi.models import Event
from example_project.demo.history import make_week
from example_project.shop.catalogue import seed_catalogue


class Command(BaseCommand):
    help = "Fill the corner shop: products, the admin log-in demo/demo, a week of visitors."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-history", action="store_true", help="leave the ledger empty")

    def handle(self, *args: Any, no_history: bool, **options: Any) -> None:
        seed_catalogue()
        if not User.objects.filter(username="demo").exists():
            User.objects.create_superuser("demo", "demo@example.com", "demo")
        yesterday = timezone.now() - timedelta(days=1)
        if not no_history and not Event.objects.filter(event_time__lt=yesterday.timestamp()).exists():
            self.stdout.write(f"{make_week(timezone.now())} events of a week")
