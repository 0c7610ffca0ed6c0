from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from django_capi.admin import wording
from tests.admin.conftest import Staff
from tests.support.factories import BatchFactory, ConversionMarkFactory, LaneFactory

pytestmark = pytest.mark.django_db

LANES = reverse("admin:django_capi_lane_changelist")
BATCHES = reverse("admin:django_capi_batch_changelist")
MARKS = reverse("admin:django_capi_conversionmark_changelist")


def text(client: Client, address: str, **query: str) -> str:
    return client.get(address, query).content.decode()


@pytest.mark.parametrize(
    ("made", "word"),
    [
        pytest.param({"paused": True}, "paused", id="paused"),
        pytest.param({"lease_until": timezone.now() + timedelta(hours=1), "owner": "worker"}, "sending", id="held"),
        pytest.param({"paused_until": timezone.now() - timedelta(hours=1)}, "idle", id="pause is over"),
    ],
)
def test_a_lane_says_whether_it_sends(made: dict[str, object], word: str, admin_client: Client) -> None:
    LaneFactory(**made)

    assert f"</span> {word}</span>" in text(admin_client, LANES)


def test_a_paused_lane_says_until_when_and_why(admin_client: Client) -> None:
    lane = LaneFactory(paused=True)

    assert f"until {wording.instant(lane.paused_until)}. {lane.pause_reason}</td>" in text(admin_client, LANES)


def test_a_lane_says_when_a_worker_looked(admin_client: Client) -> None:
    lane = LaneFactory(seen_at=timezone.now())

    assert f'class="field-looked">{wording.instant(lane.seen_at)}</td>' in text(admin_client, LANES)


def test_a_paused_lane_is_resumed(admin_client: Client) -> None:
    lane = LaneFactory(paused=True)

    response = admin_client.post(LANES, {"action": "resume_now", "_selected_action": [str(lane.pk)]})

    lane.refresh_from_db()
    assert (lane.paused_until, lane.failures) == (None, 0)
    assert [str(message) for message in get_messages(response.wsgi_request)] == ["1 lane resumes now."]


def test_resuming_needs_the_permission_to_change_lanes(staff: Staff) -> None:
    LaneFactory(paused=True)
    client = staff("view_lane")

    assert "resume_now" not in text(client, LANES)


def test_a_request_shows_meta_s_answer(admin_client: Client) -> None:
    BatchFactory(
        outcome="throttle", http_status=429, error_code=4, error_subcode=2446079, reason="Meta asks to send less."
    )

    page = text(admin_client, BATCHES)

    for word in ("throttle", "429 · 4 / 2446079", "Meta asks to send less.", "0.32\u00a0s"):
        assert word in page


def test_a_request_without_an_answer_is_open(admin_client: Client) -> None:
    BatchFactory(finished_at=None, http_status=None, outcome="")

    assert "open" in text(admin_client, BATCHES)


@pytest.mark.parametrize("query", [{"outcome": "throttle"}, {"q": "AbCdEf123"}], ids=["by outcome", "by trace id"])
def test_requests_can_be_narrowed(query: dict[str, str], admin_client: Client) -> None:
    lane = LaneFactory()
    BatchFactory(lane=lane)
    wanted = BatchFactory(lane=lane, outcome="throttle", fbtrace_id="AbCdEf123")

    assert list(admin_client.get(BATCHES, query).context["cl"].result_list) == [wanted]


@pytest.mark.parametrize("rows", [1, 20], ids=["one row", "twenty rows"])
def test_the_requests_cost_the_same_number_of_queries(
    rows: int, admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    BatchFactory.create_batch(rows, lane=LaneFactory())

    with django_assert_num_queries(6):
        admin_client.get(BATCHES)


def test_conversions_are_found_by_their_object(admin_client: Client) -> None:
    ConversionMarkFactory()
    wanted = ConversionMarkFactory(object_ref="shop.order:4711")

    assert list(admin_client.get(MARKS, {"q": "shop.order:4711"}).context["cl"].result_list) == [wanted]


@pytest.mark.parametrize(
    ("name", "factory"),
    [("lane", LaneFactory), ("batch", BatchFactory), ("conversionmark", ConversionMarkFactory)],
    ids=["lane", "request", "conversion"],
)
def test_logs_can_be_read_but_not_changed(name: str, factory: type[LaneFactory], admin_client: Client) -> None:
    row = factory()

    assert admin_client.get(reverse(f"admin:django_capi_{name}_change", args=[row.pk])).status_code == 200
    assert admin_client.get(reverse(f"admin:django_capi_{name}_add")).status_code == 403
    assert admin_client.post(reverse(f"admin:django_capi_{name}_change", args=[row.pk])).status_code == 403
    assert admin_client.post(reverse(f"admin:django_capi_{name}_delete", args=[row.pk])).status_code == 403
