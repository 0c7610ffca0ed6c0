"""What the tags put into a page, and how the copies of actions reach the browser."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.test import AsyncClient, Client
from pytest_django import Settings

from django_capi.meta import cookies
from django_capi.models import BrowserState, Event, Origin
from tests.conftest import FBP, HEADERS
from tests.support.pages import blocks, config, events

pytestmark = pytest.mark.django_db

CLICK = "IwAR2F4-dbP0l7Mn1IawQQGCINEz7PYXQvwjNwB_qa2ofrHyiLjcbCRxTDMgk"


def collect(client: Client, **item: Any) -> Any:
    """Report an event as the page's script does."""
    body = {"events": [{"pixels": ["1234567890123456"], "state": "fired", **item}], "url": "http://testserver/page/"}
    return client.post("/capi/collect/", json.dumps(body), content_type="application/json")


def test_both_copies_of_a_page_event_carry_one_name_and_id(visitor: Client) -> None:
    response = visitor.get("/product/")

    stored = dict(Event.objects.values_list("event_name", "event_id"))
    assert stored == {name: event["event_id"] for name, event in events(response).items()}
    assert set(stored) == {"PageView", "ViewContent"}


def test_both_copies_carry_the_same_custom_data(visitor: Client) -> None:
    response = visitor.get("/product/")

    stored = json.loads(Event.objects.get(event_name="ViewContent").payload)["custom_data"]
    assert events(response)["ViewContent"]["custom_data"] == stored
    assert stored["value"] == 19.9


def test_every_page_view_has_an_id_of_its_own(visitor: Client) -> None:
    ids = {events(visitor.get("/page/"))["PageView"]["event_id"] for _ in range(3)}

    assert len(ids) == 3


def test_the_tag_written_twice_counts_once(visitor: Client) -> None:
    response = visitor.get("/twice/")

    assert [name for name, _ in blocks(response)] == ["capi-config"]
    assert Event.objects.count() == 1


def test_the_page_has_no_inline_script(visitor: Client) -> None:
    html = visitor.get("/product/").content.decode()

    executable = [tag for tag in html.split("<script")[1:] if 'type="application/json"' not in tag.split(">")[0]]
    assert [tag.split(">")[0] for tag in executable] == [' src="/static/django_capi/pixel.js" defer']
    assert "style=" not in html


def test_a_hostile_value_adds_no_script_to_the_page(visitor: Client) -> None:
    visitor.cookies["_fbp"] = "</script><script>alert(1)</script>"

    response = visitor.get("/product/?x=</script><script>alert(1)</script>")

    assert b"<script>alert" not in response.content


def test_a_failed_page_shows_and_stores_no_event(visitor: Client) -> None:
    visitor.raise_request_exception = False

    response = visitor.get("/failing-page/")

    assert response.status_code == 500
    assert not Event.objects.exists()


