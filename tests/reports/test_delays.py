from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from django_capi.ledger import tallies
from django_capi.reports.overlap import measure
from tests.support.factories import EventFactory

pytestmark = pytest.mark.django_db

NOON = 1_790_078_400


@pytest.mark.parametrize(
    ("seconds", "within"),
    [
        (0, 1),
        (1, 1),
        (2, 10),
        (10, 10),
        (11, 60),
        (300, 300),
        (301, 3600),
        (7200, 7200),
        (86_400, 86_400),
        (86_401, None),
    ],
)
def test_an_event_counts_under_the_first_limit_that_it_kept(seconds: int, within: int | None) -> None:
    finished_at = datetime.fromtimestamp(NOON + seconds, UTC) + timedelta(milliseconds=900)
    EventFactory(accepted=True, event_time=NOON, finished_at=finished_at)
    tallies.refresh()

    delays = measure(since=NOON).delays

    assert delays.total == 1
    assert delays.within(0.5) == (within and timedelta(seconds=within))
