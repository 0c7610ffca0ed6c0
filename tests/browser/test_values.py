"""Both copies carry the same values of `window.capi.track`, and a bad value affects only its own event."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page

from django_capi.meta.events import CustomData
from example_project.standin import Running
from tests.browser.site import Site

pytestmark = pytest.mark.browser

# JavaScript, and what both copies carry.
VALUES: list[tuple[str, dict[str, Any]]] = [
    ("{value: '19,90', currency: 'eur'}", {"value": 19.9, "currency": "EUR"}),
    ("{value: ' 7.5 ', num_items: '3'}", {"value": 7.5, "num_items": 3}),
    ("{value: '1,234.50', predicted_ltv: 'much'}", {}),
    ("{value: NaN, net_revenue: Infinity, num_items: null}", {}),
    ("{value: true, status: true}", {"status": True}),
    ("{content_ids: [1, 'b', null], order_id: 77}", {"content_ids": ["1", "b"], "order_id": "77"}),
    (
        "{contents: [{id: 5}, {quantity: 2}, 7, {id: 'b', quantity: '2', item_price: '1,50'}]}",
        {"contents": [{"quantity": 1, "id": "5"}, {"quantity": 2, "id": "b", "item_price": 1.5}]},
    ),
    ("{content_name: 'jane@example.com', content_category: 'Oils'}", {"content_category": "Oils"}),
    ("{size: 'M', more: {nested: 1}, call: () => 1}", {"size": "M"}),
    ("(() => { const a = {size: 'L'}; a.a = a; return a; })()", {"size": "L"}),
    ("null", {}),
]


@pytest.mark.parametrize(("given", "expected"), VALUES, ids=[given for given, _ in VALUES])
def test_both_copies_carry_the_same_values(
    site: Site, page: Page, library: Running, given: str, expected: dict[str, Any]
) -> None:
    page.goto(site.put("/"))

    page.evaluate(f"capi.track('AddToCart', {given})")

    (item,) = site.reported("AddToCart")
    copies = library.state.seen.browser_events
    site.wait(lambda: [each for each in copies() if each.event_id == item["event_id"]], "the browser's copy")
    (sent,) = (each.custom_data for each in copies() if each.event_id == item["event_id"])
    assert item["custom_data"] == expected
    assert sent == {key: value if isinstance(value, list) else as_text(value) for key, value in expected.items()}
    assert json.loads(json.dumps(CustomData.from_raw(item["custom_data"]).payload())) == expected


def as_text(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("arguments", ["", "''", "'x'.repeat(51)", "{}", "'Lead', {value: 10n}"])
def test_a_call_that_makes_no_event_costs_nothing_else(site: Site, page: Page, arguments: str) -> None:
    page.goto(site.put("/"))

    page.evaluate(f"() => {{ capi.track({arguments}); capi.track('Contact'); }}")

    site.reported("Contact")
    assert {item["event_name"] for item in site.items()} <= {"Contact", "Lead"}


def test_the_console_says_what_was_changed(site: Site, page: Page) -> None:
    page.add_init_script("window.warnings = []; console.warn = (...words) => warnings.push(words.join(' '));")
    page.goto(site.put("/"))

    page.evaluate("capi.track('AddToCart', {value: '19,90', size: 'M'})")

    assert page.evaluate("warnings") == ["django-capi: value 19,90 is sent as 19.9"]
