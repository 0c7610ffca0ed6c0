"""In: a browser's requests for the pixel's scripts and to /tr. Out: the scripts, a GIF, and one recorded event each."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from example_project.standin.messages import Request, Response, read_json, refused
from example_project.standin.seen import BrowserEvent
from example_project.standin.state import State

SCRIPTS = ("matching.js", "fbevents.js")
LONGEST_FIELD = 8_192
LONGEST_WAIT = 30.0  # seconds

_STATIC = Path(__file__).parent / "static"
_GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_PIXEL = re.compile(r"[0-9]{1,32}")
_SECONDS = re.compile(r"[0-9]{1,2}(\.[0-9]{1,3})?")
_EVENT_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,100}")
_NO_STORE = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "cross-origin"}
_CONFIG = '(function () {{ "use strict"; window.fbq.instance.configLoaded("{pixel}"); }})();\n'


def answer_script(_: Request, __: State) -> Response:
    text = "\n".join((_STATIC / name).read_text(encoding="utf-8") for name in SCRIPTS)
    return _script(f'(function () {{\n"use strict";\n\n{text}\n}})();\n')


def answer_config(request: Request, _: State) -> Response:
    """The script without which the library sends nothing for this pixel; `wait` delays it by that many seconds."""
    wait = request.query_fields().get("wait", "0")
    seconds = min(float(wait), LONGEST_WAIT) if _SECONDS.fullmatch(wait) else 0.0
    return replace(_script(_CONFIG.format(pixel=request.found["pixel"])), wait_seconds=seconds)


def answer_tr(request: Request, state: State) -> Response:
    fields = {**request.query_fields(), **request.form_fields()}
    if not _PIXEL.fullmatch(fields.get("id", "")) or not _EVENT_NAME.fullmatch(fields.get("ev", "")):
        return refused(400, "id and ev are needed.")
    if any(len(value) > LONGEST_FIELD for value in fields.values()):
        return refused(400, "A field is too long.")
    state.seen.add_browser(_browser_event(fields, request, received_at=state.clock()))
    return Response(body=_GIF, content_type="image/gif", headers=_NO_STORE)


def _browser_event(fields: Mapping[str, str], request: Request, *, received_at: float) -> BrowserEvent:
    return BrowserEvent(
        pixel=fields["id"],
        event_name=fields["ev"],
        event_id=fields.get("eid") or None,
        received_at=received_at,
        url=fields.get("dl") or None,
        referrer=fields.get("rl") or None,
        fbp=fields.get("fbp") or None,
        fbc=fields.get("fbc") or None,
        custom_data=_bracketed(fields, "cd"),
        user_data=_bracketed(fields, "ud"),
        data_processing_options=fields.get("dpo"),
        client_ip_address=request.client_ip_address,
        client_user_agent=request.headers.get("user-agent", ""),
    )


def _bracketed(fields: Mapping[str, str], name: str) -> dict[str, object]:
    """`cd[value]=1` and the like, without the brackets; a list or object travels as JSON text."""
    start = f"{name}["
    return {
        key[len(start) : -1]: _value(value)
        for key, value in fields.items()
        if key.startswith(start) and key.endswith("]")
    }


def _value(text: str) -> object:
    if not text.startswith(("[", "{")):
        return text
    try:
        return read_json(text)
    except ValueError:
        return text


def _script(text: str) -> Response:
    return Response(body=text.encode(), content_type="text/javascript; charset=utf-8", headers=_NO_STORE)
