"""When a diagnostic is raised, from facts without a database: samples, shares and what is not meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from django_capi.models import BrowserState, Lane, MatchKey, Origin, Status
from django_capi.reports.diagnostics import TABLE, Unit
from django_capi.reports.diagnostics.about_delivery import PAUSE_REASONS
from django_capi.reports.diagnostics.facts import Answers, Facts, LedgerRow, Measure, OtherPixel, PixelBacklog
from django_capi.reports.diagnostics.table import MOST, findings
from tests.support.factories import PIXEL_ID

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
BEFORE = int(NOW.timestamp()) - 600
KEYS = int(MatchKey["client_ip_address"] | MatchKey["client_user_agent"] | MatchKey["fbp"] | MatchKey["fbc"])
ROW = LedgerRow(
    pixel_id=PIXEL_ID,
    event_name="Lead",
    event_id="1",
    event_time=BEFORE,
    action_source="website",
    page="/tea/",
    origin=Origin.PAGE,
    status=Status.ACCEPTED,
    browser_state=BrowserState.FIRED,
    match_keys=KEYS,
    left_out="",
    server_fbp="a",
    server_external_id="",
    browser_fbp="",
    browser_external_id="",
    server_ip=None,
    server_ip_version=None,
    shared_id=False,
    test_event_code="",
    error_reason="",
    error_subcode=None,
    finished_at=None,
    value=Decimal(20),
    currency="EUR",
    browser_value=Decimal(20),
    browser_currency="EUR",
    unknown_host="",
)
SILENT = {"browser_state": BrowserState.NONE}
BLOCKED = {"browser_state": BrowserState.BLOCKED}
LESS: dict[str, Any] = {"browser_value": Decimal("19.9")}
UNSAID: dict[str, Any] = {"browser_value": None, "browser_currency": None}


def rows(*parts: tuple[int, dict[str, Any]]) -> list[LedgerRow]:
    return [replace(ROW, **values) for number, values in parts for _ in range(number)]


def facts(found: Sequence[LedgerRow] = (), **more: Any) -> Facts:
    return Facts(now=NOW, pixel_ids=(PIXEL_ID,), rows=found, **more)


def codes(found: Facts) -> set[str]:
    return {finding.diagnosis.code for finding in findings(found)}


@pytest.mark.parametrize(
    ("code", "found", "is_raised"),
    [
        ("collector_blocked", rows((19, SILENT)), False),
        ("collector_blocked", rows((20, SILENT)), True),
        ("collector_blocked", rows((90, SILENT), (10, {})), False),
        ("collector_blocked", rows((91, SILENT), (9, {})), True),
        ("collector_blocked", rows((20, SILENT | {"event_time": BEFORE + 400})), False),
        ("collector_blocked", rows((20, SILENT | {"origin": Origin.TRACK})), False),
        ("ad_blocker", rows((4, BLOCKED), (16, {})), False),
        ("ad_blocker", rows((5, BLOCKED), (15, {})), True),
        ("ad_blocker", rows((19, SILENT), (1, {})), False),
        ("library_blocked", rows((20, BLOCKED), (100, SILENT)), True),
        ("library_blocked", rows((18, BLOCKED), (2, {})), False),
        ("missing_user_data", rows((4, {"match_keys": 0}), (16, {})), False),
        ("missing_user_data", rows((5, {"match_keys": 0}), (15, {})), True),
        (
            "missing_user_data",
            rows((20, {"match_keys": int(MatchKey["em"]), "action_source": "system_generated"})),
            False,
        ),
        ("invalid_key", rows((1, {"left_out": "ph:phone_length"}), (19, {})), False),
        ("invalid_key", rows((2, {"left_out": "ph:phone_length"}), (18, {})), True),
        ("invalid_key", rows((20, {"left_out": "em:empty ph:placeholder"})), False),
        ("invalid_key", rows((20, {"left_out": "colour:unknown_key"})), False),
        ("invalid_key", rows((20, {"left_out": "client_ip_address:not_public"})), False),
        ("invalid_key", rows((20, {"left_out": "client_ip_address:malformed"})), True),
        ("ip_private", rows((10, {"left_out": "client_ip_address:not_public"}), (10, {})), False),
        ("no_fbc", rows((99, {"match_keys": 0})), False),
        ("no_fbc", rows((100, {"match_keys": 0}), (1, {})), False),
        ("no_fbc", rows((100, {"match_keys": 0})), True),
        ("value_mismatch", rows((1, LESS), (19, {})), False),
        ("value_mismatch", rows((2, LESS), (18, {})), True),
        ("value_mismatch", rows((2, LESS), (17, {}), (50, UNSAID)), False),
        ("value_mismatch", rows((20, {"browser_currency": "USD"})), True),
        ("value_mismatch", rows((20, {"browser_currency": "USD", "browser_value": None})), True),
        ("value_mismatch", rows((20, LESS | {"browser_currency": None})), True),
        ("value_mismatch", rows((20, {"browser_value": Decimal("20.0000")})), False),
        ("value_mismatch", rows((20, {"value": None, "currency": None})), False),
        ("value_mismatch", rows((20, LESS | {"shared_id": True})), False),
        ("value_mismatch", rows((20, LESS | {"status": Status.PENDING})), False),
        ("value_mismatch", rows((20, LESS | BLOCKED)), False),
        ("new_domain", rows((1000, {})), False),
        ("new_domain", rows((999, {}), (1, {"unknown_host": "landing.example"})), True),
        ("clock_skew", rows((1, {"finished_at": datetime.fromtimestamp(BEFORE - 4, UTC)})), False),
        ("clock_skew", rows((1, {"finished_at": datetime.fromtimestamp(BEFORE - 6, UTC)})), True),
        ("bad_currency", rows((1, {"left_out": "currency:placeholder"})), False),
    ],
)
def test_samples_and_shares(code: str, found: list[LedgerRow], is_raised: bool) -> None:
    assert (code in codes(facts(found))) is is_raised


@pytest.mark.parametrize(
    ("visitors", "addresses", "events", "is_raised"),
    [(20, 3, 100, True), (20, 4, 100, False), (19, 1, 100, False), (20, 1, 99, False)],
    ids=["proxies", "four addresses", "few visitors", "few events"],
)
def test_one_address_of_many_visitors_is_a_proxy(visitors: int, addresses: int, events: int, is_raised: bool) -> None:
    found = [
        replace(ROW, server_fbp=str(place % visitors), server_ip=f"{place % addresses:04x}") for place in range(events)
    ]

    assert ("ip_proxy" in codes(facts(found))) is is_raised


@pytest.mark.parametrize(
    ("addresses", "of_ipv4", "of_ipv6", "is_raised"),
    [(4, 100, 0, True), (4, 99, 0, False), (4, 500, 1, False), (3, 100, 0, False), (4, 0, 100, False)],
    ids=["IPv4 only", "few events", "one of IPv6", "proxies", "IPv6 only"],
)
def test_only_addresses_of_ipv4(addresses: int, of_ipv4: int, of_ipv6: int, is_raised: bool) -> None:
    found = [
        replace(ROW, server_ip=f"{place % addresses:04x}", server_ip_version=4 if place < of_ipv4 else 6)
        for place in range(of_ipv4 + of_ipv6)
    ]

    assert ("ip_v4_only" in codes(facts([*found, *rows((50, {}))]))) is is_raised


SERVER = {"browser_state": BrowserState.NONE, "origin": Origin.TRACK, "event_id": "a"}
BROWSER = {"origin": Origin.BROWSER, "event_id": "b"}


@pytest.mark.parametrize(
    ("one", "other", "is_raised"),
    [
        pytest.param(SERVER, BROWSER, True, id="track and the browser"),
        pytest.param(SERVER, BROWSER | {"event_time": BEFORE + 31}, False, id="too far apart"),
        pytest.param(SERVER, BROWSER | {"event_time": BEFORE - 30}, True, id="the browser was first"),
        pytest.param(SERVER, BROWSER | {"server_fbp": "b"}, False, id="two visitors"),
        pytest.param(SERVER, BROWSER | {"server_fbp": "", "browser_fbp": "a"}, True, id="known by the browser's copy"),
        pytest.param(SERVER | {"server_fbp": ""}, BROWSER | {"server_fbp": ""}, False, id="unknown visitors"),
        pytest.param(SERVER, BROWSER | {"event_name": "Contact"}, False, id="two names"),
        pytest.param(SERVER, BROWSER | {"pixel_id": "9"}, False, id="two pixels"),
        pytest.param(SERVER, SERVER | {"event_id": "b"}, False, id="twice in the cart"),
        pytest.param(SERVER, SERVER | {"event_id": "b", "origin": Origin.CONVERSION}, True, id="tracked in two places"),
        pytest.param(
            SERVER,
            {"event_id": "b", "origin": Origin.TRACK, "status": Status.REJECTED},
            True,
            id="two halves",
        ),
        pytest.param(
            SERVER | {"event_name": "PageView", "origin": Origin.PAGE},
            {"event_name": "PageView", "event_id": "b", "origin": Origin.TRACK},
            False,
            id="two page views",
        ),
        pytest.param(
            SERVER | {"event_name": "PageView"}, BROWSER | {"event_name": "PageView"}, True, id="one page view twice"
        ),
        pytest.param(
            SERVER | {"event_name": "PageView"},
            BROWSER | {"event_name": "PageView", "page": "/milk/"},
            False,
            id="the next page",
        ),
    ],
)
def test_two_events_are_one_action(one: dict[str, Any], other: dict[str, Any], is_raised: bool) -> None:
    assert ("two_event_ids" in codes(facts(rows((1, one), (1, other))))) is is_raised


def test_three_events_are_one_pair() -> None:
    found = rows((1, SERVER), (1, BROWSER), (1, SERVER | {"event_id": "c", "event_time": BEFORE + 1}))

    [raised] = [finding.measure for finding in findings(facts(found)) if finding.diagnosis.code == "two_event_ids"]

    assert raised == Measure(pixel_id=PIXEL_ID, event_name="Lead", affected=1, total=3)


@pytest.mark.parametrize(
    ("one", "other", "is_raised"),
    [
        pytest.param(SERVER, BROWSER | {"event_name": "lead", "event_id": "a"}, True, id="renamed"),
        pytest.param(SERVER, BROWSER | {"event_name": "lead"}, False, id="two ids"),
        pytest.param(
            SERVER, SERVER | {"event_name": "Subscribe"}, False, id="an order's number as the id of two events"
        ),
        pytest.param(
            SERVER | {"browser_state": BrowserState.FIRED},
            BROWSER | {"event_name": "lead", "event_id": "a"},
            False,
            id="each has both copies",
        ),
    ],
)
def test_two_names_are_one_event(one: dict[str, Any], other: dict[str, Any], is_raised: bool) -> None:
    assert ("renamed_event" in codes(facts(rows((1, one), (1, other))))) is is_raised


def lane(**values: Any) -> Lane:
    return Lane(pixel_id=PIXEL_ID, **values)


LATE = {PIXEL_ID: PixelBacklog(events=3, oldest=NOW - timedelta(minutes=5))}
SOON, JUST_NOW = NOW + timedelta(minutes=1), NOW - timedelta(minutes=4)


@pytest.mark.parametrize(
    ("due", "lanes", "is_raised"),
    [
        pytest.param(LATE, {}, True, id="no worker ever"),
        pytest.param(LATE, {PIXEL_ID: lane()}, True, id="never checked"),
        pytest.param(LATE, {PIXEL_ID: lane(seen_at=NOW - timedelta(minutes=5))}, True, id="gone"),
        pytest.param(LATE, {PIXEL_ID: lane(seen_at=JUST_NOW)}, False, id="slow"),
        pytest.param(LATE, {PIXEL_ID: lane(lease_until=SOON)}, False, id="sending"),
        pytest.param(LATE, {PIXEL_ID: lane(paused_until=SOON)}, False, id="paused"),
        pytest.param({PIXEL_ID: PixelBacklog(events=3, oldest=JUST_NOW)}, {}, False, id="not late"),
        pytest.param({"9": LATE[PIXEL_ID]}, {}, False, id="of a pixel that was removed"),
        pytest.param({}, {}, False, id="nothing due"),
    ],
)
def test_a_worker_is_missed_when_events_wait(
    due: dict[str, PixelBacklog], lanes: dict[str, Lane], is_raised: bool
) -> None:
    assert ("worker_down" in codes(facts(due=due, lanes=lanes))) is is_raised


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("The access token is invalid, expired or revoked.", "token"),
        ("The app demands a valid appsecret_proof: APP_SECRET must be the secret of the token's app.", "token"),
        ("The token's app no longer exists: create an ACCESS_TOKEN with another app.", "token"),
        ("The token lacks a permission.", "permission"),
        ("The data set does not exist.", "dataset"),
        ("Meta refuses the call itself: compare PIXEL_ID, ACCESS_TOKEN, APP_SECRET and API_VERSION.", "dataset"),
        ("The business made too many calls.", "rate"),
        ("Too many calls.", "rate"),
        ("Meta's server failed.", "delivery_paused"),
        ("Meta no longer supports this version: change API_VERSION.", "delivery_paused"),
        ('CAPI["CONSENT"] is malformed: nothing is sent until it is corrected.', "delivery_paused"),
    ],
)
def test_a_pause_is_named_by_its_reason(reason: str, code: str) -> None:
    paused = lane(pause_reason=reason, paused_until=SOON)

    assert codes(facts(lanes={PIXEL_ID: paused})) == {code}


def test_a_refused_token_stays_open_between_two_attempts() -> None:
    past = NOW - timedelta(seconds=1)

    found = [lane(pause_reason=reason, paused_until=past) for reason in PAUSE_REASONS]

    raised = {each.pause_reason: codes(facts(lanes={PIXEL_ID: each})) for each in found}
    assert raised == {reason: set() if code == "rate" else {code} for reason, code in PAUSE_REASONS.items()}


def test_a_lane_that_delivers_has_no_diagnostic() -> None:
    assert codes(facts(lanes={PIXEL_ID: lane(paused_until=NOW - timedelta(days=1))})) == set()


@pytest.mark.parametrize("ahead", [timedelta(seconds=60), -timedelta(seconds=60)], ids=["ahead", "behind"])
def test_clocks_differ_by_a_minute(ahead: timedelta) -> None:
    [found] = findings(facts(clock_ahead=ahead))

    assert (found.diagnosis.code, found.measure.affected) == ("clock_differs", 60)
    assert codes(facts(clock_ahead=ahead * 0.9)) == set()


@pytest.mark.parametrize(
    ("now", "before", "is_raised"),
    [
        (Answers(refused=8, total=20), Answers(refused=3, total=20), True),
        (Answers(refused=8, total=20), Answers(refused=4, total=20), False),
        (Answers(refused=8, total=19), Answers(refused=0, total=20), False),
        (Answers(refused=20, total=20), Answers(refused=0, total=19), False),
        (Answers(refused=20, total=20), Answers(), False),
    ],
    ids=["25 points", "20 points", "too few now", "too few before", "none before"],
)
def test_consent_drops_by_more_than_twenty_points(now: Answers, before: Answers, is_raised: bool) -> None:
    found = facts(
        answers={"Purchase": now},
        answers_before={"Purchase": before},
        asked={(PIXEL_ID, "PageView"): now},
        asked_before={(PIXEL_ID, "PageView"): before},
    )

    assert codes(found) == ({"consent_drop", "fewer_agree"} if is_raised else set())


def test_a_share_is_compared_with_that_of_the_same_pixel_and_event() -> None:
    many, few = Answers(refused=20, total=20), Answers(refused=0, total=20)

    found = facts(asked={(PIXEL_ID, "PageView"): many}, asked_before={(PIXEL_ID, "Lead"): few, ("7", "PageView"): few})

    assert codes(found) == set()


def test_other_pixels_are_named_and_the_own_one_is_told_apart() -> None:
    others = [
        OtherPixel(pixel_id=PIXEL_ID, other_id=PIXEL_ID, pages=1),
        OtherPixel(pixel_id=PIXEL_ID, other_id="7", pages=2),
        OtherPixel(pixel_id=PIXEL_ID, other_id="8", pages=3),
    ]

    found = {each.diagnosis.code: each.measure for each in findings(facts(others=others))}

    assert (found["own_pixel_twice"].affected, found["own_pixel_twice"].detail) == (1, "")
    assert (found["second_pixel"].affected, found["second_pixel"].detail) == (5, "7 8")


def test_the_gravest_come_first_and_their_number_is_limited() -> None:
    names = [f"Event{place:03d}" for place in range(MOST)]
    found = [replace(ROW, event_name=name, match_keys=0) for name in names for _ in range(20)]

    raised = findings(facts(found, lacks_script=True))

    assert len(raised) == MOST
    assert raised[0].diagnosis.code == "static_missing"
    assert {each.diagnosis.code for each in raised[1:]} == {"missing_user_data"}


@pytest.mark.parametrize("code", TABLE)
def test_nothing_is_raised_of_nothing(code: str) -> None:
    assert list(TABLE[code].find(facts())) == []


@pytest.mark.parametrize(
    "sentence", [pytest.param(lambda each: each.why, id="why"), pytest.param(lambda each: each.action, id="action")]
)
def test_each_says_why_and_what_to_do_in_one_sentence(sentence: Callable[[Any], Any]) -> None:
    for diagnosis in TABLE.values():
        said = str(sentence(diagnosis))
        assert said.endswith(".")
        assert ". " not in said
        assert not str(diagnosis.title).endswith(".")


def test_only_clocks_are_counted_in_seconds() -> None:
    assert [code for code, diagnosis in TABLE.items() if diagnosis.unit is Unit.SECONDS] == ["clock_differs"]
