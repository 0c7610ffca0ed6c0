"""In: a POST to /<version>/<pixel>/events. Out: Meta's answer; accepted events are recorded, refused ones named."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from example_project.standin.access import is_proven, is_token, token_of
from example_project.standin.errors import (
    INVALID_PARAMETER,
    accepted,
    event_error,
    object_error,
    parameter_error,
    proof_error,
    token_error,
)
from example_project.standin.faults import FAULTS
from example_project.standin.messages import Request, Response, read_json
from example_project.standin.rules import Refusal, first_refusal
from example_project.standin.seen import SeenRefusal, ServerEvent
from example_project.standin.state import State

MAX_EVENTS = 1_000
PARTNER_AGENT_BELOW = 23


@dataclass(frozen=True, kw_only=True)
class Upload:
    """The top level of a request body."""

    data: list[object]
    test_event_code: str | None


class UploadError(ValueError):
    """The request as a whole cannot be read; says which field and why."""


def answer_events(request: Request, state: State) -> Response:
    state.seen.count_request()
    control = state.faults.take()
    fault = FAULTS[control.answer]
    if fault.instead is not None:
        return fault.instead(control)
    answer = _receive(request, pixel=request.found["pixel"], state=state)
    return answer if fault.after is None else fault.after(control, answer)


def _receive(request: Request, *, pixel: str, state: State) -> Response:
    try:
        fields = read_fields(request)
        if not is_token(token_of(request, fields), wanted=state.token):
            return _refuse(state, pixel, _whole("access_token", "The token is missing or unknown."), token_error())
        if not is_proven(fields, token=token_of(request, fields), app_secret=state.app_secret):
            answer = proof_error(is_missing="appsecret_proof" not in fields)
            return _refuse(state, pixel, _whole("appsecret_proof", "The proof is missing or wrong."), answer)
        if not pixel.isdigit():
            return _refuse(state, pixel, _whole("id", "There is no such pixel."), object_error())
        upload = read_upload(fields)
    except UploadError as error:
        return _refuse(state, pixel, _whole("data", str(error)), parameter_error(str(error)))
    return _judge(upload, pixel=pixel, state=state)


def _judge(upload: Upload, *, pixel: str, state: State) -> Response:
    """All or nothing: the first bad event refuses the batch."""
    now = state.clock()
    refusal = next((found for event in upload.data if (found := first_refusal(event, now=now))), None)
    if refusal is not None:
        return _refuse(state, pixel, refusal, event_error(refusal), events=len(upload.data))
    state.seen.add_server(_events(upload, pixel=pixel, now=now))
    return accepted(len(upload.data))


def _events(upload: Upload, *, pixel: str, now: float) -> Iterator[ServerEvent]:
    for event in upload.data:
        if isinstance(event, dict):
            yield ServerEvent(
                pixel=pixel,
                event_name=event["event_name"],
                event_id=event.get("event_id"),
                event_time=event["event_time"],
                received_at=now,
                event=json.dumps(event, separators=(",", ":")),
                test_event_code=upload.test_event_code,
            )


def read_fields(request: Request) -> dict[str, object]:
    """The body's top-level fields, from a JSON document or a form."""
    if request.content_type == "application/json":
        try:
            document = read_json(request.body)
        except ValueError as error:
            raise UploadError("The body is not a JSON document.") from error
        if not isinstance(document, dict):
            raise UploadError("The body must be a JSON object.")
        return document
    return dict(request.form_fields())


def read_upload(fields: Mapping[str, object]) -> Upload:
    events = _unpack(fields.get("data"))
    if not isinstance(events, list) or not events:
        raise UploadError("param data must be a non-empty array.")
    if len(events) > MAX_EVENTS:
        reason = f"param data has more than {MAX_EVENTS} events."
        raise UploadError(reason)
    code = fields.get("test_event_code")
    if code is not None and not isinstance(code, str):
        raise UploadError("param test_event_code must be a string.")
    if not _is_partner_agent(fields.get("partner_agent")):
        raise UploadError("param partner_agent needs two letters and fewer than 23 characters.")
    return Upload(data=[_unpack(event) for event in events], test_event_code=code or None)


def _unpack(value: object) -> object:
    """JSON inside a string, which is how a form carries it and how Meta's own SDK writes each event."""
    if not isinstance(value, str):
        return value
    try:
        return read_json(value)
    except ValueError:
        return None


def _is_partner_agent(value: object) -> bool:
    if value is None:
        return True
    return isinstance(value, str) and len(value) < PARTNER_AGENT_BELOW and sum(map(str.isalpha, value)) >= 2


def _whole(field: str, says: str) -> Refusal:
    return Refusal(rule="request", field=field, subcode=None, says=says)


def _refuse(state: State, pixel: str, refusal: Refusal, answer: Response, *, events: int = 0) -> Response:
    error = json.loads(answer.body)["error"]
    state.seen.add_refusal(
        SeenRefusal(
            received_at=state.clock(),
            pixel=pixel[:32],
            code=error.get("code", INVALID_PARAMETER),
            subcode=error.get("error_subcode"),
            field=refusal.field,
            says=refusal.says,
            events=events,
        )
    )
    return answer
