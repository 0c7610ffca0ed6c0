"""The page "What Meta saw": rows, chips, stamps, refusals, and every value escaped."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from example_project.standin import Running
from tests.standin.asking import PIXEL, ask, post_json, send
from tests.standin.events import website

SCRIPT = "<script>alert('x')</script>"


def page(url: str) -> str:
    return ask(url, "/").text


def from_browser(url: str, **fields: str) -> None:
    ask(url, f"/tr/?{urlencode({'id': PIXEL, 'ev': 'ViewContent', **fields})}")


def test_an_empty_page_says_what_to_do(url: str) -> None:
    assert "Nothing has arrived yet." in page(url)
    assert "Refused requests</h2>" not in page(url)


def test_a_pair_is_one_row_with_two_chips_and_a_stamp(url: str) -> None:
    send(url, website(event_id="a"))
    from_browser(url, eid="a")

    text = page(url)

    assert text.count('<details class="row"') == 1
    assert '<span class="chip browser">Browser</span>' in text
    assert '<span class="chip server">Server</span>' in text
    assert ">deduplicated</span>" in text


@pytest.mark.parametrize(("channel", "verdict"), [("server", "Server only"), ("browser", "Browser only")])
def test_a_lonely_copy_is_called_so(url: str, channel: str, verdict: str) -> None:
    if channel == "server":
        send(url, website(event_id="a"))
    else:
        from_browser(url, eid="a")

    text = page(url)

    assert verdict in text
    assert ">deduplicated</span>" not in text


def test_repeats_are_counted_on_the_chip(url: str) -> None:
    send(url, website(event_id="a"), website(event_id="a"))

    assert "Server \u00d72" in page(url)


def test_events_without_an_id_stand_alone(url: str) -> None:
    from_browser(url)
    from_browser(url)

    assert page(url).count("no event id</code>") == 2


def test_the_newest_row_comes_first(url: str, start: Callable[..., Running]) -> None:
    moments = iter(range(1_780_000_000, 1_780_001_000))
    running = start(clock=lambda: next(moments))
    from_browser(running.url, ev="PageView", eid="a")
    send(running.url, website(event_time=1_779_999_999, event_id="b"))

    text = page(running.url)

    assert text.index(">ViewContent<") < text.index(">PageView<")


def test_refusals_are_listed_with_code_and_subcode(url: str) -> None:
    send(url, website(event_time=1))

    text = page(url)

    assert "<code>100/2804003</code>" in text
    assert "<code>event_time</code>" in text


def test_every_value_is_escaped(start: Callable[..., Running]) -> None:
    url = start(shop='http://127.0.0.1/"><b>').url
    send(url, website(event_name=SCRIPT, event_id='"><b>', custom_data={SCRIPT: SCRIPT}))
    from_browser(url, ev=SCRIPT, eid='"><b>', dl=SCRIPT, **{f"cd[{SCRIPT}]": SCRIPT})
    post_json(url, f"/v26.0/{SCRIPT.replace('/', '')}/events", {"data": [website()]})

    text = page(url)

    assert "<script>" not in text
    assert "<b>" not in text
    assert "&lt;script&gt;" in text


def test_the_page_allows_no_script_but_its_own(url: str) -> None:
    policy = ask(url, "/").headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy


def test_the_switch_is_shown_while_it_is_on(url: str) -> None:
    post_json(url, "/_control", {"answer": "500", "times": 3})

    assert "Server error: 500, code 2, for 3 more" in page(url)


def test_a_shop_gets_a_link_when_it_is_known(start: Callable[..., Running]) -> None:
    with_shop, without = start(shop="http://127.0.0.1:8000"), start()

    assert 'href="http://127.0.0.1:8000"' in page(with_shop.url)
    assert "Open the shop" not in page(without.url)


@pytest.mark.parametrize("name", ["page.css", "page.js", "icon.svg"])
def test_the_page_s_files_are_served(url: str, name: str) -> None:
    assert ask(url, f"/_static/{name}").status == 200
