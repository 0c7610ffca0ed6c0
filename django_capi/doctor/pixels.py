"""Check each pixel and token by sending a test event."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

from django_capi.conf import Pixel, conf
from django_capi.delivery.client import Answer, GraphClient
from django_capi.doctor.finding import GRAPH_SENDER, Finding, fail, ok, warn
from django_capi.meta import wire
from django_capi.meta.events import ActionSource, Event, UserData
from django_capi.meta.verdicts import RequestOutcome

NAME = "test event"
EVENT_NAME = "CapiDoctor"  # not one of the standard events
EXAMPLE = {"em": "capi-doctor@example.com"}
HOW = (
    'Take the code from "Test events" in Meta\'s Events Manager and run '
    "manage.py capi_doctor --test-event-code TEST12345"
)
PASSING = (RequestOutcome.THROTTLE, RequestOutcome.TRANSIENT, RequestOutcome.AMBIGUOUS)


def examine(*, test_event_code: str, may_send: bool) -> Iterator[Finding]:
    """Yield a finding per pixel. Without a test code nothing is sent, as it would count as a real event."""
    if conf.sender() != "graph":
        yield untried(f'the sender is "{conf.sender()}"', GRAPH_SENDER)
        return
    for pixel in conf.pixels().values():
        code = test_event_code or pixel.test_event_code
        if not pixel.access_token:
            yield fail(NAME, f"Pixel {pixel.pixel_id} has no access token.", "Write ACCESS_TOKEN beside PIXEL_ID.")
        elif not may_send:
            yield untried("--no-send was given", "Run it without --no-send.", pixel)
        elif not code:
            yield untried("there is no test code", HOW, pixel)
        else:
            yield judged(pixel, GraphClient().post(pixel, body(pixel, code)))


def untried(reason: str, advice: str, pixel: Pixel | None = None) -> Finding:
    what = f"Token and pixel {pixel.pixel_id} were" if pixel else "Tokens and pixels were"
    return warn(NAME, f"{what} not tested: {reason}.", advice)


def body(pixel: Pixel, test_event_code: str) -> str:
    event = Event(
        event_name=EVENT_NAME,
        event_id=uuid.uuid4().hex,
        event_time=int(time.time()),
        action_source=ActionSource.SYSTEM_GENERATED,
        user_data=UserData.from_raw(EXAMPLE),
    )
    return wire.body(
        [wire.dumps(event.payload())], test_event_code=test_event_code, appsecret_proof=pixel.appsecret_proof()
    )


def judged(pixel: Pixel, answer: Answer) -> Finding:
    verdict = answer.verdict
    trace = f" (fbtrace_id {verdict.fbtrace_id})" if verdict.fbtrace_id else ""
    if verdict.outcome is RequestOutcome.ACCEPTED:
        return ok(NAME, f"Pixel {pixel.pixel_id} accepted a test event{trace}.")
    code = "" if verdict.code is None else f" Code {verdict.code}/{verdict.subcode or '-'}{trace}."
    text = f"Pixel {pixel.pixel_id} did not accept the test event. {verdict.reason}{code}"
    if verdict.outcome in PASSING:
        return warn(NAME, text, "Run capi_doctor again later.")
    return fail(
        NAME,
        text,
        "Correct what the reason names. For a new token, see Events Manager (your dataset, Settings, Conversions API).",
    )
