"""A visitor takes the consent back while a worker is busy: what has not left yet never does."""

from __future__ import annotations

import pytest

from django_capi.models import Status
from tests.failures.conftest import Opened
from tests.failures.meta import Meta

pytestmark = pytest.mark.story

VISITORS = {f"event-{number}": f"fb.1.1596403881668.111644647{number}" for number in range(3)}


@pytest.mark.parametrize("kind", ["postgresql", "sqlite", "mariadb"])
def test_an_event_withdrawn_while_the_request_before_it_is_under_way_is_not_sent(
    kind: str, open_site: Opened, meta: Meta
) -> None:
    site = open_site(kind, BATCH_EVENTS=1, READ_TIMEOUT=30)
    for event_id, fbp in VISITORS.items():
        site.call("visit", event_id=event_id, fbp=fbp)
    meta.say("slow", seconds=5, times=1)
    worker = site.start("once")
    site.until(lambda: meta.requests == 1)

    withdrawn = site.call("withdraw", fbp=VISITORS["event-1"])

    report = site.result(worker)
    rows = {row["event_id"]: row for row in site.call("ledger")["events"]}
    assert (withdrawn, report["accepted"]) == (True, 2)
    assert {event_id for _, _, event_id in meta.arrivals()} == {"event-0", "event-2"}
    assert {event_id: row["status"] for event_id, row in rows.items()} == {
        "event-0": Status.ACCEPTED,
        "event-1": Status.WITHDRAWN,
        "event-2": Status.ACCEPTED,
    }


@pytest.mark.parametrize("kind", ["postgresql", "sqlite", "mariadb"])
def test_a_row_does_not_deny_that_its_event_was_under_way_when_it_was_withdrawn(
    kind: str, open_site: Opened, meta: Meta
) -> None:
    site = open_site(kind, READ_TIMEOUT=30)
    for event_id, fbp in VISITORS.items():
        site.call("visit", event_id=event_id, fbp=fbp)
    meta.say("slow", seconds=5, times=1)
    worker = site.start("once")
    site.until(lambda: meta.requests == 1)

    site.call("withdraw", fbp=VISITORS["event-1"])

    site.result(worker)
    rows = {row["event_id"]: row for row in site.call("ledger")["events"]}
    assert {event_id for _, _, event_id in meta.arrivals()} == set(VISITORS)
    assert {row["status"] for row in rows.values()} == {Status.ACCEPTED}
    assert "withdrew consent" in rows["event-1"]["error_reason"]
    assert (rows["event-1"]["payload"], rows["event-1"]["attempts"]) == ("", 1)
