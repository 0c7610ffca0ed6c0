"""In: the test's or the demo's instructions. Out: what was seen as JSON, and the switch for wrong answers."""

from __future__ import annotations

from dataclasses import asdict

from example_project.standin.faults import Control, ControlError, read_control
from example_project.standin.messages import NO_STORE, Request, Response, json_response, read_json, refused, see_other
from example_project.standin.state import State


def answer_seen_json(_: Request, state: State) -> Response:
    return Response(body=state.seen.json_text().encode(), headers=NO_STORE)


def answer_counts(_: Request, state: State) -> Response:
    return json_response(state.seen.counts(), headers=NO_STORE)


def answer_control(request: Request, state: State) -> Response:
    if request.method == "POST":
        try:
            state.faults.set(read_control(_instruction(request)))
        except ControlError as error:
            return refused(400, str(error))
        if _is_form(request):
            return see_other("/")
    return json_response(asdict(state.faults.control), headers=NO_STORE)


def answer_reset(request: Request, state: State) -> Response:
    state.seen.reset()
    state.faults.set(Control())
    return see_other("/") if _is_form(request) else json_response({"reset": True})


def _instruction(request: Request) -> object:
    if _is_form(request):
        return request.form_fields()
    try:
        return read_json(request.body)
    except ValueError as error:
        raise ControlError("a JSON document is expected") from error


def _is_form(request: Request) -> bool:
    return request.content_type == "application/x-www-form-urlencoded"
