"""A withdrawal reaches the orders that a visitor made, also when the cookies are gone."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import login
from django.db.models import F
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from django_capi.ledger import erasure, retention, snapshots, withdrawal
from django_capi.ledger.store import digest
from django_capi.models import ConversionMark, ConversionState, Event, NotSent, Snapshot, Status, Withdrawal
from django_capi.testing import deliver_now, outbox, page_events
from django_capi.tracking import capture_visitor, track
from tests.conftest import ADDRESS, AGENT, FBP
from tests.tracking.serving import serve

pytestmark = pytest.mark.django_db

BANK = "CornerBank/1.0"


@pytest.fixture
def shopper(visitor: Client, settings: Settings) -> Client:
    """An anonymous visitor with a basket in the session."""

    def act(request: HttpRequest) -> None:
        request.session["basket"] = ["tea"]

    serve(settings, act)
    visitor.post("/act/")
    assert django_settings.SESSION_COOKIE_NAME in visitor.cookies
    return visitor


def order(visitor: Client) -> int:
    return int(visitor.post("/checkout/").json()["order"])


def pay(pk: int) -> str:
    """By the bank's webhook; why it is not sent, empty when it is."""
    Client(HTTP_USER_AGENT=BANK).post(f"/webhook/{pk}/")
    return ConversionMark.objects.get().reason


def names(page: Any) -> list[str]:
    return [event["event_name"] for event in page_events(page)]