class TestCachedPages:
    """An id in a page that several visitors get would make Meta drop all but one of them."""

    def test_djangos_cache_stores_no_id_and_no_visitor(self, visitor: Client) -> None:
        first = visitor.get("/cached/")
        second = visitor.get("/cached/")

        assert first.content == second.content
        assert {event["event_id"] for event in events(second).values()} == {None}
        assert (config(second)["consent"], "for" in config(second)) == (None, False)
        assert "user_data" not in config(second)["pixels"][0]
        assert not first.cookies
        assert not Event.objects.exists()

    def test_a_cache_round_the_whole_site_stores_no_cookie(self, newcomer: Client, settings: Settings) -> None:
        settings.MIDDLEWARE = [
            "django.middleware.cache.UpdateCacheMiddleware",
            *settings.MIDDLEWARE,
            "django.middleware.cache.FetchFromCacheMiddleware",
        ]

        response = newcomer.get(f"/page/?fbclid={CLICK}")

        assert not response.cookies
        assert config(response)["consent"] is None
        assert not Event.objects.exists()

    def test_a_response_that_says_public_loses_its_ids_again(self, visitor: Client) -> None:
        response = visitor.get("/public/")

        assert {event["event_id"] for event in events(response).values()} == {None}
        assert (config(response)["consent"], "for" in config(response)) == (None, False)
        assert not response.cookies
        assert not Event.objects.exists()

    def test_an_excluded_visitor_does_not_leave_a_page_without_events_in_a_cache(
        self, visitor: Client, settings: Settings
    ) -> None:
        settings.CAPI = {**settings.CAPI, "EXCLUDE": lambda request: True}

        response = visitor.get("/public/")

        assert config(response)["excluded"] is False
        assert events(response)["ViewContent"]["spec"]

    def test_the_page_of_an_excluded_visitor_says_so_to_no_other(self, newcomer: Client, settings: Settings) -> None:
        """A cache that ignores us may give the page of a crawler to a new visitor: neither has `_fbp`."""
        settings.CAPI = {**settings.CAPI, "EXCLUDE": lambda request: True}

        page, answer = newcomer.get("/page/"), newcomer.post("/capi/visitor/")

        assert (config(page)["excluded"], config(page)["consent"], "for" in config(page)) == (False, None, False)
        assert answer.json()["excluded"] is True

    def test_the_browsers_own_id_is_mirrored_with_the_servers_data(self, visitor: Client) -> None:
        event = events(visitor.get("/cached/"))["ViewContent"]

        answer = collect(
            visitor, event_name="ViewContent", event_id="minted-0001", mirror=True, spec=event["spec"],
            custom_data={"value": 1},
        )  # fmt: skip

        stored = Event.objects.get()
        assert answer.status_code == 204
        assert (stored.event_id, stored.origin) == ("minted-0001", Origin.BROWSER)
        assert stored.browser_state == BrowserState.FIRED
        assert json.loads(stored.payload)["custom_data"]["value"] == 19.9

    def test_the_browser_mints_the_ids_of_a_cached_fragment(self, visitor: Client) -> None:
        first = visitor.get("/fragment/")
        second = visitor.get("/fragment/")

        assert events(first)["ViewContent"]["event_id"] is None
        assert events(first)["ViewContent"] == events(second)["ViewContent"]
        assert events(second)["ViewContent"]["spec"]
        assert set(Event.objects.values_list("event_name", flat=True)) == {"PageView"}

    def test_a_page_that_is_fetched_ahead_stores_nothing(self, visitor: Client) -> None:
        response = visitor.get("/product/", HTTP_SEC_PURPOSE="prefetch;prerender")

        assert events(response)["ViewContent"]["event_id"] is None
        assert not Event.objects.exists()

    def test_a_site_may_let_the_browser_mint_every_page_id(self, visitor: Client, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "PAGE_IDS": "browser"}

        response = visitor.get("/product/")

        assert {event["event_id"] for event in events(response).values()} == {None}
        assert not Event.objects.exists()


