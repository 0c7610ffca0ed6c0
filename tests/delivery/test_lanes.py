"""Who may send, and what becomes of a worker's requests when it is killed, interrupted or overtaken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from django_capi.delivery import batches, client, due, lanes
from django_capi.delivery.drain import deliver
from django_capi.ledger import expiry
from django_capi.meta import verdicts
from django_capi.models import Batch, Event, Lane, Status
from django_capi.signals import events_accepted
from example_project.standin.server import Running
from tests.delivery.sending import lead, seen, status

pytestmark = pytest.mark.django_db


@contextmanager
def unconfirmed_commit(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The server commits the first transaction, and the connection is lost before it says so."""
    commit = connection.commit
    lost: list[bool] = []

    def lose() -> None:
        commit()
        if not lost:
            lost.append(True)
            raise OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "commit", lose)
        yield
    assert lost


class TestLanes:
    def test_a_lane_has_one_holder(self, meta: Running) -> None:
        held = lanes.claim("1234567890123456")

        assert held
        assert lanes.claim("1234567890123456") is None
        lanes.release(held)
        assert lanes.claim("1234567890123456")

    def test_a_lease_that_ended_goes_to_the_next(self, meta: Running) -> None:
        first = lanes.claim("1234567890123456")
        Lane.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

        second = lanes.claim("1234567890123456")

        assert first and second
        assert second.fence > first.fence
        assert not lanes.renew(first)

    def test_a_worker_that_died_while_sending_leaves_its_events_in_doubt_and_due(self, meta: Running) -> None:
        event = lead()
        held = lanes.claim(event.pixel_id)
        assert held
        batches.intend(held, due.read(held, limit=10), size=1)
        Lane.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

        report = deliver()

        assert (report.ambiguous, report.accepted) == (1, 1)
        assert status(event) is Status.ACCEPTED
        assert event.ambiguous == 1
        assert not Batch.objects.filter(finished_at=None).exists()

    @pytest.mark.django_db(transaction=True)
    def test_an_intent_whose_commit_is_not_confirmed_is_written_once(
        self, meta: Running, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = lead(1), lead(2)
        held = lanes.claim(first.pixel_id)
        assert held
        rows = due.read(held, limit=1)
        with unconfirmed_commit(monkeypatch):
            batch = batches.intend(held, rows, size=1)
        assert Batch.objects.get() == batch
        sent = batches.AcceptedRequest(rows=rows, batch=batch, answer=client.accepted('{"data": [{}]}'))
        with unconfirmed_commit(monkeypatch):
            following = batches.intend(held, due.read(held, limit=1, besides=rows), size=1, after=sent)

        assert set(Batch.objects.all()) == {batch, following}
        assert following.event_pks == [second.pk]

    def test_what_meta_took_before_the_worker_died_is_settled_by_the_note_of_it(self, meta: Running) -> None:
        first, second = lead(1), lead(2)
        held = lanes.claim(first.pixel_id)
        assert held
        rows = due.read(held, limit=1)
        sent = batches.AcceptedRequest(
            rows=rows, batch=batches.intend(held, rows, size=1), answer=client.accepted('{"data": [{}]}')
        )
        batches.intend(held, due.read(held, limit=1, besides=rows), size=1, after=sent)
        Lane.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

        report = deliver()

        assert (report.accepted, report.ambiguous) == (2, 1)
        assert (status(first), first.attempts, first.ambiguous) == (Status.ACCEPTED, 1, 0)
        assert (status(second), second.attempts, second.ambiguous) == (Status.ACCEPTED, 2, 1)
        assert [found["event_id"] for found in seen(meta)] == [second.event_id]
        assert not Batch.objects.filter(finished_at=None).exists()

    def test_a_slow_worker_settles_nothing_twice(self, meta: Running) -> None:
        event = lead()
        held = lanes.claim(event.pixel_id)
        assert held
        rows = due.read(held, limit=10)
        batch = batches.intend(held, rows, size=1)
        Lane.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        deliver()
        settled = Event.objects.values("status", "attempts", "batch_id").get()

        kept = batches.accept(
            held, batches.AcceptedRequest(rows=rows, batch=batch, answer=client.accepted('{"data": [{}]}'))
        )

        assert not kept
        assert Event.objects.values("status", "attempts", "batch_id").get() == settled


class TestOvertaken:
    """Something else happens to an event, or to its worker, while it is under way."""

    def under_way(self) -> tuple[lanes.Claim, batches.AcceptedRequest]:
        """One event that Meta has just taken."""
        held = lanes.claim(lead(1).pixel_id)
        assert held
        rows = due.read(held, limit=1)
        batch = batches.intend(held, rows, size=1)
        return held, batches.AcceptedRequest(rows=rows, batch=batch, answer=client.accepted('{"data": [{}]}'))

    def test_an_event_that_expired_meanwhile_is_accepted_all_the_same(self) -> None:
        held, sent = self.under_way()
        Event.objects.update(deadline=timezone.now() - timedelta(seconds=1))
        expiry.expire()

        batches.accept(held, sent)

        assert Event.objects.values_list("status", "error_reason").get() == (Status.ACCEPTED, "")

    def test_the_note_of_a_dead_worker_outweighs_a_deadline_that_has_passed(self, meta: Running) -> None:
        held, sent = self.under_way()
        lead(2)
        batches.intend(held, due.read(held, limit=1, besides=sent.rows), size=1, after=sent)
        Lane.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        Event.objects.filter(pk=sent.rows[0].pk).update(deadline=timezone.now() - timedelta(seconds=1))

        deliver()

        assert set(Event.objects.values_list("status", flat=True)) == {Status.ACCEPTED}
        assert [found["event_id"] for found in seen(meta)] == ["lead-00000002"]

    def test_a_worker_that_is_interrupted_notes_what_meta_answers(self, meta: Running, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "BATCH_EVENTS": 2}
        for number in range(4):
            lead(number)

        def interrupt(**_: object) -> None:
            raise KeyboardInterrupt

        events_accepted.connect(interrupt)
        try:
            with pytest.raises(KeyboardInterrupt):  # the second request is under way
                deliver()
        finally:
            events_accepted.disconnect(interrupt)

        report = deliver()

        assert (report.accepted, report.requests) == (2, 0)
        assert len(seen(meta)) == 4
        assert set(Event.objects.values_list("status", "ambiguous")) == {(Status.ACCEPTED, 0)}

    def test_a_worker_that_lost_its_lane_still_settles_what_meta_took(self, meta: Running, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "BATCH_EVENTS": 1}
        first, second = lead(1), lead(2)
        looks = iter(range(9))

        def is_over() -> bool:
            if next(looks) == 1:  # the first request is answered and not settled
                Lane.objects.update(owner="another", fence=F("fence") + 1)
            return False

        report = deliver(is_over=is_over)

        assert (report.accepted, report.ambiguous, report.requests) == (1, 0, 1)
        assert (status(first), status(second)) == (Status.ACCEPTED, Status.PENDING)
        assert not Batch.objects.filter(finished_at=None).exists()

    def test_what_was_in_doubt_is_counted_once(self) -> None:
        _, sent = self.under_way()
        nothing = client.Answer(verdict=verdicts.unreachable(sent=True))

        batches.record_unanswered(sent.batch, nothing)
        batches.record_unanswered(sent.batch, nothing)

        assert Event.objects.values_list("attempts", "ambiguous").get() == (1, 1)
