"""Deliver the events of the week: each request to Meta with its answer, and the times at which nothing was accepted."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django_capi.database.alias import using
from django_capi.delivery import lanes
from django_capi.delivery.client import Answer
from django_capi.delivery.closing import answered
from django_capi.meta import verdicts
from django_capi.meta.answers import RequestOutcome
from django_capi.models import Batch, Event, Lane, Status
from example_project.demo.week.people import LETTERS
from example_project.demo.week.planned import Ending, Planned

INVALID: Final = 100  # Meta's code of an invalid parameter
ENVELOPE: Final = 60  # bytes of a request besides its events


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """A while in which Meta accepted nothing, or no worker ran: when it began before now, and what each try got."""

    before: timedelta
    length: timedelta
    every: timedelta | None = None  # between two tries; None: no worker ran
    status: int | None = None  # None: the connection ended before an answer
    code: int | None = None
    subcode: int | None = None


HOURS: Final = 3600
WORKER_STOPPED: Final = Stop(before=timedelta(days=4, hours=6), length=timedelta(hours=4))
TOO_LARGE: Final = Stop(
    before=WORKER_STOPPED.before - WORKER_STOPPED.length,
    length=timedelta(seconds=2),
    every=timedelta(seconds=2),
    status=413,
)
FAILING: Final = Stop(
    before=timedelta(days=5, hours=3), length=timedelta(minutes=2), every=timedelta(seconds=40), status=500, code=2
)
UNANSWERED: Final = Stop(before=timedelta(days=3, hours=2), length=timedelta(seconds=25), every=timedelta(seconds=25))
TOKEN_EXPIRED: Final = Stop(
    before=timedelta(days=2, hours=5),
    length=timedelta(minutes=50),
    every=timedelta(minutes=15),
    status=400,
    code=190,
    subcode=463,
)
THROTTLED: Final = Stop(
    before=timedelta(days=1, hours=3), length=timedelta(minutes=3), every=timedelta(minutes=1), status=400, code=80004
)
STOPS: Final = (WORKER_STOPPED, TOO_LARGE, FAILING, UNANSWERED, TOKEN_EXPIRED, THROTTLED)


@dataclass(kw_only=True, slots=True)
class Requests:
    """The requests of one pixel, in the order in which they are sent."""

    lane: lanes.Claim
    chance: random.Random
    made: list[Batch] = field(default_factory=list)

    def add(self, events: Sequence[Event], sent_at: datetime, answer: Answer) -> Batch:
        code = events[0].test_event_code
        batch = Batch(
            lane_id=self.lane.lane_id,
            fence=self.lane.fence,
            started_at=sent_at,
            finished_at=sent_at + timedelta(seconds=min(self.chance.lognormvariate(-1.1, 0.5), 8)),
            events=len(events),
            size=sum(len(event.payload) + 1 for event in events) + ENVELOPE,
            test_event_code=code,
            **answered(answer, code),
        )
        self.made.append(batch)
        return batch

    def answer(self, status: int | None, **error: object) -> Answer:
        """Meta's answer, judged as delivery judges it."""
        if status is None:
            return Answer(verdict=verdicts.unreachable(sent=True))
        trace = "A" + "".join(self.chance.choices(LETTERS, k=22))
        body: Mapping[str, object] = {"error": error | {"fbtrace_id": trace}} if error else {}
        text = json.dumps(body) if error else json.dumps({"events_received": 1, "messages": [], "fbtrace_id": trace})
        if status == 413:
            text = ""
        return Answer(verdict=verdicts.judge(status=status, body=text), status=status, text=text)


def deliver(week: Sequence[Planned], now: datetime, chance: random.Random) -> None:
    """Send what is to be sent, and give each row the end of its delivery. Without a lane to claim, nothing is sent."""
    for pixel_id in sorted({each.row.pixel_id for each in week}):
        lane = lanes.claim(pixel_id)
        if lane:
            own = [each for each in week if each.row.pixel_id == pixel_id and each.ending is not Ending.NOT_SENT]
            send(own, Requests(lane=lane, chance=chance), now)
            lanes.release(lane)


