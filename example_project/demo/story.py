"""Buy something in a running demo, and compare what both channels sent to Meta.

https://developers.facebook.com/docs/marketing-api/conversions-api/deduplicate-pixel-and-server-events
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import requests

from example_project.demo.browser import AGENT, Browser
from example_project.demo.processes import Demo

CLICK = "IwAR2F4-dbP0l7Mn1IawQQGCINEz7PYXQvwjNwB_qa2ofrHyiLjcbCRxTDMgk"
ADDRESS = "168.212.226.204"  # the sample of Meta's parameter page
EXPECTED = ("PageView", "ViewContent", "AddToCart", "InitiateCheckout", "Purchase")
PRODUCT = "/products/olive-oil-from-lesbos/"
PATIENCE = 60.0  # seconds for the server copies to arrive
DETAILS = {
    "email": "jane.doe@example.com",
    "phone": "+49 30 23125 001",
    "first_name": "Jane",
    "last_name": "Doe",
    "street": "Example Street 1",
    "city": "Berlin",
    "postcode": "10115",
    "country": "DE",
}


@dataclass(frozen=True, kw_only=True)
class Played:
    """What the visitor did, to compare with what Meta saw."""

    started: int  # Unix seconds
    ended: int
    fbp: str | None
    fbc: str | None


def play(demo: Demo) -> Played:
    """Land from an ad, look, add, check out, pay at the bank, see the thank-you page, open it again."""
    started = int(time.time())
    browser = Browser(meta=demo.meta, address=ADDRESS)
    browser.open(f"{demo.shop}/?fbclid={CLICK}")
    browser.accept_cookies()
    product = browser.open(f"{demo.shop}{PRODUCT}")
    browser.swap(f"{demo.shop}{product.cart_action}", {"quantity": "2"})
    browser.open(f"{demo.shop}/checkout/")
    bank = browser.submit(f"{demo.shop}/checkout/", DETAILS)
    browser.submit(f"{demo.meta}/bank/pay", bank.fields)
    browser.open(browser.url)
    return Played(started=started, ended=int(time.time()), fbp=browser.cookie("_fbp"), fbc=browser.cookie("_fbc"))


def seen(demo: Demo) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{demo.meta}/_seen.json", timeout=10).json()
    return found


def settled(demo: Demo, *, patience: float = PATIENCE) -> dict[str, Any]:
    """What Meta saw, once both channels told of every expected event, or when the patience ends."""
    until = time.monotonic() + patience
    while True:
        found = seen(demo)
        server = Counter(event["event_name"] for event in found["server"])
        browser = Counter(event["event_name"] for event in found["browser"])
        is_complete = all(server[name] and server[name] >= browser[name] for name in EXPECTED)
        if is_complete or time.monotonic() > until:
            return found
        time.sleep(0.2)


def faults(found: dict[str, Any], played: Played) -> list[str]:
    """Every way in which the two channels' stories differ from what happened; empty when all is well."""
    return [*pairing_faults(found), *purchase_faults(found, played), *time_faults(found, played)]


def pairing_faults(found: dict[str, Any]) -> list[str]:
    server = keys(found["server"])
    browser = keys(found["browser"])
    missing = [f"{name}: nothing from the server" for name in EXPECTED if name not in {key[1] for key in server}]
    missing += [f"{name}: nothing from the browser" for name in EXPECTED if name not in {key[1] for key in browser}]
    missing += [f"{name} {event_id}: only from the server" for _, name, event_id in server - browser]
    missing += [f"{name} {event_id}: only from the browser" for _, name, event_id in browser - server]
    twice = [key for key, count in (server + browser).items() if count > 2]
    return [*missing, *(f"{name} {event_id}: more than one copy in a channel" for _, name, event_id in twice)]


def keys(events: list[dict[str, Any]]) -> Counter[tuple[str, str, str]]:
    return Counter((event["pixel"], event["event_name"], event["event_id"]) for event in events)


def purchase_faults(found: dict[str, Any], played: Played) -> list[str]:
    purchases = [event for event in found["server"] if event["event_name"] == "Purchase"]
    copies = [event for event in found["browser"] if event["event_name"] == "Purchase"]
    if len(purchases) != 1 or len(copies) != 1:
        return [f"Purchase: {len(purchases)} from the server, {len(copies)} from the browser; one each was bought"]
    user_data = purchases[0]["event"]["user_data"]
    wanted = {
        "client_ip_address": ADDRESS,
        "client_user_agent": AGENT,
        "fbp": played.fbp,
        "fbc": played.fbc,
    }
    return [
        f"Purchase: its {key} is not the visitor's own"
        for key, value in wanted.items()
        if value is None or user_data.get(key) != value
    ]


def time_faults(found: dict[str, Any], played: Played) -> list[str]:
    return [
        f"{event['event_name']}: its event_time is not the time of the action"
        for event in found["server"]
        if not played.started <= event["event_time"] <= played.ended
    ]


def summary(found: dict[str, Any], problems: list[str]) -> dict[str, Any]:
    """The line that `demo --headless` prints last."""
    server = Counter(event["event_name"] for event in found["server"])
    browser = Counter(event["event_name"] for event in found["browser"])
    pairs = Counter(key[1] for key in keys(found["server"]) if key in keys(found["browser"]))
    return {
        "ok": not problems,
        "events": {
            name: {"server": server[name], "browser": browser[name], "paired": pairs[name]}
            for name in sorted({*server, *browser})
        },
        "problems": problems,
    }
