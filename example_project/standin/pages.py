"""In: what was seen. Out: the page "What Meta saw": one row an action, its browser and server copies side by side."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from example_project.standin.faults import FAULTS, Control
from example_project.standin.messages import NO_STORE, Request, Response, html, refused
from example_project.standin.pairing import BROWSER, SERVER, Pair
from example_project.standin.seen import BrowserEvent, SeenRefusal, ServerEvent
from example_project.standin.state import State
from example_project.standin.templates import Html, fill, join

NEWEST_EVENTS = 200
NEWEST_REFUSALS = 20

_STATIC = Path(__file__).parent / "static"
_STATIC_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_POLICY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
}

Event = ServerEvent | BrowserEvent


@dataclass(kw_only=True)
class Action:
    """The copies of one action that are shown in one row, newest first."""

    pair: Pair | None
    copies: list[Event] = field(default_factory=list)


def answer_page(_: Request, state: State) -> Response:
    seen = state.seen
    counts = seen.counts()
    actions = group((event, seen.pair_of(event)) for event in seen.newest_events(NEWEST_EVENTS))
    refusals = seen.newest_refusals(NEWEST_REFUSALS)
    text = fill(
        "seen.html",
        {
            **counts,
            "shop": fill("shop.html", {"address": state.shop}) if state.shop else Html(),
            "now": _switched(state.faults.control),
            "actions": join(map(_row, actions)) if actions else fill("empty.html", {}),
            "refusals": fill("refusals.html", {"rows": join(map(_refusal, refusals))}) if refusals else Html(),
            "choices": join(map(_choice, FAULTS)),
        },
    )
    return _guarded(html(text))


def answer_static(request: Request, _: State) -> Response:
    path = _STATIC / request.found["name"]
    if not path.is_file():
        return refused(404, "There is nothing here.")
    content_type = f"{_STATIC_TYPES[path.suffix]}; charset=utf-8"
    return Response(body=path.read_bytes(), content_type=content_type, headers=NO_STORE)


def group(events: Iterable[tuple[Event, Pair | None]]) -> list[Action]:
    """One action for each pair, in the order of its newest copy; an event without an id stands alone."""
    actions: dict[object, Action] = {}
    for number, (event, pair) in enumerate(events):
        key = number if pair is None else pair.key
        actions.setdefault(key, Action(pair=pair)).copies.append(event)
    return list(actions.values())


def _row(action: Action) -> Html:
    newest = action.copies[0]
    server = action.pair.count(SERVER) if action.pair else isinstance(newest, ServerEvent)
    browser = action.pair.count(BROWSER) if action.pair else isinstance(newest, BrowserEvent)
    values = {
        "time": _time(newest.received_at),
        "event_name": newest.event_name,
        "event_id": newest.event_id or "no event id",
        "pixel": newest.pixel,
        "chips": join([_chip("Browser", int(browser)), _chip("Server", int(server))]),
        "verdict": _verdict(action.pair, server=int(server), browser=int(browser)),
        "copies": join(map(_copy, action.copies)),
    }
    return fill("row.html", values)


def _chip(name: str, count: int) -> Html:
    kind = name.lower() if count else "none"
    text = f"{name} \u00d7{count}" if count > 1 else name
    return fill("chip.html", {"kind": kind, "text": text})


def _verdict(pair: Pair | None, *, server: int, browser: int) -> Html:
    if pair is not None and pair.deduplicated:
        return fill("stamp.html", {"kept": pair.kept[-1]})
    channel = "Both, not deduplicated" if server and browser else "Server only" if server else "Browser only"
    return fill("alone.html", {"text": channel})


def _copy(event: Event) -> Html:
    fields = asdict(event)
    if isinstance(event, ServerEvent):
        fields["event"] = json.loads(event.event)
    fields["received_at"] = _time(event.received_at)
    text = json.dumps(fields, indent=2, ensure_ascii=False)
    kind, name = ("server", "Server") if isinstance(event, ServerEvent) else ("browser", "Browser")
    return fill("copy.html", {"kind": kind, "name": name, "text": text})


def _refusal(refusal: SeenRefusal) -> Html:
    code = f"{refusal.code}/{refusal.subcode}" if refusal.subcode else str(refusal.code)
    return fill("refusal.html", {**asdict(refusal), "time": _time(refusal.received_at), "shown_code": code})


def _switched(control: Control) -> Html:
    if control.answer == "ok":
        return fill("alone.html", {"text": "Answering as documented"})
    times = "until switched back" if control.times is None else f"for {control.times} more"
    return fill("warning.html", {"text": f"{FAULTS[control.answer].says}, {times}"})


def _choice(name: str) -> Html:
    return fill("choice.html", {"name": name, "says": FAULTS[name].says})


def _time(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, tz=UTC):%H:%M:%S} UTC"


def _guarded(response: Response) -> Response:
    return Response(
        status=response.status,
        body=response.body,
        content_type=response.content_type,
        headers={**NO_STORE, **_POLICY},
    )
