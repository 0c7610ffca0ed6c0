"""In: a request and the state. Out: the response of the one route that matches, or a 4xx."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from example_project.standin import bank, control, graph, pages, pixel, quality
from example_project.standin.messages import Request, Response, refused
from example_project.standin.state import State

Answer = Callable[[Request, State], Response]


@dataclass(frozen=True, kw_only=True)
class Route:
    methods: tuple[str, ...]
    path: re.Pattern[str]
    answer: Answer


def _at(methods: str, path: str, answer: Answer) -> Route:
    return Route(methods=tuple(methods.split()), path=re.compile(path), answer=answer)


ROUTES = (
    _at("POST", r"/v[0-9]{1,3}\.[0-9]/(?P<pixel>[^/]+)/events", graph.answer_events),
    _at("GET", r"/v[0-9]{1,3}\.[0-9]/dataset_quality", quality.answer_quality),
    _at("GET HEAD", r"/en_US/fbevents\.js", pixel.answer_script),
    _at("GET HEAD", r"/signals/config/(?P<pixel>[0-9]{1,32})", pixel.answer_config),
    _at("GET HEAD POST", r"/tr/?", pixel.answer_tr),
    _at("GET HEAD", r"/", pages.answer_page),
    _at("GET HEAD", r"/_static/(?P<name>[a-z]+\.(css|js|svg))", pages.answer_static),
    _at("GET HEAD", r"/_seen\.json", control.answer_seen_json),
    _at("GET HEAD", r"/_counts\.json", control.answer_counts),
    _at("GET HEAD POST", r"/_control", control.answer_control),
    _at("POST", r"/_reset", control.answer_reset),
    _at("GET HEAD POST", r"/bank/pay", bank.answer_pay),
)


def route(request: Request, state: State) -> Response:
    for candidate in ROUTES:
        match = candidate.path.fullmatch(request.path)
        if match is not None:
            return _answer(candidate, replace(request, found=match.groupdict()), state)
    return refused(404, "There is nothing here.")


def _answer(found: Route, request: Request, state: State) -> Response:
    methods = ", ".join(found.methods)
    if request.method == "OPTIONS":
        allowed = {
            "Access-Control-Allow-Methods": methods,
            "Access-Control-Allow-Headers": "content-type, authorization",
        }
        return Response(status=204, headers=allowed)
    if request.method not in found.methods:
        return replace(refused(405, "This method is not allowed here."), headers={"Allow": methods})
    return found.answer(request, state)
