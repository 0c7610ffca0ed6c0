"""The Dataset Quality API: its figures against the copies that were sent, its field lists, and its errors."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from example_project.standin import Running
from example_project.standin.selection import DEEPEST, SelectionError, read_selection
from tests.standin.asking import EVENTS, PIXEL, TOKEN, Answer, ask, post_json, send
from tests.standin.conftest import Clock
from tests.standin.events import DAY, NOW, person, website

QUALITY = "/v26.0/dataset_quality"
ALL = (
    "web{event_name,event_match_quality{composite_score,match_key_feedback{identifier,coverage{percentage}},"
    "diagnostics{name,description,solution,percentage,affected_event_count,total_event_count}},"
    "event_coverage{percentage,goal_percentage},dedupe_key_feedback{dedupe_key,"
    "browser_events_with_dedupe_key{percentage},server_events_with_dedupe_key{percentage},"
    "overall_browser_coverage_from_dedupe_key{percentage}},data_freshness{upload_frequency},acr{percentage}}"
)


def read(url: str, fields: str = ALL, *, dataset_id: str = PIXEL, **query: str) -> Answer:
    return ask(url, f"{QUALITY}?{urlencode({'dataset_id': dataset_id, 'fields': fields, **query})}", headers=TOKEN)


def said(url: str, name: str = "ViewContent") -> dict[str, Any]:
    events: list[dict[str, Any]] = read(url).json["web"]
    return next(event for event in events if event["event_name"] == name)


def fire(url: str, event_id: str, name: str = "ViewContent", **fields: str) -> None:
    ask(url, f"/tr/?{urlencode({'id': PIXEL, 'ev': name, 'eid': event_id, **fields})}")


def code(answer: Answer) -> tuple[int, int]:
    return answer.status, answer.json["error"]["code"]


def test_a_dataset_that_has_seen_nothing_has_no_events(url: str) -> None:
    assert read(url).json == {"web": []}


def test_coverage_is_of_browser_events_with_a_server_event_of_the_same_id(url: str) -> None:
    for event_id in ("a", "b", "c", "d"):
        fire(url, event_id)
    send(url, website(event_id="a"), website(event_id="e"))

    assert said(url)["event_coverage"] == {"percentage": 25.0, "goal_percentage": 75}


def test_each_deduplication_key_covers_what_the_ones_before_it_have_left(url: str) -> None:
    fire(url, "a", **{"ud[external_id]": "x1", "fbp": "fb.1.1.1"})
    fire(url, "b", **{"ud[external_id]": "x2", "fbp": "fb.1.1.2"})
    fire(url, "c", fbp="fb.1.1.3")
    fire(url, "d")
    agent = website()["user_data"]
    send(
        url,
        website(event_id="a", user_data={**agent, "external_id": ["x1"], "fbp": "fb.1.1.1"}),
        website(event_id="other", user_data={**agent, "external_id": "x2"}),
        website(event_id="another", user_data={**agent, "fbp": "fb.1.1.3"}),
    )

    keys = said(url)["dedupe_key_feedback"]

    assert [(key["dedupe_key"], *(key[name]["percentage"] for name in list(key)[1:])) for key in keys] == [
        ("event_id", 100.0, 100.0, 25.0),
        ("external_id", 50.0, 66.67, 25.0),
        ("fbp", 75.0, 66.67, 25.0),
    ]


def test_the_keys_of_customers_are_counted_and_more_of_them_give_a_better_score(url: str) -> None:
    send(url, person(), person(em="a" * 64), person(em="a" * 64, ph="b" * 64))
    quality = said(url)["event_match_quality"]
    send(url, *(person(em="a" * 64, ph="b" * 64, fbp="fb.1.1.1") for _ in range(9)))

    assert {each["identifier"]: each["coverage"]["percentage"] for each in quality["match_key_feedback"]} == {
        "email": 66.67,
        "phone": 33.33,
        "ip_address": 100.0,
        "user_agent": 100.0,
    }
    assert 0 < quality["composite_score"] < said(url)["event_match_quality"]["composite_score"] <= 10


def test_a_finding_is_made_where_few_events_have_an_address(url: str) -> None:
    send(url, *(person() for _ in range(3)), person(em="a" * 64))
    (finding,) = said(url)["event_match_quality"]["diagnostics"]
    send(url, *(person(em="a" * 64) for _ in range(9)))

    assert (finding["percentage"], finding["affected_event_count"], finding["total_event_count"]) == (75.0, 3, 4)
    assert finding["name"] and finding["description"] and finding["solution"]
    assert said(url)["event_match_quality"]["diagnostics"] == []


@pytest.mark.parametrize(
    ("seconds", "frequency"),
    [(1, "real_time"), (300, "real_time"), (301, "hourly"), (3_601, "daily"), (DAY + 1, "weekly")],
)
def test_freshness_is_the_mean_delay(url: str, seconds: int, frequency: str) -> None:
    send(url, website(event_time=NOW - seconds))

    assert said(url)["data_freshness"] == {"upload_frequency": frequency}


def test_additional_conversions_are_those_that_only_the_server_reported(url: str) -> None:
    fire(url, "a")
    send(url, website(event_id="a"), website(event_id="b"))

    assert said(url)["acr"] == {"percentage": 50.0}


def test_an_event_of_one_channel_has_the_figures_of_that_channel(url: str) -> None:
    fire(url, "a", "PageView")
    send(url, website())

    assert set(said(url, "PageView")) == {"event_name", "event_coverage", "dedupe_key_feedback"}
    assert set(said(url)) == {"event_name", "event_match_quality", "data_freshness", "acr"}


def test_the_last_seven_days_count_and_test_events_do_not(url: str, clock: Clock) -> None:
    post_json(url, EVENTS, {"data": [website(event_name="Lead")], "test_event_code": "TEST1"})
    send(url, website())
    names = [event["event_name"] for event in read(url).json["web"]]
    clock.now += 7 * DAY

    assert names == ["ViewContent"]
    assert read(url).json == {"web": []}


def test_another_dataset_s_events_do_not_count(url: str) -> None:
    send(url, website())

    assert read(url, dataset_id="1").json == {"web": []}


def test_a_young_dataset_has_no_figures_of_both_channels(standin: Running, url: str, clock: Clock) -> None:
    standin.state.quality.young_for = 2 * DAY
    fire(url, "a")
    send(url, website(event_id="a"))
    young = said(url)
    clock.now += 2 * DAY

    assert set(said(url)) - set(young) == {"event_coverage", "dedupe_key_feedback"}


def test_only_the_fields_of_the_list_are_answered(url: str) -> None:
    send(url, website())

    web = read(url, "web{event_name,event_match_quality{composite_score},acr}").json["web"]

    assert set(web[0]) == {"event_name", "event_match_quality", "acr"}
    assert set(web[0]["event_match_quality"]) == {"composite_score"}
    assert set(web[0]["acr"]) == {"percentage", "description"}


@pytest.mark.parametrize("known", ["dedupe_key_feedback", "dedup_key_feedback"])
def test_one_spelling_of_the_deduplication_keys_exists(standin: Running, url: str, known: str) -> None:
    standin.state.quality.dedupe_field = known
    fire(url, "a")
    answers = {name: read(url, f"web{{event_name,{name}}}") for name in ("dedupe_key_feedback", "dedup_key_feedback")}
    wrong = answers.pop("dedup_key_feedback" if known == "dedupe_key_feedback" else "dedupe_key_feedback")

    assert code(wrong) == (400, 100)
    assert "error_subcode" not in wrong.json["error"]
    assert set(answers[known].json["web"][0]) == {"event_name", known}


def test_a_field_that_no_longer_exists_is_refused(standin: Running, url: str) -> None:
    standin.state.quality.gone = frozenset({"acr"})

    assert code(read(url)) == (400, 100)
    assert read(url, "web{event_name,data_freshness}").status == 200


@pytest.mark.parametrize(
    "fields", ["", "web{", "web{}", "web}", "web{a b}", "web{event_name}}", "web{event_name,,acr}", "offline", "WEB"]
)
def test_a_field_list_that_cannot_be_read_or_names_no_field_is_refused(url: str, fields: str) -> None:
    assert code(read(url, fields)) == (400, 100)


def test_a_field_list_is_not_followed_to_any_depth() -> None:
    with pytest.raises(SelectionError):
        read_selection("{".join(["web"] * (DEEPEST + 3)) + "}" * (DEEPEST + 2))


def test_a_token_is_needed_and_that_of_another_does_not_do(start: Callable[..., Running]) -> None:
    url = start(token="secret").url
    query = f"{QUALITY}?dataset_id={PIXEL}&fields=web{{event_name}}"

    answers = [ask(url, query), ask(url, query, headers=TOKEN)]
    right = ask(url, query, headers={"Authorization": "Bearer secret"})

    assert [code(answer) for answer in answers] == [(400, 190), (400, 190)]
    assert right.status == 200


def test_a_demanded_proof_is_checked(start: Callable[..., Running]) -> None:
    url = start(app_secret="app").url
    proof = hmac.new(b"app", b"any-token", hashlib.sha256).hexdigest()

    assert code(read(url)) == (400, 100)
    assert read(url, appsecret_proof=proof).status == 200


def test_a_token_without_the_permission_is_refused(standin: Running, url: str) -> None:
    standin.state.quality.is_permitted = False

    assert code(read(url)) == (400, 10)
    assert send(url, website()).status == 200


@pytest.mark.parametrize("dataset_id", ["", "none", "12a"])
def test_a_dataset_that_is_none_is_refused(url: str, dataset_id: str) -> None:
    assert code(read(url, dataset_id=dataset_id)) == (400, 2044055)


def test_the_switch_for_wrong_answers_holds_here_too(standin: Running, url: str) -> None:
    post_json(url, "/_control", {"answer": "token_expired", "times": 1})

    assert code(read(url)) == (400, 190)
    assert read(url).status == 200


@pytest.mark.parametrize("method", ["POST", "HEAD", "DELETE"])
def test_it_can_only_be_read(url: str, method: str) -> None:
    assert ask(url, QUALITY, method=method, headers=TOKEN).status == 405
