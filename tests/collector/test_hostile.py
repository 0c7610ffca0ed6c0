"""Whatever is posted, the server's own rows stay, no Purchase is stored, and the answer is a documented one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from django_capi.browser import specs
from django_capi.models import Event, Origin, Rank
from django_capi.testing import deliver_now, outbox
from django_capi.tracking import track
from tests.collector.posting import PIXEL_ID
from tests.conftest import ADDRESS, AGENT, FBP

OWN_ID = "order-00000001"
FIELDS = ("event_name", "event_id", "pixels", "state", "mirror", "spec", "custom_data", "age")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["\ud83d", "a\x00b"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
SPECS = [
    specs.sign("Purchase", {"value": 1, "currency": "EUR"}),
    specs.sign("ViewPromotion", {}),
    specs.sign("Lead", {}),
]
SOUND: dict[str, Any] = {
    "event_name": st.sampled_from(["Purchase", "Lead", "PageView", "ViewPromotion"]) | st.text(max_size=60),
    "event_id": st.sampled_from([OWN_ID, "0" * 32, "1" * 32]) | st.text(max_size=110),
    "pixels": st.just([PIXEL_ID]),
    "state": st.sampled_from(["fired", "blocked"]),
    "mirror": st.booleans(),
    "spec": st.none() | st.sampled_from(SPECS),
    "custom_data": st.dictionaries(st.sampled_from(["value", "currency", "contents", "x"]), json_values, max_size=4),
    "age": st.integers(min_value=0, max_value=200_000),
}
sound_items = st.fixed_dictionaries(SOUND)
odd_items = st.builds(
    lambda item, field, value: {**item, field: value}, sound_items, st.sampled_from(FIELDS), json_values
)
bodies = st.fixed_dictionaries(
    {"events": st.lists(sound_items | odd_items | json_values, max_size=6)},
    optional={"url": json_values, "referrer": json_values},
)


def own_rows() -> list[object]:
    """What is sent of the server's own events."""
    rows = Event.objects.exclude(origin=Origin.BROWSER).order_by("pk")
    columns = ("event_name", "event_id", "payload", "status", "rank", "origin", "event_time", "value", "currency")
    return list(rows.values(*columns))


class TestHostile(TestCase):
    def setUp(self) -> None:
        for name in ("Purchase", "Lead"):
            track(name, event_id=OWN_ID, consent=True, user_data={"em": "jane@example.com"})

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(body=bodies | json_values)
    def test_whatever_is_posted_the_promises_hold(self, body: object) -> None:
        cache.clear()  # the rates have tests of their own
        before = own_rows()
        client = Client(HTTP_USER_AGENT=AGENT, REMOTE_ADDR=ADDRESS, HTTP_HOST="testserver")
        client.cookies["_fbp"] = FBP

        answer = client.post("/capi/collect/", json.dumps(body), content_type="application/json")

        assert answer.status_code in (200, 204, 400, 413)
        assert own_rows() == before
        mirrored = Event.objects.filter(origin=Origin.BROWSER)
        assert not mirrored.filter(event_name="Purchase").exists()
        assert not mirrored.exclude(rank=Rank.MIRRORED).exists()
        if answer.status_code == 200:
            indexes = [entry["index"] for entry in answer.json()["refused"]]
            assert indexes == sorted(set(indexes))
            assert set(indexes) <= set(range(len(body["events"])))  # type: ignore[index]


@pytest.mark.django_db
def test_custom_data_nested_without_end_costs_its_own_event_at_most(visitor: Client) -> None:
    deep = '{"a":' * 5_000 + "1" + "}" * 5_000
    item = f'"pixels": ["{PIXEL_ID}"], "state": "fired", "mirror": true, "event_name": "Search"'
    first, second = (f'{item}, "event_id": "{digit * 32}"' for digit in "01")
    body = f'{{"events": [{{{first}, "custom_data": {deep}}}, {{{second}}}]}}'

    answer = visitor.post("/capi/collect/", body, content_type="application/json")

    assert answer.status_code in (200, 204, 400)
    assert Event.objects.filter(event_id="1" * 32).exists() or answer.json() == {"error": "not-json"}


@pytest.mark.django_db
def test_a_purchase_is_sent_before_many_mirrored_events(visitor: Client) -> None:
    for number in range(5):
        items = [
            {"event_name": "Lead", "event_id": f"{number:03}-{each:03}-junk", "pixels": [PIXEL_ID], "mirror": True,
             "state": "fired"}
            for each in range(20)
        ]  # fmt: skip
        visitor.post("/capi/collect/", json.dumps({"events": items}), content_type="application/json")
    track("Purchase", consent=True, user_data={"em": "jane@example.com"}, custom_data={"value": 20, "currency": "EUR"})

    deliver_now()

    first = json.loads(outbox[0].body)["data"][0]
    assert first["event_name"] == "Purchase"
