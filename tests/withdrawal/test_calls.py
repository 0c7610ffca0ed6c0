"""The site withdraws by a function, and by itself when its policy says no to a visitor who had said yes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import AsyncClient, Client
from django.views.decorators.cache import cache_control
from pytest_django import Settings

from django_capi.models import Event, Status, Withdrawal, WithdrawalKind
from django_capi.testing import deliver_now, outbox
from django_capi.tracking import track
from django_capi.withdrawal import awithdraw_consent, withdraw_consent
from tests.conftest import FBP, HEADERS
from tests.support.failing_sql import failing
from tests.support.pages import config
from tests.tracking.serving import Site, serve

pytestmark = pytest.mark.django_db

ANSWERS = {"yes": True, "no": False}


def policy(request: HttpRequest) -> bool | None:
    return ANSWERS.get(request.COOKIES.get("answer", ""))


def kinds() -> list[int]:
    return sorted(Withdrawal.objects.values_list("kind", flat=True))


def statuses() -> list[int]:
    deliver_now()
    return list(Event.objects.order_by("pk").values_list("status", flat=True))


class TestFunction:
    def test_a_request_stops_waiting_events_and_loses_its_cookies(self, visitor: Client, settings: Settings) -> None:
        visitor.post("/lead/")
        serve(settings, withdraw_consent)

        answer = visitor.post("/act/")

        assert (answer.content, statuses()) == (b"True", [Status.WITHDRAWN])
        assert [answer.cookies[name]["max-age"] for name in ("_fbp", "_fbc")] == [0, 0]

    @pytest.mark.parametrize(
        ("host", "domains"),
        [
            ("shop.example.com", ["", "shop.example.com", "example.com"]),
            ("example.com:8000", ["", "example.com"]),
            ("localhost", [""]),
            ("192.0.2.7", [""]),
            ("[2001:db8::1]", [""]),
        ],
    )
    def test_the_cookies_go_on_each_domain_that_they_may_be_kept_for(
        self, visitor: Client, settings: Settings, host: str, domains: list[str]
    ) -> None:
        """Meta's own script keeps its pair for the highest domain, beside ours for the host."""
        settings.ALLOWED_HOSTS = ["*"]

        answer = visitor.post("/capi/withdraw/", headers={"host": host})

        sent = [cookie for cookie in answer.cookies.values() if cookie.key == "_fbp"]
        assert [cookie["domain"] for cookie in sent] == domains
        assert all(cookie.OutputString().startswith(('_fbp=""; ', "_fbp=; ")) for cookie in sent)
        assert {(int(cookie["max-age"]), cookie["path"]) for cookie in sent} == {(0, "/")}

    def test_nothing_more_is_tracked_in_that_request(self, visitor: Client, settings: Settings) -> None:
        def act(request: HttpRequest) -> HttpResponse:
            track("Lead", request=request)
            withdraw_consent(request)
            assert track("Contact", request=request) is None
            return render(request, "page.html")

        serve(settings, act)
        page = visitor.post("/act/")

        assert config(page)["consent"] is False
        assert [(event.event_name, event.status) for event in events_after_delivery()] == [("Lead", Status.WITHDRAWN)]

    @pytest.mark.parametrize("by", ["its own", "the policy's"])
    def test_a_person_is_known_by_the_external_id(self, visitor: Client, settings: Settings, by: str) -> None:
        if by == "the policy's":
            settings.CAPI = {**settings.CAPI, "EXTERNAL_ID": lambda request: " Customer-7"}
        ann = User.objects.create_user("ann")
        visitor.force_login(ann)
        visitor.post("/lead/")

        assert withdraw_consent(external_id=ann.pk if by == "its own" else "customer-7")

        assert statuses() == [Status.WITHDRAWN]

    def test_an_fbp_alone_will_do(self, visitor: Client) -> None:
        visitor.post("/lead/")

        assert withdraw_consent(fbp=FBP)

        assert statuses() == [Status.WITHDRAWN]

    @pytest.mark.parametrize("given", [{}, {"fbp": "no cookie of Meta's"}, {"external_id": ""}], ids=str)
    def test_it_returns_false_when_nothing_identifies_the_visitor(self, given: dict[str, Any]) -> None:
        assert withdraw_consent(**given) is False
        assert not Withdrawal.objects.exists()

    def test_in_async_code_there_is_a_twin(self, settings: Settings) -> None:
        async def view(request: HttpRequest) -> HttpResponse:
            return HttpResponse(str(await awithdraw_consent(request)))

        async def visit() -> Any:
            client = AsyncClient()
            client.cookies["_fbp"] = FBP
            return await client.post("/act/", headers=HEADERS)

        settings.ROOT_URLCONF = Site(view)
        answer = async_to_sync(visit)()

        assert (answer.content, kinds()) == (b"True", [WithdrawalKind.FBP])
        assert answer.cookies["_fbp"]["max-age"] == 0

    def test_it_goes_with_the_callers_transaction(self) -> None:
        with transaction.atomic():
            withdraw_consent(fbp=FBP)
            transaction.set_rollback(True)

        assert not Withdrawal.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_it_raises_when_it_could_not_be_stored(self) -> None:
        failure = failing("INSERT", "django_capi_withdrawal", error=DatabaseError)
        with failure, pytest.raises(DatabaseError):
            withdraw_consent(fbp=FBP)


