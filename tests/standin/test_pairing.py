"""Which copies are one action, and which copy counts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.standin.asking import PIXEL, ask, post_json, seen, send
from tests.standin.conftest import Clock
from tests.standin.events import website

HOUR = 3_600


def from_server(url: str, event_name: str = "ViewContent", event_id: str | None = "a", pixel: str = PIXEL) -> None:
    event = website(event_name=event_name, event_id=event_id)
    post_json(url, f"/v26.0/{pixel}/events", {"data": [event]})


def from_browser(url: str, event_name: str = "ViewContent", event_id: str | None = "a", pixel: str = PIXEL) -> None:
    fields = {"id": pixel, "ev": event_name, **({"eid": event_id} if event_id else {})}
    ask(url, f"/tr/?{urlencode(fields)}")


def only_pair(url: str) -> Any:
    (pair,) = seen(url)["pairs"]
    return pair


def test_the_same_pixel_name_and_id_make_a_pair(url: str) -> None:
    from_browser(url)
    from_server(url)

    pair = only_pair(url)

    assert (pair["pixel"], pair["event_name"], pair["event_id"]) == (PIXEL, "ViewContent", "a")
    assert (pair["server"], pair["browser"], pair["deduplicated"]) == (1, 1, 1)


@pytest.mark.parametrize(
    "other",
    [{"event_name": "viewcontent"}, {"event_id": "A"}, {"pixel": "1"}],
    ids=["name in another case", "id in another case", "another pixel"],
)
def test_anything_else_is_not_one_action(url: str, other: dict[str, str]) -> None:
    from_browser(url)
    from_server(url, **other)

    assert seen(url)["counts"]["deduplicated"] == 0
    assert len(seen(url)["pairs"]) == 2


def test_events_without_an_id_are_never_paired(url: str) -> None:
    from_browser(url, event_id=None)
    from_server(url, event_id=None)

    assert seen(url)["pairs"] == []


def test_the_browser_s_copy_is_kept_when_both_come_within_minutes(url: str, clock: Clock) -> None:
    from_server(url)
    clock.now += 5 * 60
    from_browser(url)

    assert only_pair(url)["kept"] == ["browser"]


def test_the_first_copy_is_kept_when_the_other_comes_later(url: str, clock: Clock) -> None:
    from_server(url)
    clock.now += 5 * 60 + 1
    from_browser(url)

    assert only_pair(url)["kept"] == ["server"]
    assert only_pair(url)["deduplicated"] == 1


@pytest.mark.parametrize(("later", "deduplicated"), [(48 * HOUR, 1), (48 * HOUR + 1, 0)])
def test_copies_are_deduplicated_within_48_hours_of_receipt(
    url: str, clock: Clock, later: int, deduplicated: int
) -> None:
    from_browser(url)
    clock.now += later
    from_server(url)

    assert only_pair(url)["deduplicated"] == deduplicated


def test_repeats_on_one_channel_all_count(url: str) -> None:
    from_server(url)
    from_server(url)

    assert (only_pair(url)["server"], only_pair(url)["deduplicated"]) == (2, 0)


def test_every_server_copy_is_dropped_against_the_browser_s(url: str) -> None:
    from_browser(url)
    from_server(url)
    from_server(url)

    assert only_pair(url)["deduplicated"] == 2


def test_counts_tell_the_same_as_the_record(url: str) -> None:
    from_browser(url)
    send(url, website(event_id="a"), website(event_id="b"))

    counts = ask(url, "/_counts.json").json

    assert counts == seen(url)["counts"]
    assert counts == {"requests": 1, "refused": 0, "server": 2, "browser": 1, "pairs": 2, "deduplicated": 1}
