"""The lanes of a pixel with several shards are one pixel in every report."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest

from django_capi.contrib.health_check import CapiWorker
from django_capi.contrib.prometheus import CapiCollector
from django_capi.doctor import worker
from django_capi.doctor.finding import Level
from django_capi.models import Lane
from django_capi.reports import health
from django_capi.reports.diagnostics.gather import gather
from django_capi.reports.freshness import backlog
from tests.support.factories import PIXEL_ID, LaneFactory

pytestmark = pytest.mark.django_db

NOW = timezone.now()
LATELY, LONG_AGO = NOW - timedelta(seconds=20), NOW - timedelta(hours=2)
SOON, LATER = NOW + timedelta(minutes=2), NOW + timedelta(minutes=15)
LANES = reverse("admin:django_capi_lane_changelist")
OVERVIEW = reverse("admin:django_capi_overview_changelist")


def lanes(*found: dict[str, Any]) -> list[Lane]:
    return [LaneFactory(shard=shard, shards=len(found), **values) for shard, values in enumerate(found)]


def test_the_newest_times_and_the_longest_pause_are_the_pixels() -> None:
    lanes(
        {"seen_at": LONG_AGO, "last_ok_at": LATELY, "paused_until": SOON, "pause_reason": "Meta asks to wait."},
        {"seen_at": LATELY, "paused_until": LATER, "pause_reason": "The token has expired.", "lease_until": SOON},
        {"seen_at": None, "last_ok_at": LONG_AGO},
    )

    found = health.lanes()[PIXEL_ID]

    assert (found.seen_at, found.last_ok_at, found.lease_until) == (LATELY, LATELY, SOON)
    assert (found.paused_until, found.pause_reason) == (LATER, "The token has expired.")


def test_a_pixel_of_one_lane_is_read_as_it_is() -> None:
    lane = LaneFactory(paused_until=SOON, pause_reason="The token has expired.", last_ok_at=LATER)

    found = health.lanes()[PIXEL_ID]

    assert (found.pk, found.pause_reason, found.last_ok_at) == (lane.pk, lane.pause_reason, LATER)


@pytest.mark.parametrize(("accepted", "reason"), [(LATELY, ""), (LONG_AGO, "The token has expired.")])
def test_a_reason_counts_until_meta_accepts_from_any_lane(accepted: Any, reason: str) -> None:
    ended = NOW - timedelta(minutes=5)
    lanes({"paused_until": ended, "pause_reason": "The token has expired."}, {"last_ok_at": accepted})

    assert health.lanes()[PIXEL_ID].pause_reason == reason
    assert gather(NOW).lanes[PIXEL_ID].pause_reason == reason


def test_several_pauses_of_a_pixel_are_announced_once() -> None:
    lanes({"paused_until": SOON, "pause_reason": "first"}, {"paused_until": LATER, "pause_reason": "second"})

    assert [(pause.until, pause.reason) for pause in backlog(now=NOW).pauses] == [(LATER, "second")]


def test_one_lane_that_was_checked_proves_a_worker() -> None:
    lanes({"seen_at": LONG_AGO}, {"seen_at": LATELY}, {"seen_at": None})

    assert [finding.level for finding in worker.examine()] == [Level.OK]
    CapiWorker().run()


def test_a_metric_has_one_sample_for_a_pixel() -> None:
    lanes({"seen_at": LATELY}, {"seen_at": LONG_AGO, "paused_until": LATER})
    registry = CollectorRegistry()
    registry.register(CapiCollector())

    text = generate_latest(registry).decode()

    assert re.findall(r"^django_capi_lane_paused{.*} (.*)$", text, re.MULTILINE) == ["1.0"]
    assert len(re.findall(r"^django_capi_last_check_timestamp_seconds{", text, re.MULTILINE)) == 1


def test_a_glance_resumes_the_whole_pixel(admin_client: Client) -> None:
    lanes({"paused_until": SOON, "pause_reason": "first"}, {"paused_until": LATER, "pause_reason": "second"})

    response = admin_client.get(OVERVIEW)
    (line,) = response.context["lanes"]
    resumed = admin_client.post(LANES, {"action": "resume_now", "_selected_action": str(line.lane.pk)}, follow=True)

    assert line.reason == "second"
    assert "Delivery resumes for 1 pixel." in resumed.content.decode()
    assert not Lane.objects.exclude(paused_until=None).exists()


def test_the_list_of_lanes_numbers_them_and_leaves_out_those_of_before(admin_client: Client) -> None:
    for shard in range(3):
        LaneFactory(shard=shard, shards=2)
    LaneFactory(pixel_id="9876543210987654")

    page = admin_client.get(LANES).content.decode()

    assert [number for number in ("1/2", "2/2", "3/2", "1/1") if f"· {number}" in page] == ["1/2", "2/2"]
    assert "9876543210987654" in page