class TestCookies:
    def test_the_first_page_mints_fbp_and_its_server_copy_has_it(self, newcomer: Client) -> None:
        response = newcomer.get("/page/")

        morsel = response.cookies["_fbp"]
        assert cookies.parse(morsel.value)
        assert json.loads(Event.objects.get().payload)["user_data"]["fbp"] == morsel.value
        assert (morsel["max-age"], morsel["samesite"], morsel["httponly"], morsel["path"]) == (7776000, "Lax", "", "/")

    def test_an_fbp_that_is_there_stays(self, visitor: Client) -> None:
        response = visitor.get("/page/")

        assert "_fbp" not in response.cookies

    def test_a_click_becomes_fbc_and_goes_with_the_landing_page(self, visitor: Client) -> None:
        response = visitor.get(f"/page/?fbclid={CLICK}")

        value = response.cookies["_fbc"].value
        assert value.endswith(f".{CLICK}")
        assert json.loads(Event.objects.get().payload)["user_data"]["fbc"] == value

    def test_the_same_click_again_changes_nothing(self, visitor: Client) -> None:
        visitor.get(f"/page/?fbclid={CLICK}")

        response = visitor.get(f"/page/?fbclid={CLICK}")

        assert "_fbc" not in response.cookies

    def test_a_click_on_a_page_that_redirects_is_kept(self, visitor: Client) -> None:
        response = visitor.get(f"/lead-and-redirect/?fbclid={CLICK}")

        assert response.status_code == 302
        assert response.cookies["_fbc"].value.endswith(CLICK)

    def test_without_consent_there_is_no_cookie(self, newcomer: Client, settings: Settings) -> None:
        settings.CAPI = {**settings.CAPI, "CONSENT": None}

        response = newcomer.get(f"/page/?fbclid={CLICK}")

        assert not response.cookies
        assert config(response)["consent"] is False

    @pytest.mark.parametrize(
        "junk",
        ["", "fb", "fb.1.2", "fb.x.y.z", "\x00", "fb.1.1596403881668." + "1" * 5000],
        ids=["empty", "one segment", "three", "letters", "control", "endless"],
    )
    def test_junk_in_a_cookie_is_ignored(self, newcomer: Client, junk: str) -> None:
        newcomer.cookies["_fbp"] = junk
        newcomer.cookies["_fbc"] = junk

        response = newcomer.get("/page/")

        user_data = json.loads(Event.objects.get().payload)["user_data"]
        assert response.status_code == 200
        assert user_data["fbp"] == response.cookies["_fbp"].value
        assert "fbc" not in user_data

    @pytest.mark.parametrize(
        "query",
        ["fbclid=", "fbclid=%0d%0aSet-Cookie:x", "fbclid=" + "a" * 5000, "fbclid=%D0%B6", "fbclid=a;b", "fbclid=a.b"],
        ids=["empty", "line break", "endless", "not ASCII", "semicolon", "dot"],
    )
    def test_junk_in_a_click_is_ignored(self, visitor: Client, query: str) -> None:
        response = visitor.get(f"/page/?{query}")

        assert response.status_code == 200
        assert "_fbc" not in response.cookies

    @pytest.mark.parametrize(
        "headers",
        [
            {"HTTP_REFERER": "http://["},
            {"HTTP_REFERER": "\x00" * 9000},
            {"HTTP_USER_AGENT": "\x00\x01"},
            {"HTTP_X_FORWARDED_FOR": ",,,;;'\"--"},
            {"HTTP_HOST": "bad host"},
            {"HTTP_SEC_GPC": "yes please"},
            {"HTTP_HX_CURRENT_URL": "http://[", "HTTP_HX_REQUEST": "true"},
        ],
        ids=["bad referrer", "long referrer", "agent", "forwarded", "host", "gpc", "htmx"],
    )
    def test_junk_in_headers_breaks_no_page(self, visitor: Client, headers: dict[str, Any]) -> None:
        assert visitor.get("/product/", **headers).status_code == 200


