"""Our rules and the stand-in, written independently from Meta's documentation, accept and refuse the same events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from example_project.standin import Running, serve
from tests.meta.test_rules import EXAMPLES, NOW

PIXEL_ID = "1234567890123456"


@pytest.fixture(scope="module")
def meta() -> Iterator[Running]:
    running = serve(clock=lambda: float(NOW))
    yield running
    running.stop()


def answer(meta: Running, payload: dict[str, Any]) -> tuple[int, int | None]:
    """The HTTP status, and the subcode of a refusal."""
    response = requests.post(
        f"{meta.url}/v26.0/{PIXEL_ID}/events",
        json={"data": [payload]},
        headers={"Authorization": "Bearer a-token"},
        timeout=10,
    )
    return response.status_code, response.json().get("error", {}).get("error_subcode")


@pytest.mark.parametrize(
    ("rule", "refused", "subcode", "accepted"), EXAMPLES, ids=[f"{n}-{row[0]}" for n, row in enumerate(EXAMPLES)]
)
def test_the_stand_in_refuses_what_our_rules_refuse_and_takes_the_nearest_that_they_take(
    meta: Running, rule: str, refused: dict[str, Any], subcode: int | None, accepted: dict[str, Any]
) -> None:
    assert answer(meta, refused) == (400, subcode)
    assert answer(meta, accepted) == (200, None)
