from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_capi.meta.answers import BY_CODE, BY_STATUS, CALL, PROOF, RANGES, RequestOutcome
from django_capi.meta.retry_after import AFTER_USED_UP, LONGEST_PAUSE, seconds_to_wait
from django_capi.meta.verdicts import Verdict, broken, judge, unreachable, untrusted, without_bundle
from tests.meta.strategies import JSON_VALUES

SECRET_TEXT = "Nein, das geht nicht"


def error(code: object, subcode: object = None, **more: object) -> str:
    found = {"message": SECRET_TEXT, "code": code, "error_subcode": subcode, "fbtrace_id": "AbC-1_x", **more}
    return json.dumps({"error": {key: value for key, value in found.items() if value is not None}})


ANSWERS = [
    ("accepted", 200, '{"events_received": 2, "messages": [], "fbtrace_id": "A"}', RequestOutcome.ACCEPTED, True),
    ("accepted without messages", 200, '{"events_received": 2}', RequestOutcome.ACCEPTED, True),
    ("success denied", 200, '{"success": false}', RequestOutcome.AMBIGUOUS, False),
    ("200 cut off", 200, '{"events_received": 2, "mess', RequestOutcome.ACCEPTED, False),
    ("200 empty", 200, "", RequestOutcome.ACCEPTED, False),
    ("200 a list", 200, "[]", RequestOutcome.ACCEPTED, False),
    ("200 html", 200, " <!doctype html><html></html>", RequestOutcome.TRANSIENT, False),
    ("200 unavailable", 200, "Service Unavailable", RequestOutcome.TRANSIENT, True),
    ("200 with an error", 200, error(190), RequestOutcome.LANE, True),
    ("too old", 400, error(100, 2804003), RequestOutcome.EVENT, True),
    ("any invalid parameter", 400, error(100), RequestOutcome.EVENT, True),
    ("invalid, new subcode", 400, error(100, 2804999), RequestOutcome.EVENT, True),
    ("no such pixel", 400, error(100, 33), RequestOutcome.LANE, True),
    ("expired token", 400, error(190, 463), RequestOutcome.LANE, True),
    ("token, new subcode", 401, error(190, 999), RequestOutcome.LANE, True),
    ("permission", 403, error(200), RequestOutcome.LANE, True),
    ("permission range", 403, error(278), RequestOutcome.LANE, True),
    ("app throttled", 400, error(4), RequestOutcome.THROTTLE, True),
    ("throttled says transient", 400, error(17, 2446079, is_transient=True), RequestOutcome.THROTTLE, True),
    ("business throttled", 400, error(80004), RequestOutcome.THROTTLE, True),
    ("last of the range", 400, error(80014), RequestOutcome.THROTTLE, True),
    ("behind the range", 400, error(80015), RequestOutcome.TRANSIENT, False),
    ("unknown code", 400, error(123456), RequestOutcome.TRANSIENT, False),
    ("transient by its own word", 400, error(100, 2804003, is_transient=True), RequestOutcome.TRANSIENT, True),
    ("down", 500, error(2), RequestOutcome.TRANSIENT, True),
    ("broken server blames the event", 500, error(100, 2804003), RequestOutcome.TRANSIENT, True),
    ("error without a code", 400, '{"error": {}}', RequestOutcome.TRANSIENT, False),
    ("error as text", 400, '{"error": "no"}', RequestOutcome.TRANSIENT, False),
    ("code as text", 400, error("100"), RequestOutcome.TRANSIENT, False),
    ("400 html", 400, "<html>", RequestOutcome.TRANSIENT, False),
    ("400 cut off", 400, '{"error": {"code": 1', RequestOutcome.TRANSIENT, False),
    ("408", 408, "", RequestOutcome.TRANSIENT, True),
    ("413", 413, "<html>", RequestOutcome.TOO_LARGE, True),
    ("429", 429, "", RequestOutcome.THROTTLE, True),
    ("502 html", 502, "<html>Bad Gateway</html>", RequestOutcome.TRANSIENT, True),
    ("503", 503, "", RequestOutcome.TRANSIENT, True),
    ("504", 504, "", RequestOutcome.AMBIGUOUS, True),
    ("redirect", 302, "", RequestOutcome.TRANSIENT, False),
]


