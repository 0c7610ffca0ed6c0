"""Answer GET /<version>/dataset_quality as Meta's Dataset Quality API does, from what was seen of the dataset."""

from __future__ import annotations

from typing import Any

from example_project.standin.access import is_proven, is_token, token_of
from example_project.standin.errors import (
    graph_error,
    parameter_error,
    proof_error,
    token_error,
    trace_id,
    usage_headers,
)
from example_project.standin.faults import FAULTS
from example_project.standin.measures import first_seen, measured
from example_project.standin.messages import Request, Response, json_response
from example_project.standin.selection import SelectionError, read_selection, selected, unknown_field
from example_project.standin.state import State

OF_BOTH_CHANNELS = ("event_coverage", "dedupe_key_feedback")  # not known of a young dataset


def answer_quality(request: Request, state: State) -> Response:
    control = state.faults.take()
    fault = FAULTS[control.answer]
    if fault.instead is not None:
        return fault.instead(control)
    answer = _answer(request, state)
    return answer if fault.after is None else fault.after(control, answer)


def _answer(request: Request, state: State) -> Response:
    fields = request.query_fields()
    token = token_of(request, {})
    if not is_token(token, wanted=state.token):
        return token_error()
    if not is_proven(fields, token=token, app_secret=state.app_secret):
        return proof_error(is_missing="appsecret_proof" not in fields)
    if not state.quality.is_permitted:
        return graph_error(code=10, message="(#10) L'applicazione non dispone dell'autorizzazione per questa azione")
    if not fields.get("dataset_id", "").isdigit():
        return graph_error(code=2044055, message="(#2044055) Il set di dati non esiste")
    return _selected(fields, state)


def _selected(fields: dict[str, str], state: State) -> Response:
    try:
        selection = read_selection(fields.get("fields", "web"))
    except SelectionError as error:
        return parameter_error(str(error))
    unknown = unknown_field(selection, state.quality.known())
    if unknown is not None:
        return parameter_error(f"Tried accessing nonexisting field ({unknown})")
    said = selected({"web": _web(fields["dataset_id"], state)}, selection)
    return json_response(said, headers=usage_headers(trace_id()))


def _web(pixel: str, state: State) -> list[dict[str, Any]]:
    now = state.clock()
    begun = first_seen(state.seen, pixel)
    is_young = begun is not None and now - begun < state.quality.young_for
    found = []
    for said in measured(state.seen, pixel=pixel, now=now):
        known = {name: value for name, value in said.items() if not (is_young and name in OF_BOTH_CHANNELS)}
        if "dedupe_key_feedback" in known:
            known[state.quality.dedupe_field] = known.pop("dedupe_key_feedback")
        found.append(known)
    return found
