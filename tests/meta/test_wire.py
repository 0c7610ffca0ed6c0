from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_capi.meta.events import ActionSource
from django_capi.meta.wire import (
    MAX_EVENTS,
    ORJSON,
    body,
    dumps,
    dumps_plainly,
    how_many,
    json_number,
    with_event_id,
)

BOTH = pytest.mark.parametrize("write", [dumps, dumps_plainly], ids=["as installed", "standard library"])
PLAIN_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


def test_orjson_is_installed_so_both_serialisers_are_tested() -> None:
    assert ORJSON is not None


@BOTH
def test_the_json_is_compact_ordered_and_unescaped(write: Any) -> None:
    assert write({"b": [1, "ü"], "a": {"d": None, "c": True}}) == '{"b":[1,"ü"],"a":{"d":null,"c":true}}'


@BOTH
@pytest.mark.parametrize(
    ("written", "expected"),
    [("19.90", 19.9), ("0.1", 0.1), ("20.00", 20), ("1E+3", 1000), ("-5", -5), ("999999999999.99", 999999999999.99)],
)
def test_money_is_a_number_without_noise(write: Any, written: str, expected: float) -> None:
    assert json.loads(write({"value": Decimal(written)})) == {"value": expected}
    assert Decimal(write(Decimal(written))) == Decimal(written)


@BOTH
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal(100) / Decimal("1.19"), 84.03361344537815),
        (Decimal(100) / 3, 33.333333333333336),
        (Decimal("19.9900000000000000000"), 19.99),
        (Decimal("1999.00000000000000000000"), 1999),
        (Decimal(1234567890123456), 1234567890123456),
        (Decimal("0.12345678901234567890"), 0.12345678901234568),
        (Decimal("1E-400"), 0.0),
    ],
    ids=str,
)
def test_a_decimal_with_more_digits_is_the_nearest_number(write: Any, value: Decimal, expected: float) -> None:
    assert json.loads(write({"value": value})) == {"value": expected}


@BOTH
@pytest.mark.parametrize(
    "value",
    [
        float("nan"), float("inf"), float("-inf"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"),
        Decimal("1E+400"), "\ud800", {1, 2}, b"x", ...,
    ],
    ids=repr,
)  # fmt: skip
def test_what_json_cannot_represent_is_refused(write: Any, value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        write({"value": [value]})


@BOTH
def test_endless_nesting_is_refused(write: Any) -> None:
    endless: list[Any] = []
    endless.append(endless)

    with pytest.raises(ValueError, match=r"."):
        write(endless)


@BOTH
def test_enums_and_uuids_are_written_as_strings(write: Any) -> None:
    values = {"source": ActionSource.WEBSITE, "id": UUID(int=1), "big": 2**80, 5: "five"}

    assert json.loads(write(values)) == {
        "source": "website", "id": "00000000-0000-0000-0000-000000000001", "big": 2**80, "5": "five",
    }  # fmt: skip


@given(payload=PLAIN_JSON)
def test_both_serialisers_are_read_back_alike(payload: Any) -> None:
    assert json.loads(dumps(payload)) == json.loads(dumps_plainly(payload)) == payload


@given(amount=st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12))
def test_every_price_is_read_back_unchanged(amount: Decimal) -> None:
    assert Decimal(json.dumps(json_number(amount))) == amount


def test_payloads_are_joined_unchanged() -> None:
    assert body(['{"a":1}', '{"b": 2}']) == '{"data":[{"a":1},{"b": 2}]}'


def test_the_other_parameters_follow_the_events() -> None:
    text = body(["{}"], test_event_code='TEST"1', partner_agent="django-capi")

    assert json.loads(text) == {"data": [{}], "test_event_code": 'TEST"1', "partner_agent": "django-capi"}


@pytest.mark.parametrize(
    ("sizes", "max_events", "max_bytes", "expected"),
    [
        ([], 1_000, 100, 0),
        ([500], 1_000, 100, 1),
        ([40, 40, 40], 1_000, 100, 2),
        ([49, 49], 1_000, 100, 2),
        ([50, 50], 1_000, 100, 1),
        ([1] * 2_000, 1_000, 10**9, 1_000),
        ([1] * 2_000, 7, 10**9, 7),
        ([1], 0, 10, 1),
    ],
)
def test_a_body_takes_the_payloads_that_fit(sizes: list[int], max_events: int, max_bytes: int, expected: int) -> None:
    assert how_many(sizes, max_events=max_events, max_bytes=max_bytes) == expected


def test_metas_limit_is_the_default() -> None:
    assert how_many([1] * 5_000, max_bytes=10**9) == MAX_EVENTS == 1_000


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), PLAIN_JSON, max_size=4), st.text(max_size=8))
def test_only_the_events_own_id_is_replaced(rest: dict[str, Any], old: str) -> None:
    def payload(event_id: str) -> dict[str, Any]:
        own = {"event_name": '"event_id":"1"', "user_data": {"event_id": old}, "event_id": event_id}
        return own | {"custom_data": {"event_id": old, **rest}}

    assert with_event_id(dumps_plainly(payload(old)), "new") == dumps_plainly(payload("new"))
