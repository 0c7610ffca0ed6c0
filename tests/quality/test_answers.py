"""Answers of the Dataset Quality API, well-formed and not."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_capi.quality.answers import (
    HIGHEST_INCREASE,
    HIGHEST_SCORE,
    HIGHEST_SHARE,
    LONGEST_NAME,
    LONGEST_TEXT,
    LONGEST_WORD,
    MOST_ENTRIES,
    MOST_EVENTS,
    DedupeKey,
    EventQuality,
    KeyCoverage,
    MetaDiagnostic,
    events_in,
    quality_of,
)

PURCHASE: dict[str, Any] = {
    "event_name": "Purchase",
    "event_match_quality": {
        "composite_score": 6.2,
        "match_key_feedback": [{"identifier": "user_agent", "coverage": {"percentage": 100}}],
        "diagnostics": [
            {
                "name": "Few events have an email address",
                "description": "Most events come without one.",
                "solution": "Send it with every event.",
                "percentage": 12.5,
                "affected_event_count": 5,
                "total_event_count": 40,
            }
        ],
    },
    "event_coverage": {"percentage": 34.1, "goal_percentage": 75},
    "dedupe_key_feedback": [
        {
            "dedupe_key": "event_id",
            "browser_events_with_dedupe_key": {"percentage": 100},
            "server_events_with_dedupe_key": {"percentage": 99.5},
            "overall_browser_coverage_from_dedupe_key": {"percentage": 14.8},
        }
    ],
    "data_freshness": {"upload_frequency": "real_time"},
    "acr": {"percentage": 130.5},
}


def read(raw: dict[str, Any]) -> EventQuality:
    (pair,) = (events_in(json.dumps({"web": [raw]})) or {}).items()
    return quality_of(*pair)


def test_a_whole_answer_is_read() -> None:
    assert read(PURCHASE) == EventQuality(
        event_name="Purchase",
        composite_score=6.2,
        match_keys=(KeyCoverage(identifier="user_agent", coverage=100.0),),
        event_coverage=34.1,
        coverage_goal=75.0,
        dedupe_keys=(DedupeKey(dedupe_key="event_id", browser=100.0, server=99.5, coverage=14.8),),
        upload_frequency="real_time",
        acr=130.5,
        diagnostics=(
            MetaDiagnostic(
                name="Few events have an email address",
                description="Most events come without one.",
                solution="Send it with every event.",
                percentage=12.5,
                affected=5,
                total=40,
            ),
        ),
    )


def test_the_other_spelling_of_the_deduplication_keys_is_read() -> None:
    other = {name: value for name, value in PURCHASE.items() if name != "dedupe_key_feedback"}

    assert read({**other, "dedup_key_feedback": PURCHASE["dedupe_key_feedback"]}) == read(PURCHASE)


def test_a_young_dataset_has_no_figures_of_both_channels() -> None:
    found = read({"event_name": "Purchase", "event_match_quality": {"composite_score": 3}})

    assert found.composite_score == 3.0
    assert (found.event_coverage, found.coverage_goal, found.dedupe_keys, found.upload_frequency) == (
        None,
        None,
        (),
        "",
    )


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "null", '"web"', "{}", '{"web": {}}', '{"web": null}', "<html>", "[" * 100_000, "9" * 5_000],
)
def test_an_answer_of_another_form_is_none(body: str) -> None:
    assert events_in(body) is None


def test_an_event_that_cannot_be_read_costs_that_event_only() -> None:
    named = [{"event_name": name} for name in (None, 5, "", "a" * (LONGEST_NAME + 1), "a\x00b", ["Lead"], "\ud800")]

    found = events_in(json.dumps({"web": [None, 7, "Lead", *named, PURCHASE]}))

    assert found == {"Purchase": PURCHASE}


@pytest.mark.parametrize(
    "value",
    [None, True, "6.2", -0.1, 10.1, 1e400, math.nan, [], {}, 10**400],
    ids=["none", "a flag", "a string", "below", "above", "infinite", "not a number", "a list", "a dict", "huge"],
)
def test_a_score_that_is_none_is_missing(value: object) -> None:
    assert read({**PURCHASE, "event_match_quality": {"composite_score": value}}).composite_score is None


@pytest.mark.parametrize("text", ["call +49 30 23125 777", "ann@example.com", "ann%40example.com", "0171 1234567"])
def test_a_text_with_contact_data_is_not_kept(text: str) -> None:
    diagnostic = {"name": "Found", "description": f"Such as {text}.", "solution": text}

    found = read({**PURCHASE, "event_match_quality": {"diagnostics": [diagnostic]}}).diagnostics

    assert [(each.name, each.description, each.solution) for each in found] == [("Found", "", "")]


def test_a_text_becomes_one_line_without_control_characters() -> None:
    diagnostic = {"name": " a\r\n\tb\x00\x1b[31m\u202ec\ud800 ", "description": "<b>x</b>"}

    (found,) = read({**PURCHASE, "event_match_quality": {"diagnostics": [diagnostic]}}).diagnostics

    assert (found.name, found.description) == ("a b [31m c", "<b>x</b>")


def test_lists_and_texts_have_a_longest_length() -> None:
    many = {
        "match_key_feedback": [{"identifier": f"key{n}", "coverage": {"percentage": 1}} for n in range(500)],
        "diagnostics": [{"name": "n" * 9_999, "description": "d" * 9_999}] * 500,
    }
    found = read({**PURCHASE, "event_match_quality": many})
    events = events_in(json.dumps({"web": [{"event_name": f"Custom{n}"} for n in range(5_000)]}))

    assert (len(found.match_keys), len(found.diagnostics)) == (MOST_ENTRIES, MOST_ENTRIES)
    assert len(found.diagnostics[0].description) == LONGEST_TEXT
    assert len(events or {}) == MOST_EVENTS


TEXTS = st.text("a é\x00\ud800\n@.1+<", max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("percentage"), inner),
    max_leaves=3,
)
PERCENTAGES = st.fixed_dictionaries({"percentage": JSON}) | JSON
EVENTS = st.fixed_dictionaries(
    {"event_name": st.just("Lead")},
    optional={
        "event_match_quality": st.fixed_dictionaries(
            {},
            optional={
                "composite_score": JSON,
                "match_key_feedback": st.lists(
                    st.fixed_dictionaries({"identifier": JSON, "coverage": PERCENTAGES}) | JSON, max_size=3
                )
                | JSON,
                "diagnostics": st.lists(
                    st.fixed_dictionaries({}, optional=dict.fromkeys(("name", "percentage", "total_event_count"), JSON))
                    | JSON,
                    max_size=3,
                )
                | JSON,
            },
        )
        | JSON,
        "event_coverage": PERCENTAGES,
        "dedupe_key_feedback": st.lists(
            st.fixed_dictionaries(
                {"dedupe_key": st.sampled_from(["event_id", "fbp"]) | JSON},
                optional={"browser_events_with_dedupe_key": PERCENTAGES},
            )
            | JSON,
            max_size=3,
        )
        | JSON,
        "data_freshness": st.fixed_dictionaries({"upload_frequency": JSON}) | JSON,
        "acr": PERCENTAGES,
    },
)


def in_range(value: float | None, highest: float) -> bool:
    return value is None or (type(value) in (int, float) and 0 <= value <= highest)


def is_storable(text: str, longest: int) -> bool:
    """Whether every database takes it: no NUL, no lone surrogate, not too long."""
    return len(text) <= longest and text.isprintable() and bool(text.encode() or not text)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(raw=EVENTS)
def test_whatever_meta_sends_is_read_within_its_limits(raw: dict[str, Any]) -> None:
    found = read(raw)

    assert in_range(found.composite_score, HIGHEST_SCORE)
    assert in_range(found.event_coverage, HIGHEST_SHARE)
    assert in_range(found.acr, HIGHEST_INCREASE)
    assert is_storable(found.upload_frequency, LONGEST_WORD)
    for key in found.match_keys:
        assert is_storable(key.identifier, LONGEST_WORD)
        assert key.identifier
        assert in_range(key.coverage, HIGHEST_SHARE)
    for dedupe_key in found.dedupe_keys:
        assert is_storable(dedupe_key.dedupe_key, LONGEST_WORD)
        assert in_range(dedupe_key.browser, HIGHEST_SHARE)
    for diagnostic in found.diagnostics:
        assert is_storable(diagnostic.name, LONGEST_TEXT)
        assert in_range(diagnostic.percentage, HIGHEST_SHARE)
        assert in_range(diagnostic.total, 2**53)
