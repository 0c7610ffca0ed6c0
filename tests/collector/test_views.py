"""The three addresses that the page's script calls: reports, questions about the visitor, and withdrawals."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from django_capi.browser import specs
from django_capi.ledger.resend import resend
from django_capi.models import (
    BrowserState,
    ConversionMark,
    Event,
    NotSent,
    Snapshot,
    Status,
    Withdrawal,
    WithdrawalKind,
)
from django_capi.testing import deliver_now
from django_capi.tracking import track
from tests.browser.test_blocks import CLICK, collect
from tests.conftest import ADDRESS, AGENT, FBP
from tests.site.models import Order
from tests.support.failing_sql import failing
from tests.support.pages import events
from tests.tracking.serving import serve

DOCS = Path(__file__).parents[2] / "docs" / "reference" / "collector.md"

pytestmark = pytest.mark.django_db


def post(client: Client, body: object, **headers: Any) -> Any:
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return client.post("/capi/collect/", text, content_type="application/json", **headers)


class Gone(BytesIO):
    """The body of a client whose connection breaks."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise ConnectionResetError


def leaving() -> dict[str, Any]:
    return {"wsgi.input": Gone()}


def item(**changes: Any) -> dict[str, Any]:
    sound = {"event_name": "PageView", "event_id": "0123456789abcdef", "pixels": ["1234567890123456"], "state": "fired"}
    return {**sound, **changes}


def refused(answer: Any) -> dict[int, str]:
    """The reasons by the index of the item, of an answer that names some."""
    assert answer.status_code == 200
    return {entry["index"]: entry["reason"] for entry in answer.json()["refused"]}


class TestReceipts:
    def test_a_receipt_fills_the_browsers_side_of_the_row(self, visitor: Client) -> None:
        event_id = events(visitor.get("/page/"))["PageView"]["event_id"]

        answer = collect(visitor, event_name="PageView", event_id=event_id)

        event = Event.objects.get()
        assert answer.status_code == 204
        assert (event.browser_state, event.browser_count) == (BrowserState.FIRED, 1)
        assert event.browser_fbp == event.server_fbp != ""
        assert not event.shared_id

    def test_a_fired_copy_shortens_the_deadline_to_47_hours(self, visitor: Client) -> None:
        event_id = events(visitor.get("/page/"))["PageView"]["event_id"]

        collect(visitor, event_name="PageView", event_id=event_id)

        hours = (Event.objects.get().deadline - timezone.now()).total_seconds() / 3600
        assert 46.9 < hours <= 47

    @pytest.mark.parametrize(
        ("fbp", "days"),
        [(FBP, 1), ("fb.1.1596403881668.999", 6), ("", 6)],
        ids=["the same visitor", "a stranger", "without a cookie"],
    )
    def test_only_the_events_own_visitor_shortens_the_time_of_an_id_that_can_be_guessed(
        self, visitor: Client, settings: Settings, fbp: str, days: int
    ) -> None:
        serve(settings, lambda request: track("Lead", request=request, event_id="order-7"))
        visitor.get("/act/")
        other = Client(HTTP_USER_AGENT=AGENT, REMOTE_ADDR=ADDRESS)
        if fbp:
            other.cookies["_fbp"] = fbp

        collect(other, event_name="Lead", event_id="order-7")

        event = Event.objects.get()
        assert event.browser_state == BrowserState.FIRED
        assert (event.deadline - timezone.now()).days == days

    def test_a_blocked_copy_does_not_shorten_the_deadline(self, visitor: Client) -> None:
        event_id = events(visitor.get("/page/"))["PageView"]["event_id"]

        collect(visitor, event_name="PageView", event_id=event_id, state="blocked")

        event = Event.objects.get()
        assert event.browser_state == BrowserState.BLOCKED
        assert (event.deadline - timezone.now()).days == 6

    def test_a_fired_copy_is_not_called_blocked_by_a_later_receipt(self, visitor: Client) -> None:
        event_id = events(visitor.get("/page/"))["PageView"]["event_id"]

        collect(visitor, event_name="PageView", event_id=event_id)
        collect(visitor, event_name="PageView", event_id=event_id, state="blocked")

        event = Event.objects.get()
        assert (event.browser_state, event.browser_count) == (BrowserState.FIRED, 2)

    def test_one_id_from_two_visitors_is_noticed(self, visitor: Client, newcomer: Client) -> None:
        event_id = events(visitor.get("/page/"))["PageView"]["event_id"]
        newcomer.cookies["_fbp"] = "fb.1.1596403881668.999"

        collect(visitor, event_name="PageView", event_id=event_id)
        collect(newcomer, event_name="PageView", event_id=event_id)

        assert Event.objects.get().shared_id

    def test_two_first_pages_at_once_are_of_one_visitor(self, newcomer: Client) -> None:
        """Each response gives the browser another `_fbp`, and it keeps the later one."""
        other = Client(HTTP_USER_AGENT=AGENT, REMOTE_ADDR=ADDRESS)
        pages = newcomer.get("/page/"), other.get("/page/")

        for response in pages:
            view = events(response)["PageView"]
            collect(other, event_name="PageView", event_id=view["event_id"])

        assert not Event.objects.filter(shared_id=True).exists()

    def test_a_receipt_of_an_unknown_event_makes_no_row(self, visitor: Client) -> None:
        answer = post(visitor, {"events": [item()]})

        assert answer.status_code == 204
        assert not Event.objects.exists()


