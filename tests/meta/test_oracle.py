"""Compare our hashes with those of Meta's own library; the table of differences lists where they differ.

The library is not a dependency: the comparison runs after `pip install "facebook-business==26.*"`.
"""

from __future__ import annotations

from typing import Any

import pytest

from django_capi.meta.normalize import HASHED, normalize
from tests.meta.differences import DIFFERENCES, RAISES, Case, Difference
from tests.meta.spellings import SPELLINGS
from tests.meta.vectors import ROWS, WORKED

# Keys that its `normalize_field` knows, and external_id, which it sends as it is.
THEIR_KEYS = HASHED.keys() - {"ge"}
INPUTS = [
    (row[0], row[1], row[2])
    for row in (*WORKED, *ROWS, *SPELLINGS)
    if row[0] in THEIR_KEYS and isinstance(row[1], str) and row[1] and (row[2] is None or isinstance(row[2], str))
]


def ours(key: str, value: str, country: str | None) -> str:
    found = normalize(key, value, country=country)
    return found.reason or str(found.text)


@pytest.fixture(scope="module")
def sdk() -> Any:
    reason = "facebook-business is not installed: nothing to compare with"
    return pytest.importorskip("facebook_business.adobjects.serverside.normalize", reason=reason).Normalize


def theirs(sdk: Any, key: str, value: str) -> str:
    if key == "external_id":
        return value
    try:
        sdk.normalize_field(key, value)
        return str(sdk.normalize_field_skip_hashing(key, value))
    except (TypeError, ValueError):
        return RAISES


@pytest.mark.parametrize("row", DIFFERENCES, ids=lambda row: f"{row.keys[0]}-{row.value[:30]!r}")
def test_our_side_of_a_difference_is_as_listed(row: Difference) -> None:
    key = "ct" if row.value == "123" else row.keys[0]

    assert ours(key, row.value, row.country) == row.ours


def test_metas_side_of_every_difference_is_as_listed(sdk: Any) -> None:
    found = [theirs(sdk, row.keys[0], row.value) for row in DIFFERENCES]

    assert found == [row.theirs for row in DIFFERENCES]


def test_every_hash_is_metas_unless_a_difference_is_listed(sdk: Any) -> None:
    cases = [
        Case(key=key, value=value, country=country, ours=ours(key, value, country), theirs=theirs(sdk, key, value))
        for key, value, country in INPUTS
    ]

    unlike = [case for case in cases if case.ours != case.theirs]

    assert [case for case in unlike if not any(case.key in row.keys and row.covers(case) for row in DIFFERENCES)] == []
    assert len(cases) - len(unlike) >= 100
