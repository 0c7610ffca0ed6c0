"""What is too late, too old or too much goes; what waits stays, with its own time."""

from __future__ import annotations

import copy
import time
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from django_capi.consent import Consent
from django_capi.delivery import due, lanes
from django_capi.delivery.drain import deliver
from django_capi.ledger import expiry, resend, retention
from django_capi.models import BrowserState, Event, Rank, Status
from example_project.standin.server import Running
from tests.delivery.sending import lead, seen, status
from tests.support.factories import EventFactory

pytestmark = pytest.mark.django_db


class TestBacklog:
    def test_conversions_go_before_page_views_and_the_nearest_deadline_first(self, meta: Running) -> None:
        now = int(time.time())
        view = lead(1, event_time=now - 500)
        Event.objects.filter(pk=view.pk).update(rank=Rank.PAGE_VIEW)
        lead(2, event_time=now - 100)
        lead(3, event_time=now - 300)

        deliver()

        assert [found["event_id"] for found in seen(meta)] == ["lead-00000003", "lead-00000002", "lead-00000001"]

    def test_what_only_a_browser_reported_comes_after_page_views_and_is_given_up_first(
        self, meta: Running, settings: Settings
    ) -> None:
        settings.CAPI = {**settings.CAPI, "BACKLOG_LIMIT": 1000}
        now = timezone.now()
        ranks = [Rank.FIRST] * 998 + [Rank.PAGE_VIEW] * 3 + [Rank.MIRRORED] * 4
        Event.objects.bulk_create(
            Event(
                pixel_id="1234567890123456", event_name="Lead", event_id=f"lead-{number:08}", event_time=1, rank=rank,
                action_source="website", consent=Consent.DENIED, due_at=now, deadline=now + timedelta(hours=9),
            )
            for number, rank in enumerate(ranks)
        )  # fmt: skip
        lead(2000)
        Event.objects.filter(event_id="lead-00002000").update(rank=Rank.MIRRORED, deadline=now + timedelta(hours=10))
        lead(2001)
        Event.objects.filter(event_id="lead-00002001").update(rank=Rank.PAGE_VIEW, deadline=now + timedelta(hours=11))

        report = deliver()

        given_up = Event.objects.filter(status=Status.EXPIRED).values_list("rank", flat=True)
        assert report.shed == 7
        assert sorted(given_up) == [Rank.PAGE_VIEW] * 2 + [Rank.MIRRORED] * 5
        assert [found["event_id"] for found in seen(meta)] == ["lead-00002001"]

    def test_above_the_limit_the_oldest_page_views_are_given_up_and_counted(
        self, meta: Running, settings: Settings
    ) -> None:
        settings.CAPI = {**settings.CAPI, "BACKLOG_LIMIT": 1000}
        now = timezone.now()
        sound = Event(
            pixel_id="1234567890123456", event_name="PageView", event_time=1, action_source="website",
            consent=Consent.DENIED, due_at=now,
        )  # fmt: skip
        rows = []
        for number in range(1010):
            row = copy.copy(sound)
            row.event_id = f"view-{number:08}"
            row.rank = Rank.PAGE_VIEW if number % 2 else Rank.FIRST
            row.deadline = now + timedelta(hours=1, seconds=number)
            rows.append(row)
        Event.objects.bulk_create(rows)

        report = deliver()

        assert report.shed == 10
        given_up = Event.objects.filter(status=Status.EXPIRED)
        assert {row.event_id for row in given_up} == {f"view-{number:08}" for number in range(1, 21, 2)}
        assert {row.error_reason for row in given_up} == {"Shed: too many events were pending."}