class TestWithoutTheCookies:
    def test_the_session_tells_whose_order_it_is(self, shopper: Client) -> None:
        pk = order(shopper)
        del shopper.cookies["_fbp"]

        shopper.post("/capi/withdraw/")

        assert pay(pk) == NotSent.WITHDRAWN
        assert FBP not in json.dumps(Snapshot.objects.get().visitor)

    def test_the_session_tells_it_after_a_login_has_changed_its_key(
        self, shopper: Client, settings: Settings, django_user_model: Any
    ) -> None:
        pk = order(shopper)
        before = shopper.cookies[django_settings.SESSION_COOKIE_NAME].value
        user = django_user_model.objects.create_user("ann", password="secret")

        def log_in(request: HttpRequest) -> None:
            login(request, user)

        serve(settings, log_in)
        shopper.post("/act/")
        del shopper.cookies["_fbp"]
        shopper.post("/capi/withdraw/")

        assert shopper.cookies[django_settings.SESSION_COOKIE_NAME].value != before
        assert pay(pk) == NotSent.WITHDRAWN

    def test_the_order_of_the_session_leads_to_the_browsers_other_events(self, shopper: Client) -> None:
        shopper.post("/lead/")
        order(shopper)
        del shopper.cookies["_fbp"]

        shopper.post("/capi/withdraw/")
        deliver_now()

        assert (outbox, Event.objects.get().status) == ([], Status.WITHDRAWN)

    def test_the_page_tells_what_it_had_read(self, visitor: Client) -> None:
        pk = order(visitor)
        del visitor.cookies["_fbp"]

        answer = visitor.post("/capi/withdraw/", json.dumps({"fbp": FBP}), content_type="application/json")

        assert (answer.status_code, pay(pk)) == (204, NotSent.WITHDRAWN)

    @pytest.mark.parametrize("body", ["", "[]", "{", '{"fbp": 7}', '{"fbp": "x"}', '{"fbp": ""}', '"' + "x" * 70_000])
    def test_whatever_else_it_sends_the_cookie_counts(self, visitor: Client, body: str) -> None:
        pk = order(visitor)

        answer = visitor.post("/capi/withdraw/", body, content_type="application/json")

        assert (answer.status_code, pay(pk)) == (204, NotSent.WITHDRAWN)

    def test_nothing_at_all_is_an_answer_and_a_line_in_the_log(
        self, newcomer: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO", "django_capi")

        answer = newcomer.post("/capi/withdraw/")

        assert (answer.status_code, Withdrawal.objects.count()) == (204, 0)
        assert "A withdrawal of consent has no effect" in caplog.text

    def test_no_session_is_made_for_it(self, newcomer: Client) -> None:
        answer = newcomer.post("/capi/withdraw/")

        assert django_settings.SESSION_COOKIE_NAME not in answer.cookies

    def test_another_session_is_another_visitors(self, shopper: Client, newcomer: Client) -> None:
        pk = order(shopper)
        newcomer.post("/act/")

        newcomer.post("/capi/withdraw/")

        assert pay(pk) == ""


class TestALaterYes:
    def test_in_the_visitors_own_request_counts_for_what_happens_then(self, shopper: Client) -> None:
        pk = order(shopper)
        shopper.post("/capi/withdraw/")

        shopper.post(f"/webhook/{pk}/")
        deliver_now()

        assert Event.objects.get(event_name="Purchase").status == Status.ACCEPTED

    def test_keeps_the_visitor_of_a_new_order(self, shopper: Client) -> None:
        order(shopper)
        shopper.post("/capi/withdraw/")
        shopper.cookies["_fbp"] = FBP
        order(shopper)

        erasure.sweep()
        retention.prune()

        assert [FBP in json.dumps(each.visitor) for each in Snapshot.objects.order_by("pk")] == [False, True]

    def test_fires_no_browser_copy_of_what_was_withdrawn(self, shopper: Client) -> None:
        pk = order(shopper)
        pay(pk)
        shopper.post("/capi/withdraw/")
        shopper.cookies["_fbp"] = FBP

        assert "Purchase" not in names(shopper.get(f"/thanks/{pk}/"))

    def test_fires_no_copies_that_waited_for_a_page(self, shopper: Client) -> None:
        shopper.post("/lead/")
        shopper.post("/capi/withdraw/")
        shopper.cookies["_fbp"] = FBP

        assert "Lead" not in names(shopper.get("/page/"))


def test_the_same_session_is_the_same_visitor(visitor: Client) -> None:
    """With another `_fbp`, for instance after the banner has deleted the first one."""
    Snapshot.objects.create(object_ref="shop.order:1", visitor={"consent": 3}, session=digest("a-key"))
    kept = snapshots.find("shop.order:1")

    assert kept
    assert kept.is_of(kept.visitor, session="a-key") is True
    assert kept.is_of(kept.visitor, session="another") is None


def test_a_conversion_that_has_read_its_visitor_before_is_stopped_later(visitor: Client) -> None:
    """The withdrawal comes between the two queries, in a transaction whose snapshot does not show it."""
    pk = order(visitor)
    Client(HTTP_USER_AGENT=BANK).post(f"/webhook/{pk}/")
    withdrawal.withdraw(fbps=[FBP])
    at_checkout = Snapshot.objects.values_list("consented_at", flat=True).get()
    assert at_checkout
    Withdrawal.objects.update(withdrawn_at=at_checkout + timedelta(seconds=1))

    deliver_now()

    assert (outbox, Event.objects.get().status) == ([], Status.WITHDRAWN)


def test_a_snapshot_of_an_earlier_release_is_withdrawn(visitor: Client) -> None:
    pk = order(visitor)
    Snapshot.objects.update(consented_at=None)
    withdrawal.withdraw(fbps=[FBP])

    assert pay(pk) == NotSent.WITHDRAWN


class TestPayloadDays:
    @pytest.fixture(autouse=True)
    def _at_once(self, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "PAYLOAD_DAYS": 0}

    def test_only_the_answer_is_kept_for_a_settled_object(self, visitor: Client) -> None:
        pay(order(visitor))
        deliver_now()

        retention.prune()

        kept = Snapshot.objects.get()
        assert kept.visitor == {"consent": 3, "left_out": []}
        assert kept.fbp == digest(FBP)

    def test_the_browsers_copy_still_finds_its_visitor(self, visitor: Client) -> None:
        pk = order(visitor)
        pay(pk)
        retention.prune()
        stranger = Client(HTTP_USER_AGENT=AGENT, REMOTE_ADDR=ADDRESS)
        stranger.cookies["_fbp"] = FBP + "1"

        theirs, own = (names(client.get(f"/thanks/{pk}/")) for client in (stranger, visitor))

        assert ("Purchase" in theirs, "Purchase" in own) == (False, True)

    @pytest.mark.parametrize("state", [ConversionState.OPEN, ConversionState.INCOMPLETE])
    def test_an_object_that_is_owed_keeps_its_visitor(self, visitor: Client, state: ConversionState) -> None:
        order(visitor)
        ConversionMark.objects.update(state=state, happened_at=timezone.now())

        retention.prune()

        assert Snapshot.objects.get().visitor["fbp"] == FBP

    def test_the_days_count_from_the_conversion(self, visitor: Client, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "PAYLOAD_DAYS": 7}
        pay(order(visitor))
        deliver_now()
        Snapshot.objects.update(created_at=F("created_at") - timedelta(days=30))
        kept = []
        for days in (6, 8):
            ConversionMark.objects.update(happened_at=timezone.now() - timedelta(days=days))
            retention.prune()
            kept.append("fbp" in Snapshot.objects.get().visitor)

        assert kept == [True, False]

    def test_an_object_that_nothing_will_come_of_keeps_no_visitor(self, visitor: Client) -> None:
        order(visitor)
        ConversionMark.objects.all().delete()
        retention.prune()
        fresh = "fbp" in Snapshot.objects.get().visitor
        Snapshot.objects.update(created_at=F("created_at") - timedelta(days=2))

        retention.prune()

        assert (fresh, "fbp" in Snapshot.objects.get().visitor) == (True, False)

    def test_a_captured_visitor_waits_for_its_task(self, visitor: Client, settings: Settings) -> None:
        found: list[str] = []
        serve(settings, lambda request: found.append(capture_visitor(request)))
        visitor.post("/act/")
        Snapshot.objects.update(created_at=F("created_at") - timedelta(days=2))

        retention.prune()

        assert track("Lead", visitor=found[0])


def test_pruning_finds_the_visitor_of_a_transaction_that_was_open(visitor: Client) -> None:
    order(visitor)
    Withdrawal.objects.create(kind=1, digest=digest(FBP), withdrawn_at=timezone.now(), is_swept=True)

    retention.prune()

    assert "fbp" not in Snapshot.objects.get().visitor