class TestMirroring:
    def test_an_event_that_only_the_browser_saw_gets_a_server_copy(self, visitor: Client) -> None:
        body = {
            "events": [item(event_name="AddToWishlist", mirror=True, custom_data={"content_ids": ["A"]}, age=30)],
            "url": "http://testserver/wishlist/?token=secret&utm_source=ad",
            "referrer": "https://www.example.com/?q=jane@example.com",
        }

        post(visitor, body)

        event = Event.objects.get()
        sent = json.loads(event.payload)
        assert (event.status, event.browser_state) == (Status.PENDING, BrowserState.FIRED)
        assert sent["event_source_url"] == "http://testserver/wishlist/?utm_source=ad"
        assert sent["referrer_url"] == "https://www.example.com/"
        assert sent["custom_data"] == {"content_ids": ["A"]}
        assert 28 <= timezone.now().timestamp() - event.event_time <= 33

    def test_an_address_of_another_site_is_not_taken(self, visitor: Client) -> None:
        post(
            visitor,
            {"events": [item(mirror=True)], "url": "https://evil.example.com/"},
            HTTP_REFERER="http://testserver/a/",
        )

        assert json.loads(Event.objects.get().payload)["event_source_url"] == "http://testserver/a/"

    def test_nothing_is_mirrored_without_consent(self, visitor: Client, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "CONSENT": "django_capi.consent.never"}

        answer = post(visitor, {"events": [item(mirror=True)]})

        assert answer.status_code == 204
        assert not Event.objects.exists()

    def test_a_browser_cannot_make_up_a_purchase(self, visitor: Client) -> None:
        answer = post(visitor, {"events": [item(event_name="Purchase", mirror=True, custom_data={"value": 9999})]})

        assert refused(answer) == {0: "event_name-not-in-BROWSER_EVENTS"}
        assert not Event.objects.exists()


