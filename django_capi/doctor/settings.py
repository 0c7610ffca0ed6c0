"""Run the system checks; with DEBUG, without those for a deployment."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.core.checks import ERROR, WARNING, CheckMessage

from django_capi import checks
from django_capi.doctor.finding import Finding, Level, ok

NAME = "settings"


def examine() -> Iterator[Finding]:
    messages = [message for message in every_message() if not message.is_silenced()]
    yield from (finding(message) for message in messages)
    if not messages:
        yield ok(NAME, "The system checks found no problems.")


def every_message() -> list[CheckMessage]:
    deployment = [] if settings.DEBUG else checks.check_deployment()
    return [*checks.check_settings(), *checks.check_site(), *deployment]


def finding(message: CheckMessage) -> Finding:
    return Finding(
        name=NAME, level=level(message), message=f"{message.msg} ({message.id})", advice=(message.hint or "").strip()
    )


def level(message: CheckMessage) -> Level:
    if message.level >= ERROR:
        return Level.FAIL
    return Level.WARN if message.level >= WARNING else Level.OK