@pytest.mark.parametrize(
    ("status", "body", "outcome", "known"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_an_answer_has_its_outcome(status: int, body: str, outcome: RequestOutcome, known: bool) -> None:
    verdict = judge(status=status, body=body)

    assert (verdict.outcome, verdict.known) == (outcome, known)


GRAPH, OAUTH = "GraphMethodException", "OAuthException"
# name, code, type, message, what the reason has to name
SETUP = [
    ("proof demanded", 100, GRAPH, "API calls from the server require an appsecret_proof argument", "APP_SECRET"),
    ("proof demanded in German", 100, GRAPH, "API-Aufrufe benötigen ein appsecret_proof-Argument", "APP_SECRET"),
    ("proof invalid", 100, GRAPH, "Invalid appsecret_proof provided in the API argument", "APP_SECRET"),
    ("proof invalid by another type", 100, OAUTH, "Parameter appsecret_proof non valido", "APP_SECRET"),
    ("proof invalid by its own code", 104, OAUTH, "Firma non valida", "APP_SECRET"),
    ("call refused", 100, GRAPH, "Unsupported post request.", "API_VERSION"),
    ("call refused without a text", 100, GRAPH, None, "API_VERSION"),
    ("server's address", 5, OAUTH, "This IP can't make requests for that application.", "IP allowlist"),
    ("method gone", 12, OAUTH, "(#12) Deprecated", "API_VERSION"),
    ("app deleted", 101, OAUTH, "Application has been deleted.", "app"),
    ("unknown path", 2500, OAUTH, "Unknown path components: /events", "GRAPH_URL"),
    ("version gone", 2635, OAUTH, "(#2635) You are calling a deprecated version of the Ads API.", "API_VERSION"),
]


@pytest.mark.parametrize(
    ("code", "kind", "message", "names"), [row[1:] for row in SETUP], ids=[row[0] for row in SETUP]
)
def test_a_refusal_of_the_set_up_pauses_the_lane_and_names_the_setting(
    code: int, kind: str, message: str | None, names: str
) -> None:
    verdict = judge(status=400, body=error(code, type=kind, message=message))

    assert (verdict.outcome, verdict.known) == (RequestOutcome.LANE, True)
    assert names in verdict.reason


@pytest.mark.parametrize("subcode", [2804003, 2804014, 2804999])
def test_a_subcode_about_an_event_rejects_it_whatever_the_message_says(subcode: int) -> None:
    verdict = judge(status=400, body=error(100, subcode, type=GRAPH, message="appsecret_proof"))

    assert verdict.outcome is RequestOutcome.EVENT


def test_a_call_that_is_refused_for_now_is_transient() -> None:
    assert judge(status=400, body=error(100, type=GRAPH, is_transient=True)).outcome is RequestOutcome.TRANSIENT


@pytest.mark.parametrize(("key", "row"), BY_CODE.items(), ids=[f"{code}-{sub}" for code, sub in BY_CODE])
def test_every_row_of_the_table_decides(key: tuple[int, int | None], row: Any) -> None:
    verdict = judge(status=400, body=error(*key))

    assert (verdict.outcome, verdict.reason, verdict.known) == (row.outcome, row.reason, True)
    assert (verdict.code, verdict.subcode) == key


def test_every_row_has_a_reason_and_a_source() -> None:
    rows = [*BY_CODE.values(), *BY_STATUS.values(), *(row for _, row in RANGES), PROOF, CALL]

    assert all(row.reason.endswith(".") and row.source and len(row.reason) <= 250 for row in rows)


def test_metas_message_can_be_traced_but_is_not_quoted() -> None:
    verdict = judge(status=400, body=error(100, 2804009, error_user_msg=SECRET_TEXT))

    assert verdict.fbtrace_id == "AbC-1_x"
    assert SECRET_TEXT not in repr(verdict)


def test_an_odd_trace_id_is_not_kept() -> None:
    assert judge(status=400, body=error(100, fbtrace_id="a b<c>")).fbtrace_id is None


@pytest.mark.parametrize("number", [2**31, -(2**31), 9007199254740993, 10**40, True, 1.0])
def test_a_number_out_of_range_is_not_kept(number: object) -> None:
    verdict = judge(status=400, body=json.dumps({"error": {"code": 100, "error_subcode": number}}))

    assert (verdict.code, verdict.subcode) == (100, None)


def test_the_number_of_received_events_is_kept() -> None:
    verdict = judge(status=200, body='{"events_received": 7, "fbtrace_id": "Abc"}')

    assert (verdict.events_received, verdict.fbtrace_id, verdict.retry_after) == (7, "Abc", None)


def test_no_connection_is_transient_and_a_lost_answer_is_ambiguous() -> None:
    assert unreachable(sent=False).outcome is RequestOutcome.TRANSIENT
    assert unreachable(sent=True).outcome is RequestOutcome.AMBIGUOUS


def test_an_error_of_the_sender_is_ambiguous_only_when_something_was_sent() -> None:
    before, after = broken(error="OSError", sent=False), broken(error="x" * 1000, sent=True)

    assert (before.outcome, before.known) == (RequestOutcome.TRANSIENT, False)
    assert (after.outcome, after.known) == (RequestOutcome.AMBIGUOUS, False)
    assert "OSError" in before.reason
    assert len(after.reason) <= 250


@pytest.mark.parametrize("verdict", [untrusted(), without_bundle()], ids=["certificate", "bundle"])
def test_an_untrusted_server_gets_nothing_and_the_setting_is_named(verdict: Verdict) -> None:
    assert verdict.outcome is RequestOutcome.TRANSIENT
    assert "CA_BUNDLE" in verdict.reason


USAGE = json.dumps({"1": [{"call_count": 100, "estimated_time_to_regain_access": 5}, {"call_count": 1}]})
PAUSES: list[tuple[str, dict[str, str], float | None]] = [
    ("nothing", {}, None),
    ("seconds", {"Retry-After": "120"}, 120.0),
    ("lower case", {"retry-after": " 7 "}, 7.0),
    ("absurd", {"Retry-After": "9" * 30}, LONGEST_PAUSE),
    ("negative", {"Retry-After": "-5"}, None),
    ("junk", {"Retry-After": "soon"}, None),
    ("date", {"Retry-After": "Sun, 22 Nov 2026 10:01:00 GMT", "Date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 60.0),
    (
        "date of the past",
        {"Retry-After": "Sun, 22 Nov 2026 09:00:00 GMT", "Date": "Sun, 22 Nov 2026 10:00:00 GMT"},
        0.0,
    ),
    ("date without a clock", {"Retry-After": "Sun, 22 Nov 2026 10:01:00 GMT"}, None),
    ("business usage", {"X-Business-Use-Case-Usage": USAGE}, 300.0),
    ("business usage, other name", {"x-business-use-case": USAGE}, 300.0),
    ("account usage", {"X-Ad-Account-Usage": '{"acc_id_util_pct": 10.5, "reset_time_duration": 90}'}, 90.0),
    ("app usage used up", {"X-App-Usage": '{"call_count": 100, "total_time": 3}'}, AFTER_USED_UP),
    ("app usage low", {"X-App-Usage": '{"call_count": 3, "total_time": 3}'}, None),
    ("usage that is no json", {"X-App-Usage": "{"}, None),
    ("usage that is no object", {"X-App-Usage": "[1, true, null]"}, None),
    ("the longest wins", {"Retry-After": "10", "X-Business-Use-Case-Usage": USAGE}, 300.0),
]


@pytest.mark.parametrize(("headers", "expected"), [row[1:] for row in PAUSES], ids=[row[0] for row in PAUSES])
def test_the_wait_is_what_meta_asks_for(headers: dict[str, str], expected: float | None) -> None:
    assert seconds_to_wait(headers) == expected
    assert judge(status=429, body="", headers=headers).retry_after == expected


def test_a_retry_date_is_compared_with_the_local_clock_without_a_date_header() -> None:
    headers = {"Retry-After": "Thu, 01 Jan 1970 00:01:40 GMT"}

    assert judge(status=429, body="", headers=headers, now=40.0).retry_after == 60.0


@given(status=st.integers(100, 599), body=st.text(max_size=60) | JSON_VALUES.map(json.dumps), more=st.text(max_size=30))
def test_no_answer_raises(status: int, body: str, more: str) -> None:
    headers = {"Retry-After": more, "X-App-Usage": body, "Date": more}

    assert judge(status=status, body=body, headers=headers, now=0.0).outcome in RequestOutcome


@given(code=JSON_VALUES, subcode=JSON_VALUES, transient=JSON_VALUES)
def test_no_error_object_raises(code: Any, subcode: Any, transient: Any) -> None:
    body = json.dumps({"error": {"code": code, "error_subcode": subcode, "is_transient": transient}})

    assert judge(status=400, body=body).outcome in RequestOutcome