BAD = {
    "no JSON": ("{", 400, "not-json"),
    "empty": ("", 400, "not-json"),
    "not UTF-8": (b"\xff\xfe\xff", 400, "not-json"),
    "a list": ("[]", 400, "not-an-object"),
    "nested without end": ("[" * 50_000, 400, "not-json"),
    "no events": ("{}", 400, "events-missing"),
    "events no list": ('{"events": 5}', 400, "events-missing"),
    "no events in it": ('{"events": []}', 400, "events-missing"),
    "too many": (json.dumps({"events": [item()] * 21}), 413, "too-many-events"),
    "too large": (json.dumps({"events": [item()], "url": "x" * 70_000}), 413, "too-large"),
}
BAD_ITEMS: dict[str, tuple[object, str]] = {
    "no object": (5, "event-not-an-object"),
    "no name": (item(event_name=""), "event_name"),
    "an endless name": (item(event_name="a" * 51), "event_name"),
    "a name with a line break": (item(event_name="Page\nView"), "event_name"),
    "a name that is a number": (item(event_name=7), "event_name"),
    "an endless id": (item(event_id="a" * 101), "event_id"),
    "an id with a line break": (item(event_id="aaaaaaaaa\n"), "event_id"),
    "half a character": (item(event_id="\ud83d\ud83d\ud83d"), "event_id"),
    "an id no browser makes": (item(event_id="7", mirror=True), "event_id"),
    "an e-mail address as id": (item(event_id="jane@example.com", mirror=True), "event_id"),
    "another pixel": (item(pixels=["999"]), "pixels"),
    "pixels in a map": (item(pixels={}), "pixels"),
    "pixels in pixels": (item(pixels=[["1234567890123456"]]), "pixels"),
    "no state": (item(state="great"), "state"),
    "a state in a list": (item(state=["fired"]), "state"),
    "an event of last week": (item(age=7 * 24 * 3600, mirror=True), "age"),
    "an endless age": (item(age=1e300, mirror=True), "age"),
    "a spec of nobody's": (item(event_name="Purchase", mirror=True, spec="a:b:c"), "spec-unknown"),
    "half a character as a spec": (item(event_name="Purchase", mirror=True, spec="\ud800:a:b"), "spec-unknown"),
    "a spec that is a number": (item(event_name="Purchase", mirror=True, spec=5), "spec-unknown"),
    "a spec of another event": (item(mirror=True, spec=specs.sign("ViewContent", {})), "spec-of-another-event"),
}


def test_the_documentation_has_every_reason() -> None:
    text = DOCS.read_text("utf-8")
    reasons = {reason for *_, reason in (*BAD.values(), *BAD_ITEMS.values())}

    assert {reason for reason in reasons if f"`{reason}`" not in text} == set()


