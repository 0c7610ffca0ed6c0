"""Send the daily digest to ADMINS, for sites without Celery beat, or print it."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from django_capi.database.deferred import own_connection
from django_capi.digest.sending import Result, of_yesterday, send, written

WORDS: Final[Mapping[Result, str]] = {
    Result.SENT: "The digest was sent.",
    Result.OFF: 'Not sent: CAPI["DIGEST"] is False. --print prints the digest, --force sends it.',
    Result.ALREADY: "Not sent: today's digest has been sent already. --force sends it again.",
    Result.EMPTY: "Not sent: nothing happened, and nothing is wrong. --force sends it.",
}


class Command(BaseCommand):
    help = "Send ADMINS yesterday's digest: what changed, what was lost, and what to fix. Run it once a day."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--print", action="store_true", dest="is_printed", help="print it and send nothing")
        parser.add_argument(
            "--force", action="store_true", help="send it even if it was sent today, is empty or is switched off"
        )

    @own_connection()
    def handle(self, *args: Any, is_printed: bool, force: bool, **options: Any) -> None:
        if is_printed:
            subject, body = written(of_yesterday())
            self.stdout.write(f"{subject}\n\n{body}", ending="")
            return
        result = send(is_forced=force)
        if result is Result.NO_ADMINS:
            raise CommandError("The setting ADMINS is empty: there is no one to send the digest to.")
        self.stdout.write(WORDS[result])
