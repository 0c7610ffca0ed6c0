from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from django_capi.admin import paging, wording
from django_capi.models import ConversionMark, ConversionState, NotSent
from tests.admin.conftest import Staff
from tests.site.models import Order
from tests.support.factories import BatchFactory, ConversionMarkFactory, EventFactory, LaneFactory

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
        pytest.param(
            {"paused_until": timezone.now() - timedelta(hours=1), "seen_at": timezone.now()}, "idle", id="pause is over"
        ),
        pytest.param({"seen_at": timezone.now() - timedelta(minutes=6)}, "no worker", id="its worker is gone"),
        pytest.param({}, "no worker", id="no worker ever checked it"),
    ],
)
def test_a_lane_says_whether_it_sends(made: dict[str, object], word: str, admin_client: Client) -> None:
    LaneFactory(**made)

    assert f"</span> {word}</span>" in text(admin_client, LANES)


def test_a_paused_lane_says_until_when_and_why(admin_client: Client) -> None:
    lane = LaneFactory(paused=True)

    assert f"{lane.pause_reason} (next try {wording.instant(lane.paused_until)})" in text(admin_client, LANES)


def test_a_lane_says_when_a_worker_last_checked_it(admin_client: Client) -> None:
    lane = LaneFactory(seen_at=timezone.now())

    assert f"last delivery check</span> <bdi>{wording.instant(lane.seen_at)}</bdi>" in text(admin_client, LANES)


def test_a_paused_lane_is_resumed(admin_client: Client) -> None:
    lane = LaneFactory(paused=True)

    response = admin_client.post(LANES, {"action": "resume_now", "_selected_action": [str(lane.pk)]})

    lane.refresh_from_db()
    assert (lane.paused_until, lane.failures) == (None, 0)
    assert [str(message) for message in get_messages(response.wsgi_request)] == ["Delivery resumes for 1 pixel."]


def test_the_button_of_the_banner_resumes_and_leads_back(admin_client: Client) -> None:
    lane = LaneFactory(paused=True)
    before = "http://testserver" + reverse("admin:django_capi_event_changelist")

    response = admin_client.post(reverse("admin:django_capi_lane_resume", args=[lane.pixel_id]), HTTP_REFERER=before)

    lane.refresh_from_db()
    assert lane.paused_until is None
    assert response["Location"] == before


def test_the_button_leads_to_no_other_site(admin_client: Client) -> None:
    address = reverse("admin:django_capi_lane_resume", args=["1"])

    assert admin_client.post(address, HTTP_REFERER="https://example.org/")["Location"] == LANES


def test_the_button_is_only_for_those_who_may_resume(staff: Staff) -> None:
    lane = LaneFactory(paused=True)
    client = staff("view_lane")
    address = reverse("admin:django_capi_lane_resume", args=[lane.pixel_id])

    assert address not in text(client, LANES)
    assert client.post(address).status_code == 403
    assert client.get(address).status_code == 405


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


def test_a_link_lists_requests_from_one_on_and_says_so(admin_client: Client) -> None:
    _older, first, newest = BatchFactory.create_batch(3, lane=LaneFactory())

    response = admin_client.get(BATCHES, {"from": str(first.pk)})

    assert list(response.context["cl"].result_list) == [newest, first]
    assert f"from request {first.pk} on" in response.content.decode()
    assert "from request" not in text(admin_client, BATCHES)


def test_no_request_is_of_a_key_that_is_no_number(admin_client: Client) -> None:
    assert admin_client.get(BATCHES, {"from": "x"})["Location"].endswith("?e=1")


@pytest.mark.parametrize("rows", [1, 20], ids=["one row", "twenty rows"])
def test_the_requests_cost_the_same_number_of_queries(
    rows: int, admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    BatchFactory.create_batch(rows, lane=LaneFactory())

    with django_assert_num_queries(7):
        admin_client.get(BATCHES)


@pytest.mark.parametrize(
    ("excluded_as", "sentence"),
    [
        ("Googlebot", "it came from a crawler, Googlebot"),
        ("crawlerdetect", "it came from a crawler"),
        ("EXCLUDE", "excluded the request"),
        ("?", "it came from a crawler or an excluded request"),
    ],
)
def test_an_excluded_conversion_says_what_excluded_it(excluded_as: str, sentence: str, admin_client: Client) -> None:
    ConversionMarkFactory(state=ConversionState.NOT_SENT, reason=NotSent.EXCLUDED, excluded_as=excluded_as, event_id="")

    assert f"{sentence}</bdi>" in text(admin_client, MARKS, reason=NotSent.EXCLUDED)


@pytest.mark.parametrize(("state", "newest_first"), [("3", [1, 0]), ("9", [2, 1, 0]), ("x", [2, 1, 0])])
def test_the_conversions_of_a_state_are_in_the_order_of_their_index(
    state: str, newest_first: list[int], admin_client: Client
) -> None:
    not_sent = {"state": ConversionState.NOT_SENT, "reason": NotSent.DENIED, "event_id": ""}
    now = timezone.now()
    marks = [
        ConversionMarkFactory(**not_sent, happened_at=now - timedelta(days=1)),
        ConversionMarkFactory(**not_sent, happened_at=now),
        ConversionMarkFactory(happened_at=now - timedelta(days=2)),
    ]

    found = admin_client.get(MARKS, {"state": state}).context["cl"].result_list

    assert [marks.index(mark) for mark in found] == newest_first


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"happened_at__gte": "2000", "happened_at__lt": "3000"}, [2000]),
        ({"happened_at__gte": "2000"}, [3000, 2000]),
        ({"happened_at__lt": "2000", "state": "2"}, [1000]),
        ({"happened_at__gte": "1000", "state": "2", "event": "Purchase"}, [3000, 2000, 1000]),
    ],
)
def test_conversions_can_be_narrowed_to_a_window(query: dict[str, str], found: list[int], admin_client: Client) -> None:
    for at in (1000, 2000, 3000):
        ConversionMarkFactory(happened_at=datetime.fromtimestamp(at, UTC))

    shown = admin_client.get(MARKS, query).context["cl"].result_list

    assert [mark.happened_at.timestamp() for mark in shown] == found