class TestTime:
    def test_events_expire_whatever_their_pixel_and_rank(self) -> None:
        past, later = timezone.now() - timedelta(seconds=1), timezone.now() + timedelta(hours=1)
        for pixel_id in ("9", "1234567890123456", "2", "10", "no longer configured"):
            for rank in Rank:
                EventFactory(pixel_id=pixel_id, rank=rank, deadline=past)
                EventFactory(pixel_id=pixel_id, rank=rank, deadline=later)

        assert expiry.expire() == 5 * len(Rank)

        assert set(Event.objects.filter(status=Status.EXPIRED).values_list("deadline", flat=True)) == {past}
        assert Event.objects.pending().count() == 5 * len(Rank)

    def test_an_event_past_its_deadline_is_not_sent(self, meta: Running) -> None:
        good, late = lead(1), lead(2)
        Event.objects.filter(pk=late.pk).update(deadline=timezone.now() - timedelta(seconds=1))

        report = deliver()

        assert (report.expired, report.accepted) == (1, 1)
        assert (status(late), status(good)) == (Status.EXPIRED, Status.ACCEPTED)

    def test_what_was_read_before_its_deadline_is_not_sent_after_it(self) -> None:
        late, good = lead(1), lead(2)
        held = lanes.claim(late.pixel_id)
        assert held
        rows = due.read(held, limit=2)
        Event.objects.filter(pk=late.pk).update(deadline=timezone.now() - timedelta(seconds=1))

        assert [row.pk for row in due.still_pending(rows)] == [good.pk]

    @pytest.mark.parametrize(("source", "days"), [("system_generated", 7), ("physical_store", 62)])
    def test_the_deadline_is_metas_age_limit(self, source: str, days: int) -> None:
        event = lead(action_source=source)

        left = event.deadline - timezone.now()

        assert timedelta(days=days, hours=-1, minutes=-1) < left <= timedelta(days=days, hours=-1)

    def test_a_delayed_event_keeps_its_own_time(self, meta: Running) -> None:
        happened = int(time.time()) - 2 * 86400
        lead(event_time=happened)

        deliver()

        assert seen(meta)[0]["event_time"] == happened

    def test_a_time_a_little_ahead_is_now(self) -> None:
        event = lead(event_time=int(time.time()) + 60)

        assert event.event_time <= time.time()


def test_resending_leaves_what_meta_has(meta: Running) -> None:
    accepted = lead(1)
    deliver()
    rejected = lead(2)
    Event.objects.filter(pk=rejected.pk).update(status=Status.REJECTED, finished_at=timezone.now())

    resent = resend.resend([accepted.pk, rejected.pk])

    assert resent.pks == [rejected.pk]
    assert (status(accepted), status(rejected)) == (Status.ACCEPTED, Status.PENDING)


def test_pruning_takes_old_rows_and_never_pending_ones(meta: Running, settings: Settings) -> None:
    done, waiting, fresh = lead(1), lead(2), lead(3)
    long_ago = timezone.now() - timedelta(days=100)
    Event.objects.filter(pk__in=[done.pk, fresh.pk]).update(status=Status.ACCEPTED, finished_at=F("created_at"))
    Event.objects.filter(pk__in=[done.pk, waiting.pk]).update(event_time=F("event_time") - 100 * 86400)
    Event.objects.filter(pk=done.pk).update(finished_at=long_ago)

    removed = retention.prune()

    assert removed == 1
    assert set(Event.objects.values_list("pk", flat=True)) == {waiting.pk, fresh.pk}


def test_rows_may_go_before_their_texts_would(settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "RETENTION_DAYS": 3}
    lead()
    Event.objects.update(
        status=Status.ACCEPTED,
        finished_at=timezone.now() - timedelta(days=5),
        event_time=F("event_time") - 5 * 86400,
    )

    assert retention.prune() == 1


@pytest.mark.parametrize("status", [Status.REJECTED, Status.IN_DOUBT])
def test_pruning_leaves_the_text_of_what_may_be_sent_again(status: Status, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "PAYLOAD_DAYS": 0}
    event = lead()
    Event.objects.update(status=status, finished_at=timezone.now() - timedelta(hours=1))

    retention.prune()

    assert resend.resend([event.pk]).pks == [event.pk]
    Event.objects.update(status=status, finished_at=timezone.now(), deadline=timezone.now() - timedelta(seconds=1))
    retention.prune()
    assert Event.objects.get().payload == ""


def test_pruning_drops_old_texts_and_keeps_what_is_counted(meta: Running) -> None:
    event = lead()
    long_ago = timezone.now() - timedelta(days=10)
    Event.objects.update(
        status=Status.ACCEPTED,
        finished_at=long_ago,
        event_time=F("event_time") - 10 * 86400,
        browser_state=BrowserState.FIRED,
    )

    retention.prune()

    event.refresh_from_db()
    assert event.payload == ""
    assert (event.match_keys > 0, event.browser_state) == (True, BrowserState.FIRED)
