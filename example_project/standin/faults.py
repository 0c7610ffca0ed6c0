"""In: an instruction to answer wrongly. Out: for each request to the Graph edge, the fault it meets, if any."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from threading import Lock

from example_project.standin.errors import graph_error, object_error, proof_error
from example_project.standin.messages import HANG_UP, Response
from example_project.standin.rules.table import is_number, is_text

LONGEST_WAIT = 600.0

_TIMES = re.compile(r"[1-9][0-9]{0,8}")


class ControlError(ValueError):
    """An instruction that makes no sense; names the field and the rule."""


@dataclass(frozen=True, kw_only=True)
class Control:
    answer: str = "ok"
    seconds: float = 5.0
    retry_after: str = "2"
    times: int | None = None


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`instead` answers without reading the events; `after` spoils the answer to events that were recorded."""

    says: str
    instead: Callable[[Control], Response] | None = None
    after: Callable[[Control, Response], Response] | None = None


def _server_error(_: Control) -> Response:
    fields = {"is_transient": True}
    return graph_error(code=2, message="Service temporarily unavailable", status=500, fields=fields)


def _too_many(_: Control) -> Response:
    return graph_error(
        code=4, message="(#4) Application request limit reached", status=429, fields={"is_transient": True}
    )


def _too_many_wait(control: Control) -> Response:
    answer = _too_many(control)
    return replace(answer, headers={**answer.headers, "Retry-After": control.retry_after})


def _throttled(_: Control) -> Response:
    usage = {"call_count": 100, "type": "ads_management", "estimated_time_to_regain_access": 1}
    headers = {"X-Business-Use-Case-Usage": json.dumps({"1": [usage]})}
    return graph_error(code=80004, message="(#80004) There have been too many calls", headers=headers)


def _token_expired(_: Control) -> Response:
    message = "Error validating access token: Session has expired"
    return graph_error(code=190, message=message, fields={"error_subcode": 463})


def _permission(_: Control) -> Response:
    return object_error()


def _setup(code: int, message: str) -> Callable[[Control], Response]:
    return lambda _: graph_error(code=code, message=f"(#{code}) {message}")


def _proof_required(_: Control) -> Response:
    return proof_error(is_missing=True)


def _bad_call(_: Control) -> Response:
    return graph_error(code=100, message="Richiesta non supportata", kind="GraphMethodException")


def _nothing(_: Control) -> Response:
    return HANG_UP


def _html(_: Control) -> Response:
    body = b"<!DOCTYPE html><title>Error</title><p>Sorry, something went wrong."
    return Response(status=502, body=body, content_type="text/html; charset=utf-8")


def _unavailable(_: Control) -> Response:
    return Response(body=b"Service Unavailable", content_type="text/plain; charset=utf-8")


def _too_large(_: Control) -> Response:
    return graph_error(code=1, message="Please reduce the amount of data you are asking for", status=413)


def _slow(control: Control, answer: Response) -> Response:
    return replace(answer, wait_seconds=control.seconds)


def _truncated(_: Control, answer: Response) -> Response:
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def _drop(_: Control, __: Response) -> Response:
    return HANG_UP


def _fewer(_: Control, answer: Response) -> Response:
    try:
        body = json.loads(answer.body)
    except ValueError:
        return answer
    if "events_received" not in body:
        return answer
    return replace(answer, body=json.dumps({**body, "events_received": body["events_received"] - 1}).encode())


FAULTS: Mapping[str, Fault] = {
    "ok": Fault(says="Answer as documented"),
    "500": Fault(says="Server error: 500, code 2", instead=_server_error),
    "429": Fault(says="Too many requests: 429, code 4", instead=_too_many),
    "429_retry_after": Fault(says="Too many requests, with Retry-After", instead=_too_many_wait),
    "throttled": Fault(says="Business limit: 400, code 80004", instead=_throttled),
    "token_expired": Fault(says="Token expired: code 190/463", instead=_token_expired),
    "permission": Fault(says="No such pixel or no permission: code 100/33", instead=_permission),
    "method_gone": Fault(says="Method no longer there: code 12", instead=_setup(12, "Metodo obsoleto")),
    "version_gone": Fault(says="Version no longer there: code 2635", instead=_setup(2635, "Versione obsoleta")),
    "unknown_path": Fault(says="Unknown address: code 2500", instead=_setup(2500, "Percorso sconosciuto: /events")),
    "app_deleted": Fault(says="App deleted: code 101", instead=_setup(101, "Applicazione eliminata")),
    "proof_required": Fault(says="appsecret_proof demanded: code 100", instead=_proof_required),
    "proof_invalid": Fault(says="appsecret_proof wrong: code 104", instead=_setup(104, "appsecret_proof non valido")),
    "bad_call": Fault(says="Call refused: code 100, GraphMethodException", instead=_bad_call),
    "nothing": Fault(says="Read the request, close without an answer", instead=_nothing),
    "html": Fault(says="An HTML error page: 502", instead=_html),
    "unavailable": Fault(says="200 that says Service Unavailable", instead=_unavailable),
    "too_large": Fault(says="Body too large: 413", instead=_too_large),
    "slow": Fault(says="Record, answer late", after=_slow),
    "truncated": Fault(says="Record, answer half a JSON document", after=_truncated),
    "fewer": Fault(says="Record, count one event too few", after=_fewer),
    "accept_then_drop": Fault(says="Record, drop the connection", after=_drop),
}


class Faults:
    """The switch: what the next requests meet, and how many of them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._control = Control()

    def set(self, control: Control) -> None:
        with self._lock:
            self._control = control

    @property
    def control(self) -> Control:
        with self._lock:
            return self._control

    def take(self) -> Control:
        """What this request meets; the last of `times` puts the switch back."""
        with self._lock:
            taken = self._control
            if taken.times is not None:
                self._control = replace(taken, times=taken.times - 1) if taken.times > 1 else Control()
            return taken


def read_control(values: object) -> Control:
    """A checked instruction, from JSON or from the page's form, where an empty field is an absent one."""
    if not isinstance(values, dict):
        raise ControlError("an object is expected")
    given = {key: value for key, value in values.items() if value not in (None, "")}
    unknown = given.keys() - CHECKS.keys()
    if unknown:
        reason = f"only {', '.join(CHECKS)} are known"
        raise ControlError(reason)
    for key, value in given.items():
        if not CHECKS[key](value):
            reason = f"{key} is not valid"
            raise ControlError(reason)
    return _control(given)


def _control(given: Mapping[str, object]) -> Control:
    times = given.get("times")
    return Control(
        answer=str(given.get("answer", "ok")),
        seconds=float(str(given.get("seconds", 5))),
        retry_after=str(given.get("retry_after", "2")),
        times=None if times is None or given.get("answer", "ok") == "ok" else int(str(times)),
    )


def _is_times(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, (int, str)) and bool(_TIMES.fullmatch(str(value)))


def _is_seconds(value: object) -> bool:
    return is_number(value) and 0 <= float(str(value)) <= LONGEST_WAIT


def _is_header_text(value: object) -> bool:
    return is_number(value) or (is_text(value) and str(value).isprintable() and str(value).isascii())


CHECKS: Mapping[str, Callable[[object], bool]] = {
    "answer": lambda value: isinstance(value, str) and value in FAULTS,
    "seconds": _is_seconds,
    "retry_after": _is_header_text,
    "times": _is_times,
}