def test_the_window_of_a_link_to_conversions_is_shown_and_can_be_removed(admin_client: Client) -> None:
    page = text(admin_client, MARKS, state="3", happened_at__gte="1790000000", happened_at__lt="1790003600")

    assert wording.instant(datetime.fromtimestamp(1790003600, UTC)) in page
    assert '<a href="?state=3">All</a>' in page


def test_a_window_that_is_none_is_refused(admin_client: Client) -> None:
    assert admin_client.get(MARKS, {"happened_at__gte": "x"}).status_code == 302


@pytest.mark.parametrize(
    ("query", "found", "is_cut"),
    [
        ({"state": "3"}, 3000, False),
        ({"state": "3", "happened_at__gte": "0"}, 3000, False),
        ({"state": "3", "reason": "denied"}, 3000, True),
        ({"state": "3", "reason": "denied", "happened_at__gte": "0"}, 3000, True),
        ({"state": "3", "reason": "too_old", "happened_at__gte": "0"}, 0, True),
        ({"state": "3", "reason": "too_old", "happened_at__lt": "1790000001"}, 1, False),
        ({"reason": "denied"}, 3000, True),
        ({"state": "0", "reason": "denied"}, 0, True),
    ],
)
def test_the_newest_conversions_of_a_state_are_searched_in_a_window(
    query: dict[str, str], found: int, is_cut: bool, admin_client: Client
) -> None:
    """The oldest of them has another reason, and is found in a window of its own only."""
    first = 1789999999
    rows = [
        ConversionMarkFactory.build(
            state=ConversionState.NOT_SENT,
            reason=NotSent.DENIED if number > 1 else NotSent.TOO_OLD,
            event_id="",
            happened_at=datetime.fromtimestamp(first + number, UTC),
        )
        for number in range(1, paging.SEARCHED + 3)
    ]
    ConversionMark.objects.bulk_create(rows)

    response = admin_client.get(MARKS, query)

    assert response.context["cl"].result_count == found
    assert ("the filters were applied to the newest 3000 conversions only" in response.content.decode()) is is_cut


@pytest.mark.parametrize(
    ("address", "parameter", "title"),
    [(MARKS, "state", "outcome"), (MARKS, "reason", "reason"), (BATCHES, "outcome", "answer")],
)
def test_a_filter_that_is_not_understood_is_named_and_not_applied(
    address: str, parameter: str, title: str, admin_client: Client
) -> None:
    BatchFactory()
    ConversionMarkFactory()

    response = admin_client.get(address, {parameter: "x"})

    assert f"for “{title}” that was not understood. Shown instead: All." in response.content.decode()
    assert len(response.context["cl"].result_list) == 1


def test_a_conversion_leads_to_its_events_and_its_object(admin_client: Client) -> None:
    order = Order.objects.bulk_create([Order()])[0]
    mark = ConversionMarkFactory(object_ref=f"site.order:{order.pk}")
    event = EventFactory(event_id=mark.event_id)

    page = text(admin_client, reverse("admin:django_capi_conversionmark_change", args=[mark.pk]))

    assert reverse("admin:django_capi_event_change", args=[event.pk]) in page
    assert reverse("admin:site_order_change", args=[order.pk]) in page


def test_a_request_leads_to_its_events(admin_client: Client) -> None:
    batch = BatchFactory()
    event = EventFactory(met=True, batch=batch)
    EventFactory(met=True)
    address = f"{reverse('admin:django_capi_event_changelist')}?batch__id__exact={batch.pk}"

    assert address in text(admin_client, reverse("admin:django_capi_batch_change", args=[batch.pk]))
    assert list(admin_client.get(address).context["cl"].result_list) == [event]


@pytest.mark.parametrize("term", ["R-4711", "conversion-of-it"], ids=["reference", "event id"])
def test_conversions_are_found_by_reference_and_event(term: str, admin_client: Client) -> None:
    ConversionMarkFactory()
    wanted = ConversionMarkFactory(reference="R-4711", event_id="conversion-of-it")
    EventFactory(event_id="conversion-of-it", object_ref=wanted.object_ref)

    assert list(admin_client.get(MARKS, {"q": term}).context["cl"].result_list) == [wanted]


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
