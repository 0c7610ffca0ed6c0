"""Send one event to Meta as a test event, at once, and keep it in the ledger with Meta's answer."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils import timezone

from django_capi.conf import Pixel, conf
from django_capi.consent import Consent
from django_capi.database.alias import using
from django_capi.delivery.client import Answer, client, events_url
from django_capi.delivery.closing import answered
from django_capi.delivery.lanes import lane_of
from django_capi.ledger import store as ledger
from django_capi.ledger.insert import insert
from django_capi.ledger.test_copies import PREFIX
from django_capi.meta import rules, wire
from django_capi.meta.events import ActionSource, CustomData, Event, UserData
from django_capi.meta.verdicts import RequestOutcome
from django_capi.models import Batch, Origin, Status
from django_capi.models import Event as Row
from django_capi.tracking.arguments import custom_data_from, new_id, user_data_from

# A reserved domain and an agent that says what it is: no customer can have them.
SAMPLE_PERSON: Final = {
    "em": "test@example.com",
    "external_id": "django-capi-test",
    "client_user_agent": "Mozilla/5.0 (django-capi test event)",
}
SAMPLE_MONEY: Final = {"value": 1, "currency": "EUR"}
WITHHELD: Final = "(withheld)"
# Meta documents a code as a string, and each one that it shows has this form.
_CODE: Final = re.compile(r"TEST[A-Za-z0-9]{1,16}")
STATUSES: Final = {RequestOutcome.ACCEPTED: Status.ACCEPTED, RequestOutcome.AMBIGUOUS: Status.IN_DOUBT}


@dataclass(frozen=True, kw_only=True, slots=True)
class TestEvent:
    """What was sent as a test, and what Meta answered; no answer if the event was not sent."""

    __test__ = False  # no test of pytest's

    url: str
    event: Event
    body: str = field(repr=False)
    answer: Answer | None
    problem: rules.Problem | None

    @property
    def is_accepted(self) -> bool:
        return self.answer is not None and self.answer.verdict.outcome is RequestOutcome.ACCEPTED


def is_given_code(text: str) -> bool:
    """Whether Events Manager can have given this test code.

    >>> is_given_code("TEST12345"), is_given_code("bad code!")
    (True, False)
    """
    return _CODE.fullmatch(text) is not None


def sample(event_name: str, *, page: str) -> Event:
    """An event of this name with made-up data, as if it had happened on the page now."""
    return made(
        event_name, page=page, user_data=user_data_from(SAMPLE_PERSON), custom_data=custom_data_from(SAMPLE_MONEY)
    )


def made(event_name: str, *, page: str, user_data: UserData, custom_data: CustomData) -> Event:
    return Event(
        event_name=event_name,
        event_id=f"{PREFIX}{new_id()}",
        event_time=int(time.time()),
        action_source=ActionSource.WEBSITE,
        event_source_url=page,
        user_data=user_data,
        custom_data=custom_data,
    )


def send(event: Event, pixel: Pixel, code: str) -> TestEvent:
    """Send it with the test code, unless Meta would refuse it."""
    payload = event.payload()
    problem = rules.refusal(payload, now=int(time.time()))
    body = wire.body(
        [wire.dumps(payload)],
        test_event_code=code,
        partner_agent=conf.PARTNER_AGENT or None,
        appsecret_proof=pixel.appsecret_proof(),
    )
    started_at = timezone.now()
    answer = None if problem else client().post(pixel, body)
    sent = TestEvent(url=events_url(pixel), event=event, body=body, answer=answer, problem=problem)
    keep(sent, pixel, code, started_at)
    return sent


def keep(sent: TestEvent, pixel: Pixel, code: str, started_at: Any) -> None:
    """Store the event in its final state, and the request. Test events are in no figure."""
    now = timezone.now()
    entry = ledger.EventEntry(
        event=sent.event, consent=Consent.GRANTED, origin=Origin.TRACK, test_event_code=code, decided_at=now
    )
    rows = ledger.rows_of(entry, [pixel], now)
    if sent.answer:
        verdict = sent.answer.verdict
        for row in rows:
            row.batch = batch(sent, sent.answer, pixel, code, started_at)
            row.status = STATUSES.get(verdict.outcome, Status.REJECTED)
            row.attempts, row.finished_at = 1, now
            if not sent.is_accepted:
                row.error_code, row.error_subcode = verdict.code, verdict.subcode
                row.error_reason = verdict.reason[:250]
    insert(rows, alias=using())
    for row in rows:
        if row.batch:
            name_event(row, row.batch)


def name_event(row: Row, request: Batch) -> None:
    """Write the stored event's key into its request, by which the admin finds the events of a request."""
    stored = Row.objects.using(using()).filter(event_id=row.event_id, pixel_id=row.pixel_id)
    request.event_pks = list(stored.values_list("pk", flat=True))
    request.save(update_fields=["event_pks"])


def batch(sent: TestEvent, answer: Answer, pixel: Pixel, code: str, started_at: Any) -> Batch:
    lane = lane_of(pixel.pixel_id)
    return Batch.objects.using(using()).create(
        lane=lane,
        fence=lane.fence,
        started_at=started_at,
        finished_at=timezone.now(),
        events=1,
        size=len(sent.body),
        test_event_code=code,
        **answered(answer, code),
    )


def readable(body: str) -> str:
    """The request body with line breaks, without the customer's data and the proof of the app's secret."""
    found = json.loads(body)
    for event in found["data"]:
        event["user_data"] = withheld(event.get("user_data", {}))
    if "appsecret_proof" in found:
        found["appsecret_proof"] = WITHHELD
    return json.dumps(found, indent=2, ensure_ascii=False)


def withheld(user_data: Mapping[str, Any]) -> dict[str, str]:
    return dict.fromkeys(user_data, WITHHELD)
