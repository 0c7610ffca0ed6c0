"""User agents in any script and of any length, and the kinds of clients they belong to."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.asgi import get_asgi_application
from django.test import Client, RequestFactory

from django_capi.models import Event
from django_capi.requests.agents import LONGEST, ClientKind, agent_of, client_of
from django_capi.requests.visitor import from_request
from django_capi.tracking.page import events_of
from tests.conftest import ADDRESS, AGENT

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 [FBAN/FBIOS;FBCR/{};FBID/phone]"


def on_the_wire(agent: str) -> str:
    """As WSGI and ASGI hand out the bytes that a browser has sent."""
    return agent.encode().decode("latin-1")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (on_the_wire(IPHONE.format("中華電信")), IPHONE.format("中華電信")),
        (on_the_wire(IPHONE.format("TÜRK TELEKOM")), IPHONE.format("TÜRK TELEKOM")),
        (on_the_wire(IPHONE.format("Telefónica")), IPHONE.format("Telefónica")),
        (on_the_wire(IPHONE.format("МегаФон")), IPHONE.format("МегаФон")),
        (on_the_wire(IPHONE.format("اتصالات")), IPHONE.format("اتصالات")),
        (on_the_wire(IPHONE.format("📱")), IPHONE.format("📱")),
        (IPHONE.format("Telefónica"), IPHONE.format("Telefónica")),
        (IPHONE.format("中華電信"), IPHONE.format("中華電信")),
        ("Mozilla/5.0 \x00(X11)\x7f\x1b", "Mozilla/5.0 (X11)"),
        (on_the_wire("Mozilla/5.0 (\u200bX11\u0085)"), "Mozilla/5.0 (X11)"),
        ("Mozilla/5.0\t(X11)", "Mozilla/5.0 (X11)"),
        (f"  {AGENT}  ", AGENT),
        ("\x00\x01", None),
        ("", None),
        ("   ", None),
    ],
)
def test_an_agent_is_read_in_any_script(rf: RequestFactory, header: str, expected: str | None) -> None:
    assert agent_of(rf.get("/", HTTP_USER_AGENT=header)) == expected


@pytest.mark.parametrize("letter", ["x", "é", "電", "📱"])
def test_a_long_agent_is_cut_between_characters(rf: RequestFactory, letter: str) -> None:
    agent = "Mozilla/5.0 " + letter * 5000

    found = agent_of(rf.get("/", HTTP_USER_AGENT=on_the_wire(agent)))

    assert found == agent[:LONGEST]


def test_a_client_that_sends_no_agent_has_none(rf: RequestFactory) -> None:
    assert agent_of(rf.get("/")) is None


@pytest.mark.django_db
def test_an_event_carries_the_agent_as_it_was_written(visitor: Client) -> None:
    visitor.get("/page/", HTTP_USER_AGENT=on_the_wire(IPHONE.format("中華電信")))

    sent = json.loads(Event.objects.get().payload)
    assert sent["user_data"]["client_user_agent"] == IPHONE.format("中華電信")


@pytest.mark.django_db(transaction=True)
def test_over_asgi_it_is_the_same() -> None:
    found: list[Any] = []
    headers = [(b"host", b"testserver"), (b"user-agent", IPHONE.format("中華電信").encode())]
    scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": "/page/", "headers": headers,
             "query_string": b"", "client": (ADDRESS, 1), "server": ("testserver", 80), "scheme": "http"}  # fmt: skip

    async def receive() -> dict[str, Any]:
        if found:
            await asyncio.Event().wait()
        found.append(None)
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None: ...

    async_to_sync(get_asgi_application())(scope, receive, send)

    assert json.loads(Event.objects.get().payload)["user_data"]["client_user_agent"] == IPHONE.format("中華電信")


@pytest.mark.parametrize(
    ("agent", "kind"),
    [
        (AGENT, ClientKind.BROWSER),
        (IPHONE.format("中華電信"), ClientKind.BROWSER),
        (
            "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 Chrome/100 Mobile Safari/537.36",
            ClientKind.BROWSER,
        ),
        ("Opera/9.80 (J2ME/MIDP; Opera Mini/7.1) Presto/2.8", ClientKind.BROWSER),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", ClientKind.CRAWLER),
        ("Mozilla/5.0 (compatible; Baiduspider/2.0)", ClientKind.CRAWLER),
        ("Mozilla/5.0 (X11; Linux) HeadlessChrome/140.0", ClientKind.CRAWLER),
        ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", ClientKind.CRAWLER),
        ("WhatsApp/2.23", ClientKind.CRAWLER),
        ("AdsBot-Google (+http://www.google.com/adsbot.html)", ClientKind.CRAWLER),
        ("Stripe/1.0 (+https://stripe.com/docs/webhooks)", ClientKind.PROGRAM),
        ("PayPal/AUHR-214.0-55417034", ClientKind.PROGRAM),
        ("Mollie.nl HTTP client/1.0", ClientKind.PROGRAM),
        ("Adyen HttpClient 1.0", ClientKind.PROGRAM),
        ("Razorpay-Webhook/v1", ClientKind.PROGRAM),
        ("python-requests/2.31", ClientKind.PROGRAM),
        ("curl/8.5.0", ClientKind.PROGRAM),
        ("okhttp/4.9.0", ClientKind.PROGRAM),
        ("Dart/3.0 (dart:io)", ClientKind.PROGRAM),
        ("Dalvik/2.1.0 (Linux; U; Android 9)", ClientKind.PROGRAM),
        ("Go-http-client/1.1", ClientKind.PROGRAM),
        ("", ClientKind.PROGRAM),
        (None, ClientKind.PROGRAM),
        ("Shop/3.2 (iPhone; iOS 17.1)", ClientKind.UNKNOWN),
    ],
)
def test_browsers_programs_and_crawlers_are_told_apart(agent: str | None, kind: ClientKind) -> None:
    assert client_of(agent) is kind


@pytest.mark.parametrize(("accept", "expected"), [("text/html,*/*", True), ("application/json", False), ("", False)])
def test_an_unknown_agent_is_a_browser_if_it_requests_a_page(rf: RequestFactory, accept: str, expected: bool) -> None:
    assert events_of(rf.get("/", HTTP_USER_AGENT="NewBrowser/1.0", HTTP_ACCEPT=accept)).is_browser is expected


def test_a_visitor_with_a_very_long_agent_is_tracked(rf: RequestFactory) -> None:
    visitor = from_request(rf.get("/", HTTP_USER_AGENT=AGENT + " x" * 2000, REMOTE_ADDR=ADDRESS))

    assert "client_user_agent" in visitor.user_data().payload()
