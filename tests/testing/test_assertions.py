from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from pytest_django import Settings

from django_capi.models import Event
from django_capi.testing import (
    BrowserClient,
    assert_mirrored,
    assert_nothing_tracked,
    assert_tracked,
    deliver_now,
    outbox,
    reasons,
)
from django_capi.tracking import track
from tests.tracking.serving import GOOGLEBOT, serve

pytestmark = pytest.mark.django_db

PIXELS = {"main": {"PIXEL_ID": "1"}, "eu": {"PIXEL_ID": "2"}}


@pytest.fixture(autouse=True)
def _no_earlier_reasons() -> None:
    reasons.clear()


def failure(event_name: str, **expected: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        assert_tracked(event_name, **expected)
    return str(caught.value)


def mirror_failure(response: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        assert_mirrored(response)
    return str(caught.value)


def test_a_site_can_assert_what_was_tracked(visitor: Client) -> None:
    visitor.post("/lead/")

    assert_tracked("Lead")
    assert_tracked("Lead", value=Decimal("20.00"), currency="EUR")
    assert_tracked("Lead", value=21, times=0)


def test_a_failure_says_what_was_tracked_instead(visitor: Client) -> None:
    visitor.post("/lead/")

    assert failure("Purchase") == "Purchase was tracked 0 times, not once. Tracked: Lead."
    assert "Tracked under this name: {'value': 20, 'currency': 'EUR'}" in failure("Lead", value=21)
    with pytest.raises(AssertionError, match=r"^Tracked: Lead\.$"):
        assert_nothing_tracked()


def test_an_event_for_two_pixels_was_tracked_once(visitor: Client, settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "PIXELS": PIXELS}

    visitor.post("/lead/")

    assert Event.objects.count() == 2
    assert_tracked("Lead")


def test_nothing_tracked_is_asserted_on_an_empty_ledger() -> None:
    assert_nothing_tracked()


def test_a_page_whose_events_are_stored_is_mirrored(visitor: Client) -> None:
    response: Any = visitor.get("/product/")

    assert_mirrored(response)
    Event.objects.filter(event_name="ViewContent").delete()
    assert mirror_failure(response) == "In the page, and not stored by the server: ViewContent."


def test_delivered_events_are_in_the_outbox(visitor: Client) -> None:
    visitor.post("/lead/")

    deliver_now()

    assert [event["event_name"] for sent in outbox for event in sent.events] == ["Lead"]


class TestReasons:
    """A failure says why nothing was tracked."""

    def test_a_client_without_an_agent_is_excluded(self) -> None:
        response: Any = Client().get("/product/")

        assert "/product/: no page events for a program: no User-Agent." in failure("ViewContent")
        assert "/product/: no page events for a program: no User-Agent." in mirror_failure(response)

    @pytest.mark.parametrize(
        ("agent", "reason"),
        [(GOOGLEBOT, "excluded as a crawler: User-Agent"), ("python-requests/2", "no page events for a program")],
        ids=["a crawler", "a program"],
    )
    def test_an_agent_that_is_no_browser_is_named(self, agent: str, reason: str) -> None:
        Client(HTTP_USER_AGENT=agent).get("/product/")

        assert f"/product/: {reason}" in failure("ViewContent")
        assert agent in failure("ViewContent")

    def test_a_browser_is_no_reason(self) -> None:
        BrowserClient().get("/plain/")

        assert failure("ViewContent") == "ViewContent was tracked 0 times, not once. Nothing was tracked."

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"CONSENT": lambda request: None}, "/product/: the consent policy has no answer for this visitor."),
            ({"CONSENT": None}, 'CAPI["CONSENT"] is not set'),
            ({"EXCLUDE": lambda request: True}, '/product/: excluded by CAPI["EXCLUDE"].'),
            ({"PIXELS": PIXELS, "PIXEL_FOR": lambda subject: None}, '/product/: CAPI["PIXEL_FOR"] chose no pixel.'),
            ({"PIXEL_ID": ""}, "No pixel is configured."),
        ],
        ids=["no consent", "no policy", "excluded", "no choice", "no pixel"],
    )
    def test_a_page_that_may_not_be_tracked_says_why(
        self, visitor: Client, settings: Settings, changes: dict[str, Any], reason: str
    ) -> None:
        settings.CAPI = {**settings.CAPI, **changes}

        response: Any = visitor.get("/product/")

        assert reason in failure("ViewContent")
        assert reason in mirror_failure(response)

    def test_a_missing_middleware_is_named(self, visitor: Client, settings: Settings) -> None:
        settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if "capi" not in path]

        assert 'MIDDLEWARE does not have "django_capi.middleware.CapiMiddleware".' in failure("Lead")

    def test_a_call_that_tracked_nothing_says_why(self, visitor: Client, settings: Settings) -> None:
        serve(settings, lambda request: track("Lead", request=request, consent=False))

        visitor.post("/act/")

        assert "Lead: it was called with consent=False." in failure("Lead")

    def test_an_invalid_argument_is_a_reason_without_its_value(self) -> None:
        track("Lead", consent=True, event_time="ann@example.com")  # type: ignore[arg-type]

        assert "Lead: InvalidEvent. event_time: must be a datetime" in failure("Lead")
        assert "ann@example.com" not in failure("Lead")

    def test_too_many_events_need_no_reason(self, visitor: Client) -> None:
        Client().get("/product/")
        visitor.post("/lead/")

        assert "User-Agent" not in failure("Lead", times=0)


class TestPagesWithoutIds:
    def test_a_page_without_events_is_not_mirrored(self, visitor: Client) -> None:
        assert mirror_failure(HttpResponse("<p>")).startswith(
            "The page has no events. Its template has no {% capi_pixel %}"
        )

    def test_an_error_page_says_its_status(self, visitor: Client) -> None:
        response: Any = visitor.get("/nowhere/")

        assert mirror_failure(response).startswith("The page has no events. Its status is 404.")

    def test_a_page_that_may_be_cached_is_named_as_such(self, visitor: Client) -> None:
        response: Any = visitor.get("/public/")

        assert "PageView, ViewContent: the page has no event_id" in mirror_failure(response)
        assert "may be cached" in mirror_failure(response)

    def test_a_response_of_a_request_factory_has_no_request(self, rf: RequestFactory) -> None:
        assert "may be why" not in mirror_failure(HttpResponse("<p>"))


@pytest.mark.django_db(transaction=True)
def test_an_async_client_without_an_agent_is_excluded() -> None:
    response: Any = async_to_sync(AsyncClient().get)("/product-async/")

    assert "/product-async/: no page events for a program: no User-Agent." in failure("ViewContent")
    assert "/product-async/: no page events for a program: no User-Agent." in mirror_failure(response)