class TestHandover:
    """How the browser copy of `track()` reaches the browser."""

    def test_the_copy_comes_with_the_page_that_the_view_renders(self, visitor: Client) -> None:
        response = visitor.post("/lead-and-page/")

        assert events(response)["Lead"]["event_id"] == Event.objects.get(event_name="Lead").event_id

    def test_the_copy_comes_with_the_next_page_after_a_redirect_and_only_there(self, visitor: Client) -> None:
        visitor.post("/lead-and-redirect/")

        first, second = visitor.get("/page/"), visitor.get("/page/")

        assert events(first)["Lead"]["event_id"] == Event.objects.get(event_name="Lead").event_id
        assert "Lead" not in events(second)

    def test_htmx_gets_the_copy_in_a_header_beside_the_views_own_trigger(self, visitor: Client) -> None:
        response = visitor.post("/lead-and-trigger/", HTTP_HX_REQUEST="true")

        triggers = json.loads(response["HX-Trigger"])
        assert triggers["cartChanged"] == ""
        assert triggers["capi:track"]["events"][0]["event_id"] == Event.objects.get().event_id

    @pytest.mark.parametrize(
        ("theirs", "kept"),
        [
            ('{"show": {"level": "info"}}', {"show": {"level": "info"}}),
            ("a, b", {"a": "", "b": ""}),
            ("{broken", {"{broken": ""}),
        ],
        ids=["object", "list", "broken"],
    )
    def test_the_views_own_trigger_is_kept_in_any_form(
        self, visitor: Client, theirs: str, kept: dict[str, Any]
    ) -> None:
        response = visitor.post(f"/lead-and-trigger/?trigger={theirs}", HTTP_HX_REQUEST="true")

        triggers = json.loads(response["HX-Trigger"])
        assert kept.items() <= triggers.items()

    def test_a_boosted_page_brings_its_page_view_in_the_header(self, visitor: Client) -> None:
        response = visitor.get("/page/", HTTP_HX_REQUEST="true", HTTP_HX_BOOSTED="true")

        assert json.loads(response["HX-Trigger"])["capi:track"]["events"][0]["event_name"] == "PageView"

    def test_a_session_is_not_filled_without_end(self, visitor: Client) -> None:
        for _ in range(30):
            visitor.post("/lead-and-redirect/")

        carried = [event for event in config(visitor.get("/page/"))["events"] if event["event_name"] == "Lead"]

        assert len(carried) == 20

    def test_a_cached_page_leaves_the_carried_copies_to_the_visitors_own_request(self, visitor: Client) -> None:
        visitor.post("/lead-and-redirect/")

        page = visitor.get("/cached/")
        own = visitor.get("/capi/visitor/").json()

        assert "Lead" not in events(page)
        assert [event["event_name"] for event in own["events"]] == ["Lead"]

    def test_a_page_without_copies_starts_no_session(self, newcomer: Client) -> None:
        response = newcomer.get("/page/")

        assert "sessionid" not in response.cookies

    def test_an_async_view_hands_over_too(self, async_visitor: AsyncClient) -> None:
        async_to_sync(async_visitor.post)("/lead-async/", headers=HEADERS)

        response = async_to_sync(async_visitor.get)("/page/", headers=HEADERS)

        assert "Lead" in events(response)

    def test_a_streamed_page_is_public(self, visitor: Client) -> None:
        """Its headers have left before it is rendered: they cannot say that it is private."""
        response: Any = visitor.get("/streamed/")
        html = b"".join(response.streaming_content).decode()

        assert '"event_id": null' in html
        assert '"consent": null' in html
        assert not Event.objects.exists()


def test_the_signed_in_visitor_has_one_external_id_on_both_sides(
    visitor: Client, django_user_model: Any, settings: Settings
) -> None:
    settings.CAPI = {**settings.CAPI, "USER_DATA": lambda request: {"em": request.user.email}}
    user = django_user_model.objects.create_user("jane", "jane@example.com")
    visitor.force_login(user)

    response = visitor.get("/page/")
    answer = visitor.get("/capi/visitor/").json()

    user_data = json.loads(Event.objects.get().payload)["user_data"]
    assert answer["pixels"][0]["user_data"] == {key: user_data[key] for key in ("em", "external_id")}
    assert config(response)["matching"]
    assert user_data["em"].encode() not in response.content
    assert b"jane@example.com" not in response.content


@pytest.mark.parametrize("value", [False, "no"], ids=["off", "malformed"])
def test_the_browser_gets_contact_data_only_if_the_site_wants_it(
    visitor: Client, django_user_model: Any, settings: Settings, value: object
) -> None:
    settings.CAPI = {**settings.CAPI, "ADVANCED_MATCHING": value}
    visitor.force_login(django_user_model.objects.create_user("jane", "jane@example.com"))

    response = visitor.get("/page/")

    assert not config(response)["matching"]
    assert visitor.get("/capi/visitor/").json()["pixels"][0]["user_data"] == {}
    assert json.loads(Event.objects.get().payload)["user_data"]["em"]


def test_the_cache_of_the_tests_is_real(visitor: Client) -> None:
    visitor.get("/cached/")

    assert cache._cache  # type: ignore[attr-defined]
    assert FBP not in str(cache._cache)  # type: ignore[attr-defined]
