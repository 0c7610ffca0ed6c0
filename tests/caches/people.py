"""Visitors of a site whose pages are cached, and what a page may say of one of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import Client
from django.urls import include, path

from django_capi.meta.cookies import checksum
from django_capi.testing.pages import BLOCK
from tests.conftest import FBP

EMAIL = "jane@example.com"
HASH = sha256(EMAIL.encode()).hexdigest()
CLICK = "click-of-the-first"
POLICY = {"CONSENT": "tests.caches.people.answer"}
# The cookies of each; the one who is signed in gets a session as well.
COOKIES: Mapping[str, Mapping[str, str]] = {
    "consenting": {"answer": "yes", "_fbp": FBP, "_fbc": f"fb.1.1596403881668.{CLICK}"},
    "refusing": {"answer": "no", "_fbp": "fb.1.1596403881668.2000000002"},
    "unasked": {},
    "new": {"answer": "yes"},
    "signed-in": {"answer": "yes", "_fbp": "fb.1.1596403881668.3000000003"},
}
ORDERS = [[*names[turn:], *names[:turn]] for names in [list(COOKIES)] for turn in range(len(names))]
CONSENT = {"consenting": True, "refusing": False, "unasked": False, "new": True, "signed-in": True}


def answer(request: HttpRequest) -> bool | None:
    return {"yes": True, "no": False}.get(request.COOKIES.get("answer", ""))


def cookies_of(name: str) -> dict[str, str]:
    if name != "signed-in":
        return dict(COOKIES[name])
    client = Client()
    client.force_login(User.objects.get_or_create(username="jane", email=EMAIL)[0])
    return {**COOKIES[name], "sessionid": client.cookies["sessionid"].value}


@dataclass(eq=False)
class Pages:
    """A view that counts its calls by path, with a header of the test's choice."""

    headers: dict[str, str] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)

    def __call__(self, request: HttpRequest, **_: object) -> HttpResponse:
        self.calls[request.path] += 1
        response = render(request, "product.html")
        for name, value in self.headers.items():
            response.headers[name] = value
        return response


class Site:
    """The pages at `/shop/…`, beside those of the test site."""

    def __init__(self, pages: Callable[..., HttpResponse]) -> None:
        self.urlpatterns = [path("shop/<str:name>/", pages), path("", include("tests.site.urls"))]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one visitor got."""

    text: str
    set_cookie: str
    status: str  # of the cache

    @property
    def blocks(self) -> list[dict[str, Any]]:
        return [json.loads(content) for _, content in BLOCK.findall(self.text)]

    @property
    def made_for(self) -> str | None:
        return next((block["for"] for block in self.blocks if block.get("for")), None)

    @property
    def ids(self) -> set[str]:
        found = [event for block in self.blocks for event in (block, *block.get("events", []))]
        return {event["event_id"] for event in found if event.get("event_id")}

    def of_a_visitor(self) -> list[str]:
        """Everything in it that is about one visitor."""
        found = sorted(self.ids)
        for block in self.blocks:
            found += [f"{key}={block[key]}" for key in ("for", "denied", "limited") if key in block]
            found += [f"consent={block['consent']}"] if block.get("consent") is not None else []
        values = {value for cookies in COOKIES.values() for name, value in cookies.items() if name != "answer"}
        found += [value for value in sorted({*values, CLICK, HASH, EMAIL}) if value in self.text]
        return [*found, self.set_cookie] if self.set_cookie else found


Ask = Callable[[str], Seen]


def assert_one_page_for_all(seen: list[Seen], pages: Pages, hit: str) -> None:
    """The first one's page reached the others, and says nothing of anyone."""
    assert [one.status for one in seen[1:]] == [hit] * (len(seen) - 1)
    assert len(seen[0].blocks) == 2
    assert {one.text for one in seen} == {seen[0].text}
    assert seen[0].of_a_visitor() == []
    assert set(pages.calls.values()) == {1}


def assert_each_has_an_own_page(order: list[str], seen: list[Seen]) -> None:
    """Those with the cookie got a page for themselves; no id went out twice."""
    ids = [event_id for one in seen for event_id in one.ids]
    assert len(ids) == len(set(ids)) == 2 * sum(CONSENT[name] for name in order)
    for name, one in zip(order, seen, strict=True):
        assert (name == "new") == ("_fbp=fb.1." in one.set_cookie)
        assert HASH not in one.text
        if name != "new":
            assert one.made_for == checksum(COOKIES[name].get("_fbp", ""))
