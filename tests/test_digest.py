"""The daily e-mail to the site's administrators."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from io import StringIO
from smtplib import SMTPException
from typing import Any

import django
import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from django_capi.digest import contents, messages, sending
from django_capi.digest.sending import Result, send
from django_capi.models import ConversionState, Diagnostic, NotSent, SentDigest
from django_capi.reports import diagnostics
from django_capi.tasks import send_digest
from tests.support.factories import PIXEL_ID, ConversionMarkFactory, EventFactory, LaneFactory

pytestmark = pytest.mark.django_db

MEMORY = "django.core.mail.backends.locmem.EmailBackend"
ADMIN: Any = "ops@example.com" if django.VERSION >= (6, 0) else ("Operations", "ops@example.com")


class Broken(BaseEmailBackend):
    """A mail server that takes nothing."""

    def send_messages(self, email_messages: object) -> int:
        raise SMTPException("451 jane@example.com: try again later")


def use_mailer(settings: Settings, backend: str) -> None:
    if django.VERSION >= (6, 1):
        settings.MAILERS = {"default": {"BACKEND": backend}}
    else:
        settings.EMAIL_BACKEND = backend


@pytest.fixture(autouse=True)
def _switched_on(settings: Settings) -> None:
    use_mailer(settings, MEMORY)
    settings.ADMINS = [ADMIN]
    settings.CAPI = {**settings.CAPI, "DIGEST": True, "NUDGE": False}
    settings.DEBUG = True  # without the checks for a deployment


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """A site in which nothing is wrong, on any database."""
    settings.SILENCED_SYSTEM_CHECKS = [f"django_capi.{kind}{number:03}" for kind in "EWI" for number in range(1, 40)]
    if connection.vendor == "sqlite":
        monkeypatch.setitem(connection.settings_dict, "OPTIONS", {"transaction_mode": "IMMEDIATE"})
    LaneFactory(seen_at=timezone.now())


def on(days_ago: int, **values: Any) -> dict[str, Any]:
    """An event at noon of that day."""
    day = timezone.localdate() - timedelta(days=days_ago)
    noon = timezone.make_aware(datetime.combine(day, time(12)))
    return {"event_time": int(noon.timestamp()), **values}


def body() -> str:
    return sending.written(sending.of_yesterday())[1]


class TestContents:
    def test_each_event_name_is_compared_with_the_day_and_the_week_before(self) -> None:
        for days_ago, count in ((1, 3), (2, 5), (8, 7), (3, 11)):
            EventFactory.create_batch(count, accepted=True, **on(days_ago))
        EventFactory(event_name="Lead", accepted=True, **on(2))

        lines = [line.split() for line in body().splitlines()]

        assert ["Purchase", "3", "5", "7"] in lines
        assert ["Lead", "0", "1", "0"] in lines

    def test_the_five_outcomes_are_counted(self) -> None:
        EventFactory(met=True, **on(1))
        EventFactory.create_batch(2, accepted=True, **on(1))
        EventFactory.create_batch(3, rejected=True, fired=True, **on(1))
        EventFactory.create_batch(4, rejected=True, **on(1))
        EventFactory.create_batch(5, **on(1))

        assert (
            "by both channels: 1, by the server only: 2, by the browser only: 3, by neither: 4, waiting: 5." in body()
        )

    def test_what_is_lost_is_named_with_its_reasons_and_its_value(self) -> None:
        EventFactory.create_batch(2, rejected=True, value=Decimal("19.90"), currency="EUR", **on(1))
        EventFactory(expired=True, value=Decimal(500), currency="JPY", **on(1))

        digest = body()

        assert "  Purchase: 3 (39.80 EUR, 500 JPY)\n    2: Meta refuses the currency.\n    1: Not delivered" in digest
        assert "open Deduplication in the admin" in digest

    def test_conversions_that_were_lost_are_named(self) -> None:
        noon = datetime.fromtimestamp(on(1)["event_time"], UTC)
        not_sent = {"state": ConversionState.NOT_SENT, "event_id": "", "happened_at": noon}
        for reason in (NotSent.TOO_OLD, NotSent.TOO_OLD, NotSent.NO_PIXEL, NotSent.DENIED):
            ConversionMarkFactory(**not_sent, reason=reason)
        ConversionMarkFactory(**not_sent | {"happened_at": timezone.now()}, reason=NotSent.TOO_OLD)

        subject, digest = sending.written(sending.of_yesterday())

        assert "lost 3" in subject
        assert (
            "  Conversions that were never sent:\n"
            "    Purchase: 2: it was found too late for Meta\n"
            "    Purchase: 1: it belongs to no pixel\n"
            "  What to do: open Deduplication"
        ) in digest
        assert "Nothing." not in digest

    def test_what_visitors_withdrew_is_not_lost(self) -> None:
        EventFactory(withdrawn=True, **on(1))

        assert "Lost: Meta has neither copy, as far as this site knows\n  Nothing." in body()

    def test_the_revenue_that_only_the_server_reported_is_summed_up(self) -> None:
        EventFactory.create_batch(2, accepted=True, value=Decimal("1000.50"), currency="EUR", **on(1))
        EventFactory(met=True, value=Decimal(70), currency="EUR", **on(1))
        EventFactory(event_name="AddToCart", accepted=True, value=Decimal(500), currency="EUR", **on(1))
        EventFactory(accepted=True, value=Decimal(30), currency="EUR", **on(2))

        digest = body()

        assert "That day: 2,001 EUR" in digest
        assert "The day before: 30 EUR" in digest
        assert "A week before: 0" in digest

    def test_with_several_pixels_it_says_that_an_event_is_counted_for_each(self, settings: Settings) -> None:
        one = body()
        second = {"PIXEL_ID": "9876543210987654", "ACCESS_TOKEN": "token"}
        settings.CAPI = {**settings.CAPI, "PIXELS": {"main": {**second, "PIXEL_ID": PIXEL_ID}, "eu": second}}

        assert "counted once for each of them" not in one
        assert "counted once for each of them" in body()

    def test_the_events_of_today_and_test_events_are_left_out(self) -> None:
        EventFactory(accepted=True, **on(0))
        EventFactory(accepted=True, test_event_code="TEST1", **on(1))

        assert contents.of(timezone.localdate() - timedelta(days=1)).days.day.total.events == 0

    def test_an_event_name_that_has_stopped_is_a_problem(self) -> None:
        EventFactory.create_batch(20, accepted=True, **on(2))
        EventFactory.create_batch(25, accepted=True, **on(8))
        EventFactory(event_name="Lead", accepted=True, **on(2))  # too few to say

        digest = body()

        assert "There was no Purchase, after 20 the day before and 25 a week before." in digest
        assert "There was no Lead" not in digest

    @pytest.mark.parametrize("muted_until", [None, timezone.now() + timedelta(days=7)], ids=["heard", "muted"])
    def test_one_that_came_every_day_is_said_once_and_not_if_it_is_muted(self, muted_until: datetime | None) -> None:
        for days in range(2, 10):
            EventFactory.create_batch(20, accepted=True, **on(days))
        diagnostics.refresh()
        Diagnostic.objects.filter(code="event_stopped").update(muted_until=muted_until)

        digest = body()

        assert "There was no Purchase" not in digest
        assert digest.count("event_stopped, Purchase") == (1 if muted_until is None else 0)

    def test_what_the_doctor_finds_is_named_with_one_action(self) -> None:
        digest = body()

        assert "No worker has ever run for pixel" in digest
        assert "What to do: Start a Celery worker" in digest

    def test_many_event_names_are_cut(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(messages, "MOST_NAMES", 2)
        for number in range(5):
            EventFactory(event_name=f"Name{number}", accepted=True, **on(1))

        digest = body()

        assert "Name1" in digest
        assert "Name2" not in digest
        assert "and 3 more event names" in digest

    def test_it_holds_no_personal_data_and_no_token(self) -> None:
        EventFactory(rejected=True, event_id="jane-4711", object_ref="shop.order:4711", **on(1))
        LaneFactory(paused=True)

        digest = body()

        for secret in ("203.0.113.7", "Mozilla", "jane-4711", "4711", "test-token"):
            assert secret not in digest

    def test_it_is_in_the_language_of_the_site(self, settings: Settings) -> None:
        settings.LANGUAGE_CODE = "de"
        EventFactory.create_batch(1, accepted=True, value=Decimal("1234.50"), currency="EUR", **on(1))

        assert "1.234,50 EUR" in body()


class TestSending:
    def test_the_admins_get_it_once_a_day(self) -> None:
        assert [send(), send()] == [Result.SENT, Result.ALREADY]

        (message,) = mail.outbox
        assert message.to == ["ops@example.com"]
        assert "open problems" in message.subject
        assert "\n" not in message.subject

    def test_it_is_sent_again_on_the_next_day(self) -> None:
        send()
        SentDigest.objects.update(day=timezone.localdate() - timedelta(days=1))

        assert send() is Result.SENT

    def test_only_one_of_two_workers_gets_the_day(self) -> None:
        today = timezone.localdate()
        sending.last_day()

        assert [sending.claim(today), sending.claim(today)] == [True, False]

    def test_it_is_off_by_default(self, settings: Settings) -> None:
        settings.CAPI = {key: value for key, value in settings.CAPI.items() if key != "DIGEST"}

        assert send() is Result.OFF
        assert mail.outbox == []

    @pytest.mark.usefixtures("sound")
    def test_a_day_on_which_only_conversions_were_lost_is_told(self) -> None:
        noon = datetime.fromtimestamp(on(1)["event_time"], UTC)
        ConversionMarkFactory(state=ConversionState.NOT_SENT, reason=NotSent.NO_PIXEL, event_id="", happened_at=noon)

        assert send() is Result.SENT

    @pytest.mark.usefixtures("sound")
    def test_nothing_is_sent_when_nothing_happened_and_nothing_is_wrong(self) -> None:
        assert send() is Result.EMPTY
        assert mail.outbox == []

    @pytest.mark.usefixtures("sound")
    def test_a_day_with_events_is_worth_a_message(self) -> None:
        EventFactory(accepted=True, **on(1))

        assert send() is Result.SENT
        assert "open problems 0" in mail.outbox[0].subject

    @pytest.mark.usefixtures("sound")
    def test_it_is_sent_whatever_holds_when_it_is_forced(self, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "DIGEST": False}

        assert [send(is_forced=True), send(is_forced=True)] == [Result.SENT, Result.SENT]

    def test_without_admins_it_is_kept_for_later(self, settings: Settings) -> None:
        settings.ADMINS = []

        assert send() is Result.NO_ADMINS

        settings.ADMINS = [ADMIN]
        assert send() is Result.SENT

    def test_a_mail_server_that_fails_does_not_cost_the_day(self, settings: Settings) -> None:
        use_mailer(settings, "tests.test_digest.Broken")
        with pytest.raises(SMTPException):
            send()

        use_mailer(settings, MEMORY)
        assert send() is Result.SENT

    def test_the_task_sends_it(self) -> None:
        send_digest()

        assert len(mail.outbox) == 1


class TestCommand:
    def test_print_shows_it_and_sends_nothing(self) -> None:
        out = StringIO()

        call_command("capi_digest", "--print", stdout=out)

        assert out.getvalue() == "{}\n\n{}".format(*sending.written(sending.of_yesterday()))
        assert mail.outbox == []
        assert not SentDigest.objects.exists()

    def test_it_says_what_it_did(self) -> None:
        out = StringIO()

        for arguments in ([], [], ["--force"]):
            call_command("capi_digest", *arguments, stdout=out)

        sent, already, forced = out.getvalue().splitlines()
        assert sent == forced == "The digest was sent."
        assert already.startswith("Not sent: today's digest has been sent already.")
        assert len(mail.outbox) == 2

    def test_without_admins_it_fails(self, settings: Settings) -> None:
        settings.ADMINS = []

        with pytest.raises(CommandError, match="ADMINS is empty"):
            call_command("capi_digest")


class TestDoctor:
    @pytest.mark.parametrize(
        ("days_ago", "part"),
        [(None, "no digest has been sent yet"), (2, "The last digest is of "), (1, "")],
        ids=["never", "two days ago", "yesterday"],
    )
    def test_a_digest_that_is_not_sent_is_noticed(self, days_ago: int | None, part: str) -> None:
        if days_ago is not None:
            SentDigest.objects.create(pk=1, day=timezone.localdate() - timedelta(days=days_ago))

        assert (part and part in body()) or (not part and "digest" not in body())

    def test_a_digest_without_recipients_is_noticed(self, settings: Settings) -> None:
        settings.ADMINS = []

        assert "ADMINS is empty" in body()
