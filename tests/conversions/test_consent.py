"""Consent is what the visitor says when it happens, else the last word that was kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.http import HttpRequest
from django.test import Client
from pytest_django import Settings

from django_capi.conversions import Conversion
from django_capi.models import ConversionMark, ConversionState, Event, NotSent
from tests.conftest import ADDRESS, AGENT, FBP
from tests.site.models import Order
from tests.support.registration import registering
from tests.tracking.serving import serve

pytestmark = pytest.mark.django_db

ROBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
ANSWERS = {"yes": True, "no": False}


def policy(request: HttpRequest) -> bool | None:
    return ANSWERS.get(request.COOKIES.get("answer", ""))


@pytest.fixture(autouse=True)
def _asking(settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": policy}


def says(visitor: Client, answer: str) -> Client:
    visitor.cookies["answer"] = answer
    return visitor


def order(visitor: Client) -> int:
    return int(visitor.post("/checkout/").json()["order"])


def outcome() -> str:
    """Why it was not sent; empty when it was."""
    mark = ConversionMark.objects.get()
    assert Event.objects.filter(event_name="Purchase").exists() is not bool(mark.reason)
    return mark.reason


@pytest.mark.parametrize(
    ("at_checkout", "at_payment", "reason"),
    [
        ("yes", "yes", ""),
        ("yes", "no", NotSent.DENIED),
        ("yes", "", ""),
        ("no", "yes", NotSent.DENIED),  # whose request that is cannot be told: nothing was kept of who declined
        ("no", "no", NotSent.DENIED),
        ("", "yes", NotSent.UNKNOWN),
    ],
)
def test_paid_in_the_visitors_own_request(visitor: Client, at_checkout: str, at_payment: str, reason: str) -> None:
    pk = order(says(visitor, at_checkout))

    says(visitor, at_payment).post(f"/webhook/{pk}/")

    assert outcome() == reason


@pytest.mark.parametrize(
    ("at_checkout", "at_payment", "reason"), [("no", "yes", ""), ("", "yes", ""), ("", "no", NotSent.DENIED)]
)
def test_the_session_tells_the_visitor_again_who_had_not_agreed(
    visitor: Client, settings: Settings, at_checkout: str, at_payment: str, reason: str
) -> None:
    serve(settings, lambda request: request.session.update({"basket": ["tea"]}))
    visitor.post("/act/")
    pk = order(says(visitor, at_checkout))

    says(visitor, at_payment).post(f"/webhook/{pk}/")

    assert outcome() == reason


@pytest.mark.parametrize(("at_checkout", "reason"), [("yes", ""), ("no", NotSent.DENIED), ("", NotSent.UNKNOWN)])
def test_paid_by_a_webhook(visitor: Client, at_checkout: str, reason: str) -> None:
    pk = order(says(visitor, at_checkout))

    Client(HTTP_USER_AGENT="CornerBank/1.0").post(f"/webhook/{pk}/")

    assert outcome() == reason


def test_another_browser_does_not_answer_for_the_visitor(visitor: Client) -> None:
    pk = order(says(visitor, "yes"))
    staff = Client(HTTP_USER_AGENT=AGENT, REMOTE_ADDR=ADDRESS)
    staff.cookies["_fbp"] = FBP + "1"

    says(staff, "no").post(f"/webhook/{pk}/")

    assert outcome() == ""


def test_a_later_yes_revives_nothing(visitor: Client) -> None:
    pk = order(says(visitor, "yes"))
    says(visitor, "no").post(f"/webhook/{pk}/")

    says(visitor, "yes").post(f"/webhook/{pk}/")

    assert outcome() == NotSent.DENIED


def test_a_no_at_a_save_before_the_payment_is_the_last_word(visitor: Client) -> None:
    pk = order(says(visitor, "yes"))
    says(visitor, "no").post(f"/note/{pk}/")

    Client(HTTP_USER_AGENT="CornerBank/1.0").post(f"/webhook/{pk}/")

    assert outcome() == NotSent.WITHDRAWN


class TestExcluded:
    def test_a_crawlers_order_is_no_conversion(self, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "CONSENT": "django_capi.consent.always"}
        robot = Client(HTTP_USER_AGENT=ROBOT, REMOTE_ADDR=ADDRESS)

        robot.post(f"/webhook/{order(robot)}/")

        assert outcome() == NotSent.EXCLUDED
        assert ConversionMark.objects.get().excluded_as == "Googlebot"

    def test_a_crawlers_order_that_a_webhook_pays_says_which_crawler(self, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "CONSENT": "django_capi.consent.always"}
        pk = order(Client(HTTP_USER_AGENT=ROBOT, REMOTE_ADDR=ADDRESS))

        Client(HTTP_USER_AGENT="CornerBank/1.0").post(f"/webhook/{pk}/")

        assert ConversionMark.objects.get().excluded_as == "Googlebot"

    def test_an_excluded_requests_order_is_none_when_a_webhook_pays_it(
        self, visitor: Client, settings: Settings
    ) -> None:
        exclude = {"EXCLUDE": lambda request: "Mozilla" in request.META["HTTP_USER_AGENT"]}
        settings.CAPI = {**settings.CAPI, "CONSENT": "django_capi.consent.always", **exclude}

        Client(HTTP_USER_AGENT="CornerBank/1.0").post(f"/webhook/{order(visitor)}/")

        assert outcome() == NotSent.EXCLUDED
        assert ConversionMark.objects.get().excluded_as == "EXCLUDE"

    def test_a_payment_provider_is_no_crawler(self, visitor: Client) -> None:
        pk = order(says(visitor, "yes"))

        Client(HTTP_USER_AGENT="Stripe/1.0 (+https://stripe.com/docs/webhooks)").post(f"/webhook/{pk}/")

        assert outcome() == ""


class TestTheSitesWord:
    @pytest.fixture
    def word(self) -> Iterator[list[bool | None]]:
        said: list[bool | None] = [True]

        class Asking(Conversion[Order]):
            def happened(self, order: Order, /) -> bool:
                return order.status == Order.PAID

            def consent(self, order: Order, /) -> bool | None:
                return said[0]

            def user_data(self, order: Order, /) -> dict[str, object]:
                return {"em": "jane@example.com"}

            def custom_data(self, order: Order, /) -> dict[str, object]:
                return {"value": 1, "currency": "EUR"}

        with registering(Order, Asking):
            yield said

    @pytest.mark.parametrize(("says_of_it", "reason"), [(True, ""), (False, NotSent.DENIED), (None, NotSent.UNKNOWN)])
    def test_it_counts_where_no_visitor_was_seen(
        self, word: list[bool | None], says_of_it: bool | None, reason: str
    ) -> None:
        word[0] = says_of_it

        Order.objects.create(status=Order.PAID)

        assert outcome() == reason

    def test_it_stays_owed_while_it_cannot_be_asked(self, word: list[bool | None]) -> None:
        said = word.pop()
        made = Order.objects.create(status=Order.PAID)
        assert ConversionMark.objects.get().state == ConversionState.OPEN
        word.append(said)

        made.save()

        assert outcome() == ""

    def test_it_does_not_overrule_the_visitor(self, word: list[bool | None], visitor: Client) -> None:
        pk = order(says(visitor, "no"))

        Client(HTTP_USER_AGENT="CornerBank/1.0").post(f"/webhook/{pk}/")

        assert outcome() == NotSent.DENIED


def test_without_a_pixel_the_reason_says_so(settings: Settings) -> None:
    settings.CAPI = {"CONSENT": "django_capi.consent.always"}

    Order.objects.create(status=Order.PAID)

    assert outcome() == NotSent.NO_PIXEL


def choice_that_raises(subject: object) -> str:
    raise LookupError


@pytest.mark.parametrize(
    "choice",
    [choice_that_raises, lambda subject: "misspelt", lambda subject: [None, "misspelt"], "shop.no_such_module.choice"],
    ids=["raises", "names none", "names none in a list", "cannot be imported"],
)
def test_a_failing_choice_of_pixels_leaves_it_owed(choice: object, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": "django_capi.consent.always", "PIXEL_FOR": choice}
    made = Order.objects.create(status=Order.PAID)
    settings.CAPI = {**settings.CAPI, "PIXEL_FOR": None}

    made.save()

    assert outcome() == ""
