"""The switch: each wrong answer, how long it lasts, and whether the events were recorded all the same."""

from __future__ import annotations

import json
from http.client import RemoteDisconnected
from typing import Any

import pytest

from example_project.standin.faults import FAULTS
from tests.standin.asking import EVENTS, Answer, ask, post_form, post_json, seen, send
from tests.standin.events import website


def switch(url: str, **control: object) -> Answer:
    return post_json(url, "/_control", control)


def recorded(url: str) -> int:
    return len(seen(url)["server"])


# answer, status, code, subcode
ERRORS = [
    ("500", 500, 2, None),
    ("429", 429, 4, None),
    ("429_retry_after", 429, 4, None),
    ("throttled", 400, 80004, None),
    ("token_expired", 400, 190, 463),
    ("permission", 400, 100, 33),
    ("method_gone", 400, 12, None),
    ("version_gone", 400, 2635, None),
    ("unknown_path", 400, 2500, None),
    ("app_deleted", 400, 101, None),
    ("proof_required", 400, 100, None),
    ("proof_invalid", 400, 104, None),
    ("bad_call", 400, 100, None),
    ("too_large", 413, 1, None),
]


@pytest.mark.parametrize(("answer", "status", "code", "subcode"), ERRORS, ids=[row[0] for row in ERRORS])
def test_an_error_is_answered_instead_and_nothing_recorded(
    url: str, answer: str, status: int, code: int, subcode: int | None
) -> None:
    switch(url, answer=answer)

    got = send(url, website())

    error = got.json["error"]
    assert (got.status, error["code"], error.get("error_subcode")) == (status, code, subcode)
    assert recorded(url) == 0


def test_only_the_one_kind_of_429_says_when_to_come_back(url: str) -> None:
    switch(url, answer="429")
    without = send(url, website())
    switch(url, answer="429_retry_after", retry_after="Thu, 01 Jan 2026 00:00:00 GMT")
    with_header = send(url, website())

    assert without.headers.get("Retry-After") is None
    assert with_header.headers["Retry-After"] == "Thu, 01 Jan 2026 00:00:00 GMT"


def test_a_business_limit_says_when_to_come_back_in_its_own_header(url: str) -> None:
    switch(url, answer="throttled")

    answer = send(url, website())

    usage: dict[str, Any] = json.loads(answer.headers["X-Business-Use-Case-Usage"])
    assert usage["1"][0]["estimated_time_to_regain_access"] == 1


def test_nothing_reads_the_request_and_hangs_up(url: str) -> None:
    switch(url, answer="nothing")

    with pytest.raises(RemoteDisconnected):
        send(url, website())

    assert recorded(url) == 0


def test_accept_then_drop_records_and_hangs_up(url: str) -> None:
    switch(url, answer="accept_then_drop")

    with pytest.raises(RemoteDisconnected):
        send(url, website())

    assert recorded(url) == 1


def test_html_comes_with_502(url: str) -> None:
    switch(url, answer="html")

    answer = send(url, website())

    assert (answer.status, answer.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert recorded(url) == 0


def test_unavailable_comes_with_200_and_no_json(url: str) -> None:
    switch(url, answer="unavailable")

    answer = send(url, website())

    assert (answer.status, answer.body) == (200, b"Service Unavailable")
    assert recorded(url) == 0


def test_a_truncated_answer_is_no_json_though_the_events_are_recorded(url: str) -> None:
    switch(url, answer="truncated")

    answer = send(url, website())

    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.body)
    assert recorded(url) == 1


def test_fewer_counts_one_event_too_few(url: str) -> None:
    switch(url, answer="fewer")

    answer = send(url, website(), website(event_id="view-2"))

    assert answer.json["events_received"] == 1
    assert recorded(url) == 2


def test_slow_records_and_answers_in_the_end(url: str) -> None:
    switch(url, answer="slow", seconds=0.01)

    answer = send(url, website())

    assert answer.json["events_received"] == 1


def test_a_slow_answer_can_be_given_up(url: str) -> None:
    switch(url, answer="slow", seconds=600)

    with pytest.raises(TimeoutError):
        post_json(url, EVENTS, {"data": [website()]}, timeout=0.3)

    assert recorded(url) == 1


def test_a_fault_ends_after_so_many_times(url: str) -> None:
    switch(url, answer="500", times=2)

    statuses = [send(url, website()).status for _ in range(3)]

    assert statuses == [500, 500, 200]
    assert ask(url, "/_control").json["answer"] == "ok"


def test_a_fault_without_times_lasts_until_switched_back(url: str) -> None:
    switch(url, answer="500", times=None)
    before = [send(url, website()).status for _ in range(3)]
    switch(url, answer="ok")
    after = send(url, website()).status

    assert (before, after) == ([500, 500, 500], 200)


def test_a_refused_request_stays_refused_under_a_fault_that_spoils_the_answer(url: str) -> None:
    switch(url, answer="fewer")

    answer = send(url, website(event_time=1))

    assert answer.json["error"]["error_subcode"] == 2804003


def test_the_pixel_is_not_touched_by_faults(url: str) -> None:
    switch(url, answer="500")

    answer = ask(url, "/tr/?id=1&ev=PageView")

    assert answer.status == 200


@pytest.mark.parametrize("answer", FAULTS)
def test_the_switch_shows_what_it_is_set_to(url: str, answer: str) -> None:
    set_to = switch(url, answer=answer, seconds=2.5)

    assert set_to.json == ask(url, "/_control").json
    assert (set_to.json["answer"], set_to.json["seconds"]) == (answer, 2.5)


def test_the_page_s_form_sets_the_switch_and_returns_to_the_page(url: str) -> None:
    answer = post_form(url, "/_control", {"answer": "500", "times": "3", "seconds": ""})

    assert (answer.status, answer.headers["Location"]) == (303, "/")
    assert ask(url, "/_control").json["times"] == 3


CONTROLS: dict[str, object] = {
    "a list": [],
    "unknown answer": {"answer": "503"},
    "unknown key": {"answer": "ok", "sleep": 1},
    "answer is a list": {"answer": ["ok"]},
    "no times": {"answer": "500", "times": 0},
    "negative times": {"answer": "500", "times": -1},
    "times is true": {"answer": "500", "times": True},
    "times is not a number": {"answer": "500", "times": "\u00b2"},
    "times without end": {"answer": "500", "times": "9" * 5_000},
    "negative seconds": {"answer": "slow", "seconds": -1},
    "endless seconds": {"answer": "slow", "seconds": 1e9},
    "seconds is not a number": {"answer": "slow", "seconds": "soon"},
    "a header in the header": {"answer": "429_retry_after", "retry_after": "1\r\nX: y"},
}


@pytest.mark.parametrize("control", CONTROLS.values(), ids=CONTROLS)
def test_an_instruction_that_makes_no_sense_changes_nothing(url: str, control: object) -> None:
    answer = post_json(url, "/_control", control)

    assert answer.status == 400
    assert ask(url, "/_control").json["answer"] == "ok"


def test_reset_forgets_events_and_faults(url: str) -> None:
    send(url, website())
    switch(url, answer="500")

    post_json(url, "/_reset", {})

    assert recorded(url) == 0
    assert seen(url)["requests"] == 0
    assert ask(url, "/_control").json["answer"] == "ok"
