"""What a browser asks for and reports: the scripts, and each request to /tr."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.standin.asking import PIXEL, ask, post_form, seen
from tests.standin.events import EMAIL_HASH

FIELDS = {
    "id": PIXEL,
    "ev": "Purchase",
    "eid": "order-1",
    "dl": "https://shop.example.com/thanks?utm_source=a&b=1",
    "rl": "https://shop.example.com/checkout",
    "fbp": "fb.1.1596403881668.1116446470",
    "fbc": "fb.1.1596403881668.AbC",
    "cd[value]": "12.50",
    "cd[contents]": '[{"id":"sku-1","quantity":2}]',
    "cd[content_name]": "[unfinished",
    "ud[em]": EMAIL_HASH,
    "dpo": "LDU",
}


@pytest.mark.parametrize("path", ["/tr", "/tr/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_browser_event_is_recorded_with_all_it_says(url: str, path: str, method: str) -> None:
    answer = ask(url, f"{path}?{urlencode(FIELDS)}") if method == "GET" else post_form(url, path, FIELDS)

    (event,) = seen(url)["browser"]
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/gif")
    assert (event["pixel"], event["event_name"], event["event_id"]) == (PIXEL, "Purchase", "order-1")
    assert (event["url"], event["referrer"]) == (FIELDS["dl"], FIELDS["rl"])
    assert (event["fbp"], event["fbc"], event["data_processing_options"]) == (FIELDS["fbp"], FIELDS["fbc"], "LDU")
    assert event["custom_data"] == {
        "value": "12.50",
        "contents": [{"id": "sku-1", "quantity": 2}],
        "content_name": "[unfinished",
    }
    assert event["user_data"] == {"em": EMAIL_HASH}


def test_the_visitor_s_address_and_agent_are_those_of_the_connection(url: str) -> None:
    ask(url, "/tr/?id=1&ev=PageView", headers={"User-Agent": "Reader/1.0", "X-Forwarded-For": "203.0.113.7"})

    (event,) = seen(url)["browser"]
    assert (event["client_ip_address"], event["client_user_agent"]) == ("127.0.0.1", "Reader/1.0")


def test_an_event_without_an_id_has_none(url: str) -> None:
    ask(url, "/tr/?id=1&ev=PageView&eid=")

    assert seen(url)["browser"][0]["event_id"] is None


@pytest.mark.parametrize(
    "query",
    ["", "id=1", "ev=PageView", "id=x&ev=PageView", "id=1&ev=", "id=1&ev=a%00b", f"id=1&ev=a&dl={'x' * 9_000}"],
    ids=lambda query: query[:20] or "nothing",
)
def test_junk_sent_to_the_pixel_is_refused_and_not_recorded(url: str, query: str) -> None:
    answer = ask(url, f"/tr/?{query}")

    assert answer.status == 400
    assert seen(url)["browser"] == []


@pytest.mark.parametrize("path", ["/en_US/fbevents.js", f"/signals/config/{PIXEL}?v=2.9&domain=example.com"])
def test_the_scripts_may_be_used_from_any_origin(url: str, path: str) -> None:
    answer = ask(url, path)

    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_the_configuration_names_its_pixel_and_no_other_text(url: str) -> None:
    named = ask(url, f"/signals/config/{PIXEL}")
    junk = ask(url, '/signals/config/1");alert(1);("')

    assert f'configLoaded("{PIXEL}")' in named.text
    assert junk.status == 404
