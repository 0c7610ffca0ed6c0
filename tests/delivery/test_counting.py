"""A pass of delivery counts the events for the admin, unless another worker will."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from django_capi.delivery import lanes
from django_capi.delivery.counting import LONGEST_UNCOUNTED
from django_capi.delivery.drain import deliver
from django_capi.models import Count, Tally
from tests.delivery.sending import lead

pytestmark = pytest.mark.django_db

OTHER_PIXEL = "9876543210987654"
LATELY = timedelta(seconds=20)


def counted(ago: timedelta) -> None:
    Count.objects.update_or_create(pk=1, defaults={"counted_at": timezone.now() - ago})


def test_a_pass_counts_what_it_has_sent() -> None:
    lead()
    counted(LATELY)

    deliver()

    assert Tally.objects.exists()


def test_a_worker_leaves_the_count_to_one_that_is_still_sending() -> None:
    lead()
    counted(LATELY)
    lanes.claim(OTHER_PIXEL)

    report = deliver()

    assert report.accepted == 1
    assert not Tally.objects.exists()


def test_the_last_worker_counts_for_the_others() -> None:
    lead()
    counted(LATELY)
    held = lanes.claim(OTHER_PIXEL)
    assert held
    deliver()
    lanes.release(held)

    deliver()

    assert Tally.objects.exists()


@pytest.mark.parametrize("ago", [LONGEST_UNCOUNTED, None], ids=["too long ago", "never"])
def test_where_some_worker_is_always_sending_events_are_counted_now_and_then(ago: timedelta | None) -> None:
    lead()
    if ago:
        counted(ago)
    lanes.claim(OTHER_PIXEL)

    deliver()

    assert Tally.objects.exists()
