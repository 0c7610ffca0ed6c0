"""`manage.py capi_send_test_event`: send a made-up event to Meta's Test Events page and print the answer."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from django_capi.conf import Pixel, conf
from django_capi.meta.events import InvalidEvent
from django_capi.tracking import test_events
from django_capi.tracking.actions import is_storable

PAGE = "https://example.com/django-capi-test"


class Command(BaseCommand):
    help = (
        "Send an event with made-up customer data to Meta as a test event, and print the request without customer data "
        "and the answer with its trace id. Meta may use test events for measurement like any others."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("event_name", nargs="?", default="PageView", help="such as Purchase; by default PageView")
        parser.add_argument("--pixel", help='its name in CAPI["PIXELS"]; by default the first one')
        parser.add_argument("--code", help="the code of the Test Events page; by default the pixel's TEST_EVENT_CODE")
        parser.add_argument("--page", default=PAGE, help="the address of the page on which it happened")

    def handle(
        self, *args: Any, event_name: str, pixel: str | None, code: str | None, page: str, **options: Any
    ) -> None:
        chosen = self.chosen_pixel(pixel)
        if code and not test_events.is_given_code(code):
            raise CommandError(f"{code!r} is no test code: it is TEST followed by letters and digits.")
        test_code = code or chosen.test_event_code
        if not test_code:
            raise CommandError("Give the code of the Test Events page in Events Manager: --code TEST12345.")
        if not is_storable("event_name", event_name):
            raise CommandError("The event name must have 1 to 50 printable characters.")
        try:
            sent = test_events.send(test_events.sample(event_name, page=page), chosen, test_code)
        except InvalidEvent as error:
            raise CommandError(str(error)) from error
        self.say(sent)

    def chosen_pixel(self, name: str | None) -> Pixel:
        pixels = conf.pixels()
        if not pixels:
            raise CommandError('CAPI["PIXEL_ID"] is missing. Run manage.py check.')
        if name is None:
            return next(iter(pixels.values()))
        if name not in pixels:
            raise CommandError(f"There is no pixel {name!r}. There are: {', '.join(pixels)}.")
        return pixels[name]

    def say(self, sent: test_events.TestEvent) -> None:
        if sent.problem:
            raise CommandError(f"Not sent, as Meta would refuse it. {sent.problem.field}: {sent.problem.advice}")
        self.stdout.write(f"POST {sent.url}\n{test_events.readable(sent.body)}\n")
        answer = sent.answer
        if answer is None:
            return
        verdict = answer.verdict
        status = f"HTTP {answer.status}" if answer.status else "No answer"
        codes = " / ".join(str(code) for code in (verdict.code, verdict.subcode) if code is not None)
        lines = [f"{status}: {verdict.outcome}", verdict.reason, f"code {codes}" if codes else ""]
        lines.append(f"fbtrace_id {verdict.fbtrace_id}" if verdict.fbtrace_id else "")
        words = "\n".join(line for line in lines if line)
        if not sent.is_accepted:
            raise CommandError(words)
        self.stdout.write(self.style.SUCCESS(words))
        if conf.sender() != "graph":
            self.stdout.write(self.style.WARNING(f'The sender is "{conf.sender()}": nothing was sent to Meta.'))