def events_after_delivery() -> Iterator[Event]:
    deliver_now()
    yield from Event.objects.order_by("pk")


class TestPolicy:
    @pytest.fixture(autouse=True)
    def _asking(self, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "CONSENT": policy}

    def says(self, visitor: Client, answer: str) -> Client:
        visitor.cookies["answer"] = answer
        return visitor

    def test_a_no_after_a_yes_withdraws(self, visitor: Client) -> None:
        self.says(visitor, "yes").post("/lead/")

        answer = self.says(visitor, "no").get("/page/")

        assert answer.cookies["_fbp"]["max-age"] == 0
        assert (outbox, statuses()) == ([], [Status.WITHDRAWN])

    def test_a_no_to_track_withdraws_as_well(self, visitor: Client) -> None:
        self.says(visitor, "yes").post("/lead/")

        answer = self.says(visitor, "no").post("/lead/")

        assert answer.cookies["_fbp"]["max-age"] == 0
        assert statuses() == [Status.WITHDRAWN]

    def test_it_is_noted_once(self, visitor: Client) -> None:
        self.says(visitor, "no").get("/page/")
        noted = Withdrawal.objects.get()

        visitor.get("/page/")

        assert Withdrawal.objects.get().withdrawn_at == noted.withdrawn_at

    def test_a_signed_in_person_withdraws_everywhere(self, visitor: Client) -> None:
        visitor.force_login(User.objects.create_user("ann"))

        self.says(visitor, "no").get("/page/")

        assert kinds() == [WithdrawalKind.FBP, WithdrawalKind.EXTERNAL_ID, WithdrawalKind.SESSION]

    def test_a_visitor_without_our_cookie_had_not_said_yes(self, newcomer: Client) -> None:
        self.says(newcomer, "no").get("/page/")

        assert not Withdrawal.objects.exists()

    @pytest.mark.parametrize("answer", ["", "yes"])
    def test_a_policy_without_an_answer_withdraws_nothing(self, visitor: Client, answer: str) -> None:
        self.says(visitor, answer).get("/page/")

        assert not Withdrawal.objects.exists()

    def test_a_policy_that_raises_withdraws_nothing(self, visitor: Client, settings: Settings) -> None:
        def broken(request: HttpRequest) -> bool:
            raise LookupError

        settings.CAPI = {**settings.CAPI, "CONSENT": broken}
        visitor.get("/page/")

        assert not Withdrawal.objects.exists()

    def test_global_privacy_control_withdraws_nothing(self, visitor: Client) -> None:
        self.says(visitor, "yes").get("/page/", HTTP_SEC_GPC="1")

        assert not Withdrawal.objects.exists()

    def test_the_policy_never_withdraws_nothing(self, visitor: Client, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "CONSENT": "django_capi.consent.never"}
        visitor.get("/page/")

        assert not Withdrawal.objects.exists()

    def test_a_page_for_everybody_takes_nobodys_cookies(self, visitor: Client, settings: Settings) -> None:
        def act(request: HttpRequest) -> HttpResponse:
            track("Lead", request=request)
            return HttpResponse("for all")

        serve(settings, cache_control(public=True, max_age=60)(act))
        answer = self.says(visitor, "no").get("/act/")

        assert "_fbp" not in answer.cookies
        assert self.says(visitor, "no").get("/capi/visitor/").cookies["_fbp"]["max-age"] == 0
        assert kinds() == [WithdrawalKind.FBP]

    def test_a_request_that_tracks_nothing_asks_nothing(self, visitor: Client, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(0):
            self.says(visitor, "no").get("/plain/")

    @pytest.mark.django_db(transaction=True)
    def test_while_it_cannot_be_stored_the_cookies_stay(
        self, visitor: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        with failing("INSERT", "django_capi_withdrawal", error=DatabaseError):
            answer = self.says(visitor, "no").get("/page/")

        assert (answer.status_code, "_fbp" in answer.cookies) == (200, False)
        assert "The withdrawal of consent could not be processed: DatabaseError" in caplog.text
        self.says(visitor, "no").get("/page/")
        assert kinds() == [WithdrawalKind.FBP]

    def test_the_withdrawal_itself_is_noted_once(self, visitor: Client) -> None:
        """When the site's own banner has told the policy already."""
        self.says(visitor, "no").post("/capi/withdraw/", json.dumps({"fbp": FBP}), content_type="application/json")

        assert kinds() == [WithdrawalKind.FBP]
