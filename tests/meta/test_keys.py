from __future__ import annotations

import pytest

from django_capi.meta.events import USER_DATA_KEYS, UserData
from django_capi.meta.normalize import normalize
from django_capi.meta.normalize.keys import BY_KEY, CUSTOMER_KEYS, MATCH_KEYS, CustomerKey
from django_capi.models import MatchKey
from django_capi.tracking.hints import PERSON
from tests.meta.pages import DOCS
from tests.meta.vectors import AS_THEY_ARE, ROWS

# As stored in Event.match_keys. A new key is added at the end, and no row above it changes.
STORED = (
    "em", "ph", "fn", "ln", "ge", "db", "ct", "st", "zp", "country", "external_id",
    "client_ip_address", "client_user_agent", "fbc", "fbp",
    "subscription_id", "fb_login_id", "lead_id", "anon_id", "madid",
)  # fmt: skip

each_row = pytest.mark.parametrize("row", CUSTOMER_KEYS, ids=lambda row: row.key)


def test_match_keys_keep_the_order_in_which_they_are_stored() -> None:
    assert MATCH_KEYS[: len(STORED)] == STORED
    assert [row.match_key for row in map(BY_KEY.__getitem__, MATCH_KEYS)] == list(range(len(MATCH_KEYS)))
    assert [MatchKey[key].value for key in STORED] == [2**bit for bit in range(len(STORED))]


def test_no_name_stands_for_two_keys() -> None:
    names = [name for row in CUSTOMER_KEYS for name in (row.key, *row.names, *row.near_names)]

    assert len(names) == len(set(names))


@each_row
def test_a_key_has_one_rule_and_a_form_of_its_own(row: CustomerKey) -> None:
    assert (row.rule is None) != (row.form is None)
    assert row.takes_several == row.is_hashed
    assert row.label
    assert row.description


@each_row
def test_a_hashed_key_has_an_example_that_is_sent(row: CustomerKey) -> None:
    sent = normalize(row.key, row.example, country=row.country).hashed if row.is_hashed else "unhashed"

    assert sent


@each_row
def test_a_key_has_worked_inputs(row: CustomerKey) -> None:
    assert row.key in {key for key, *_rest in (*ROWS, *AS_THEY_ARE)}


@each_row
def test_a_key_is_an_attribute_of_user_data_and_known_to_the_hints(row: CustomerKey) -> None:
    assert row.key in USER_DATA_KEYS
    assert getattr(UserData(), row.key) is None
    assert {PERSON[name] for name in (row.key, *row.names, *row.near_names)} == {row.key}


@each_row
def test_a_key_is_accepted_under_each_of_its_names(row: CustomerKey) -> None:
    for name in row.names:
        assert UserData.from_raw({name: row.example}) == UserData.from_raw({row.key: row.example})


@each_row
def test_a_key_is_documented(row: CustomerKey) -> None:
    page = (DOCS / "normalization.md").read_text(encoding="utf8")

    assert f"| `{row.key}` | {row.label} |" in page
