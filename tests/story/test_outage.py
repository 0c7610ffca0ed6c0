"""Meta is away while a visitor buys: the shop does not notice, and nothing is lost."""

from __future__ import annotations

import statistics
import time

import pytest

from example_project.demo import story
from example_project.demo.browser import Browser
from example_project.demo.processes import Demo
from tests.conftest import Show

pytestmark = pytest.mark.story


def checkout(demo: Demo, number: int) -> float:
    """Fill a cart and check out; the seconds that the checkout's answer took."""
    browser = Browser(meta=demo.meta, address=f"168.212.226.{number}")
    browser.session.cookies.set("shop_consent", "yes")
    product = browser.open(f"{demo.shop}{story.PRODUCT}")
    browser.swap(f"{demo.shop}{product.cart_action}", {"quantity": "1"})
    browser.open(f"{demo.shop}/checkout/")
    data = {**story.DETAILS, "csrfmiddlewaretoken": browser.cookie("csrftoken") or ""}
    started = time.perf_counter()
    answer = browser.session.post(f"{demo.shop}/checkout/", data=data, allow_redirects=False, timeout=30)
    taken = time.perf_counter() - started
    assert answer.status_code == 302
    return taken


def test_events_of_an_outage_arrive_with_their_own_times(demo: Demo, show: Show) -> None:
    with_meta = [checkout(demo, number) for number in range(1, 8)]
    before_outage = wait_for(demo, "InitiateCheckout", 7)
    demo.stop("meta")
    away_from = int(time.time())
    without_meta = [checkout(demo, number) for number in range(11, 18)]
    away_until = int(time.time())

    demo.start_meta()
    demo.manage("shell", "-c", "from django_capi.models import Lane; Lane.objects.update(paused_until=None)")
    arrived = wait_for(demo, "InitiateCheckout", 7)

    before, during = statistics.median(with_meta), statistics.median(without_meta)
    show(f"checkout: {before * 1000:.0f} ms with Meta, {during * 1000:.0f} ms without ({during / before:.2f} x)")
    assert len(before_outage) == 7
    assert len(arrived) == 7
    assert all(away_from <= event["event_time"] <= away_until for event in arrived)
    assert len({event["event_id"] for event in arrived}) == 7


def wait_for(demo: Demo, name: str, count: int) -> list[dict[str, int]]:
    """The server copies of this name, once there are so many or the patience ends."""
    until = time.monotonic() + story.PATIENCE
    while True:
        found = [event for event in story.seen(demo)["server"] if event["event_name"] == name]
        if len(found) >= count or time.monotonic() > until:
            return found
        time.sleep(0.2)