class TestJunk:
    @pytest.mark.parametrize(("body", "status", "reason"), BAD.values(), ids=BAD.keys())
    def test_junk_is_refused_with_a_short_reason(
        self, visitor: Client, body: str | bytes, status: int, reason: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        answer = post(visitor, body)

        assert (answer.status_code, answer.json()) == (status, {"error": reason})
        assert not Event.objects.exists()
        assert not [record for record in caplog.records if record.name == "django_capi"]

    @pytest.mark.parametrize(
        "length", ["\N{SUPERSCRIPT TWO}", "1" * 5000, "-1", "many", "1_0"], ids=lambda text: text[:4]
    )
    def test_any_length_may_be_claimed(self, visitor: Client, length: str) -> None:
        answer = post(visitor, {"events": [item()]}, CONTENT_LENGTH=length)

        assert (answer.status_code, answer.json()) == (413, {"error": "too-large"})

    def test_a_client_that_leaves_while_it_posts_is_no_error(
        self, visitor: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        answer = post(visitor, {"events": [item()]}, **leaving())

        assert (answer.status_code, answer.json()) == (400, {"error": "unreadable"})
        assert not [record for record in caplog.records if record.name == "django_capi"]

    def test_a_withdrawal_needs_no_body(self, visitor: Client) -> None:
        answer = visitor.post("/capi/withdraw/", "{}", content_type="application/json", **leaving())

        assert answer.status_code == 204
        assert Withdrawal.objects.get().kind == WithdrawalKind.FBP

    @pytest.mark.parametrize(("bad", "reason"), BAD_ITEMS.values(), ids=BAD_ITEMS.keys())
    def test_an_item_that_is_refused_costs_no_other(
        self, visitor: Client, bad: object, reason: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        answer = post(visitor, {"events": [bad, item(event_id="fedcba9876543210", mirror=True)]})

        assert refused(answer) == {0: reason}
        assert Event.objects.get().event_id == "fedcba9876543210"
        assert not [record for record in caplog.records if record.name == "django_capi"]

    @pytest.mark.parametrize("url", ["/capi/collect/", "/capi/withdraw/", "/capi/visitor/"])
    @pytest.mark.parametrize(
        "headers",
        [{"HTTP_SEC_FETCH_SITE": "cross-site"}, {"HTTP_ORIGIN": "https://evil.example.com"}, {"HTTP_ORIGIN": "null"}],
        ids=["by the browser's word", "by its origin", "hidden"],
    )
    def test_other_sites_are_refused(self, visitor: Client, url: str, headers: dict[str, Any]) -> None:
        answer = visitor.post(url, json.dumps({"events": [item()]}), content_type="application/json", **headers)

        assert answer.status_code == 403

    @pytest.mark.parametrize("url", ["/capi/collect/", "/capi/withdraw/"])
    def test_only_post_is_taken(self, visitor: Client, url: str) -> None:
        assert visitor.get(url).status_code == 405

    @pytest.mark.parametrize("field", ["custom_data", "age", "mirror"])
    @pytest.mark.parametrize("junk", [None, [], "x", -1, float("nan"), {"a": {"b": [{}]}}], ids=repr)
    def test_junk_in_an_optional_field_is_ignored(self, visitor: Client, field: str, junk: object) -> None:
        answer = post(visitor, {"events": [item(**{"mirror": True, field: junk})], "url": junk, "referrer": junk})

        assert answer.status_code == 204


class TestVisitor:
    def test_it_answers_what_must_not_be_in_a_cached_page(self, newcomer: Client) -> None:
        answer = newcomer.get(f"/capi/visitor/?fbclid={CLICK}")

        assert answer.json()["consent"] is True
        assert answer.cookies["_fbc"].value.endswith(CLICK)
        assert "_fbp" in answer.cookies
        assert "no-store" in answer["Cache-Control"]

    def test_it_answers_that_there_is_no_consent(self, newcomer: Client, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "CONSENT": None}

        answer = newcomer.get("/capi/visitor/")

        assert answer.json()["consent"] is False
        assert not answer.cookies


class TestWithdrawal:
    def test_a_pending_event_is_not_sent_and_loses_its_payload(self, visitor: Client) -> None:
        visitor.get("/page/")

        answer = visitor.post("/capi/withdraw/")
        deliver_now()

        event = Event.objects.get()
        assert answer.status_code == 204
        assert (event.status, event.payload) == (Status.WITHDRAWN, "")
        assert answer.cookies["_fbp"]["max-age"] == 0

    @pytest.mark.django_db(transaction=True)
    def test_a_withdrawal_that_fails_says_so_and_can_be_repeated(
        self, visitor: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        visitor.get("/page/")
        with failing("INSERT", "django_capi_withdrawal", error=DatabaseError):
            answer = visitor.post("/capi/withdraw/")

        assert (answer.status_code, dict(answer.cookies)) == (503, {})
        assert "The withdrawal could not be processed: DatabaseError" in caplog.text
        assert visitor.post("/capi/withdraw/").status_code == 204
        deliver_now()
        assert Event.objects.get().status == Status.WITHDRAWN

    def test_a_signed_in_person_is_known_without_the_cookie(self, visitor: Client, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "EXTERNAL_ID": lambda request: "customer-7"}
        visitor.get("/page/")
        del visitor.cookies["_fbp"]
        settings.CAPI = {**settings.CAPI, "CONSENT": "django_capi.consent.never"}

        visitor.post("/capi/withdraw/")
        deliver_now()

        assert Event.objects.get().status == Status.WITHDRAWN

    @pytest.mark.parametrize("status", [Status.IN_DOUBT, Status.REJECTED])
    def test_an_event_that_has_ended_is_not_sent_again(self, visitor: Client, status: Status) -> None:
        visitor.get("/page/")
        event = Event.objects.get()
        Event.objects.update(status=status, finished_at=timezone.now(), error_reason="a reason")

        visitor.post("/capi/withdraw/")

        assert resend([event.pk]).pks == []
        deliver_now()
        assert Event.objects.values_list("status", "payload", "error_reason").get() == (status, "", "a reason")

    def test_an_order_that_is_paid_afterwards_is_not_sent(self, visitor: Client) -> None:
        pk = visitor.post("/checkout/").json()["order"]

        visitor.post("/capi/withdraw/")
        Client(HTTP_USER_AGENT="CornerBank/1.0").post(f"/webhook/{pk}/")

        assert Order.objects.get().status == Order.PAID
        assert ConversionMark.objects.get().reason == NotSent.WITHDRAWN
        assert not Event.objects.exists()
        assert FBP not in json.dumps(Snapshot.objects.get().visitor)

    def test_other_visitors_events_stay(self, visitor: Client, newcomer: Client) -> None:
        visitor.get("/page/")
        newcomer.cookies["_fbp"] = FBP + "1"

        newcomer.post("/capi/withdraw/")
        deliver_now()

        assert Event.objects.get().status == Status.ACCEPTED