def send(own: Sequence[Planned], requests: Requests, now: datetime) -> None:
    stops = [(now - stop.before, stop) for stop in STOPS]
    sent = [(time_of_sending(each.row, stops, requests.chance), each) for each in own]
    for at, together in in_one_second(sorted(sent, key=lambda pair: (pair[0], pair[1].row.event_id))):
        send_together(at, together, requests)
    for start, stop in stops:
        caught = [each.row for _, each in sent if start <= each.row.created_at < start + stop.length]
        try_in_vain(start, stop, caught, requests)
    requests.made.sort(key=lambda batch: batch.started_at)
    Batch.objects.using(using()).bulk_create(requests.made)
    for each in own:
        each.row.batch = each.row.batch  # now that it has a key
    accepted = (batch.finished_at for batch in requests.made if batch.outcome == RequestOutcome.ACCEPTED)
    newest = max((finished_at for finished_at in accepted if finished_at), default=None)
    Lane.objects.using(using()).filter(pk=requests.lane.lane_id).update(last_ok_at=newest)


def name_events() -> None:
    """Write the keys of the stored events into their requests."""
    pks: dict[int, list[int]] = {}
    for pk, batch_id in Event.objects.using(using()).exclude(batch=None).values_list("pk", "batch"):
        pks.setdefault(batch_id, []).append(pk)
    batches = list(Batch.objects.using(using()).filter(pk__in=pks))
    for batch in batches:
        batch.event_pks = pks[batch.pk]
    Batch.objects.using(using()).bulk_update(batches, ["event_pks"], batch_size=100)


def time_of_sending(row: Event, stops: Iterable[tuple[datetime, Stop]], chance: random.Random) -> datetime:
    """Shortly after the event was stored, or when what stopped delivery was over."""
    at = row.created_at + timedelta(seconds=chance.uniform(0.1, 1.2))
    for start, stop in sorted(stops, key=lambda pair: pair[0]):
        if start <= at < start + stop.length:
            at = start + stop.length + timedelta(seconds=0.5)
    return at


def in_one_second(sent: Sequence[tuple[datetime, Planned]]) -> Iterator[tuple[datetime, list[Planned]]]:
    """The events by request: what is due within a second of the first is sent together."""
    together: list[Planned] = []
    first: datetime | None = None
    for at, each in sent:
        if first is None or at - first > timedelta(seconds=1):
            if first is not None:
                yield first, together
            first, together = at, []
        together.append(each)
    if first is not None:
        yield first, together


def send_together(at: datetime, together: Sequence[Planned], requests: Requests) -> None:
    """One request; where Meta refuses an event of it, that event and the others again in requests of their own."""
    refused = [each for each in together if each.ending is Ending.REFUSED]
    if refused and len(together) > 1:
        requests.add([each.row for each in together], at, refusal(refused[0], requests))
    for each in refused:
        at += timedelta(seconds=1)
        end(each, requests.add([each.row], at, refusal(each, requests)), Status.REJECTED)
    for each in together:
        if each.ending is Ending.IN_DOUBT:
            end(each, requests.add([each.row], at, requests.answer(None)), Status.IN_DOUBT)
    accepted = [each for each in together if each.ending is Ending.ACCEPTED]
    for code in sorted({each.row.test_event_code for each in accepted}):  # a request has one
        alike = [each for each in accepted if each.row.test_event_code == code]
        batch = requests.add([each.row for each in alike], at + timedelta(seconds=0.1), requests.answer(200))
        for each in alike:
            end(each, batch, Status.ACCEPTED)


def refusal(each: Planned, requests: Requests) -> Answer:
    return requests.answer(400, code=INVALID, error_subcode=each.subcode)


def end(each: Planned, batch: Batch, status: Status) -> None:
    """Write the columns that delivery writes when it settles a request."""
    row = each.row
    row.status, row.batch, row.finished_at = status, batch, batch.finished_at
    row.attempts += 1
    if status is Status.REJECTED:
        row.error_code, row.error_subcode, row.error_reason = batch.error_code, batch.error_subcode, batch.reason
    if status is Status.IN_DOUBT:
        row.ambiguous, row.error_reason = 1, "Meta's answer never came. Resend or leave it."


def try_in_vain(start: datetime, stop: Stop, caught: Sequence[Event], requests: Requests) -> None:
    """The requests that failed while nothing was accepted. One without an answer counts as an attempt."""
    at = start + timedelta(seconds=1)
    while stop.every and caught and at < start + stop.length:
        known: dict[str, Any] = {"code": stop.code, "error_subcode": stop.subcode} if stop.code else {}
        requests.add(caught, at, requests.answer(stop.status, **known))
        if stop.status is None:
            for row in caught:
                row.attempts, row.ambiguous = row.attempts + 1, row.ambiguous + 1
        at += stop.every
