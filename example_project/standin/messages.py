"""In: one HTTP request, read whole. Out: one response, ready to be written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl


@dataclass(frozen=True, kw_only=True)
class Request:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    client_ip_address: str
    found: Mapping[str, str] = field(default_factory=dict)  # the named parts of the path

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def query_fields(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def form_fields(self) -> dict[str, str]:
        """The fields of a urlencoded body; none for any other kind of body."""
        if self.content_type != "application/x-www-form-urlencoded":
            return {}
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(frozen=True, kw_only=True)
class Response:
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    wait_seconds: float = 0.0
    hang_up: bool = False


HANG_UP = Response(hang_up=True)
NO_STORE = {"Cache-Control": "no-store"}


def read_json(text: str | bytes) -> object:
    """The parsed value; ValueError for anything that is not strict JSON, NaN and endless nesting included."""
    try:
        value: object = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value


def json_response(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status=status, body=json.dumps(value).encode(), headers=headers or {})


def refused(status: int, reason: str) -> Response:
    """A plain answer to a request that makes no sense here; it never repeats what was sent."""
    return json_response({"error": {"message": reason}}, status=status)


def see_other(address: str) -> Response:
    return Response(status=303, headers={"Location": address})


def html(text: str, *, status: int = 200) -> Response:
    return Response(status=status, body=text.encode(), content_type="text/html; charset=utf-8")


def _refuse_constant(name: str) -> float:
    raise ValueError(name)
