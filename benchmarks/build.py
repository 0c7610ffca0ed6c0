"""How long it takes from the raw values of a full Purchase to the finished body, against Meta's SDK and a bare floor.

Run `python -m benchmarks.build`. The other side is Meta's own library, which is no dependency of this project: make an
environment of its own, `python -m venv oracle`, `oracle/bin/pip install "facebook-business==26.*" orjson`, and run it
with that Python. Without it only our side and the floor are measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from hashlib import sha256
from importlib import import_module
from itertools import cycle
from statistics import median
from time import process_time
from typing import Any, Final

from benchmarks.rounds import ROUNDS, interleave, ratio_line, ratios, table
from django_capi.meta import wire
from django_capi.meta.events import CustomData, Event, UserData

OURS: Final = "django_capi, json"
OURS_FAST: Final = "django_capi, orjson"
SDK: Final = "facebook-business"
FLOOR: Final = "floor: hashlib + json"
THEIR_NAMES: Final = {
    "em": "email",
    "ph": "phone",
    "fn": "first_name",
    "ln": "last_name",
    "ct": "city",
    "st": "state",
    "zp": "zip_code",
    "country": "country_code",
}
HASHED: Final = frozenset({*THEIR_NAMES, "external_id"})
TARGETS: Final = {OURS: 5.0, OURS_FAST: 8.0}

EVENT_TIME: Final = 1_700_000_000
URL: Final = "https://shop.example.com/checkout/done/?utm_source=mail"
FIRST: Final = ("John", "Mary-Ann", "Luca", "Ingrid", "Kofi", "Olga", "Wei", "Aisha", "Pedro", "Noor")
LAST: Final = ("O'Smith", "Rossi", "van Dyke", "Garcia", "Mensah", "Ivanova", "Chen", "Khan", "Lopez", "Jansen")
CITIES: Final = ("Menlo Park", "St. Louis", "New York", "Austin", "Salt Lake City", "Boise", "Reno", "Miami")
AGENT: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def customer(number: int) -> dict[str, str]:
    return {
        "em": f" John_Smith{number}@Example.com ",
        "ph": f"+1 (650) 555-{number:04}",
        "fn": FIRST[number % len(FIRST)],
        "ln": LAST[number % len(LAST)],
        "ct": CITIES[number % len(CITIES)],
        "st": "CA",
        "zp": f"{94035 + number}-1234",
        "country": "US",
        "external_id": f"User-{number}",
        "client_ip_address": f"203.0.113.{number % 256}",
        "client_user_agent": AGENT,
        "fbp": f"fb.1.1596403881668.{1116446470 + number}",
        "fbc": f"fb.1.1554763741205.IwAR2F4-dbP0l7Mn1IawQQGCINEz7PYXQvwjNwB_qa2ofrHyiLjcbCRxTDMgk{number}",
    }


def basket(number: int, *, has_content_ids: bool) -> dict[str, Any]:
    lines = [
        {"id": f"sku-{number + line}", "quantity": line, "item_price": Decimal(1990 + number) / 100, "title": "A thing"}
        for line in (1, 2, 3)
    ]
    content_ids = {"content_ids": [line["id"] for line in lines]} if has_content_ids else {}
    return {
        "value": Decimal(6 * (1990 + number)) / 100,
        "currency": "EUR",
        "contents": lines,
        "num_items": 6,
        "order_id": str(1000 + number),
        **content_ids,
    }


Purchases = tuple[tuple[dict[str, str], dict[str, Any]], ...]


def purchases(*, has_content_ids: bool) -> Purchases:
    return tuple((customer(number), basket(number, has_content_ids=has_content_ids)) for number in range(500))


ID: Final = "5c1f0a1e7b8d4a1d"


def ours(dumps: Callable[[object], str], baskets: Purchases) -> Callable[[], str]:
    each = cycle(baskets)

    def build() -> str:
        who, what = next(each)
        event = Event(
            event_name="Purchase",
            event_time=EVENT_TIME,
            event_id=ID,
            event_source_url=URL,
            user_data=UserData.from_raw(who),
            custom_data=CustomData.from_raw(what),
        )
        return wire.body([dumps(event.payload())])

    return build


def floor(baskets: Purchases) -> Callable[[], str]:
    """The least that any implementation must do: nine hashes of finished strings and one plain json.dumps."""
    each = cycle([(who, as_floats(what)) for who, what in baskets])

    def build() -> str:
        who, what = next(each)
        user = {key: sha256(value.encode()).hexdigest() if key in HASHED else value for key, value in who.items()}
        event = {
            "event_name": "Purchase",
            "event_time": EVENT_TIME,
            "event_id": ID,
            "event_source_url": URL,
            "action_source": "website",
            "user_data": user,
            "custom_data": what,
        }
        return json.dumps({"data": [event]}, separators=(",", ":"))

    return build


def as_floats(what: dict[str, Any]) -> dict[str, Any]:
    lines = [{**line, "item_price": float(line["item_price"])} for line in what["contents"]]
    return {**what, "value": float(what["value"]), "contents": lines}


class _Ready(Exception):
    """Raised where the SDK would open a connection."""


class _Wire:
    """Stands where the SDK keeps its `requests` session, makes the body as that does, and stops."""

    def __init__(self) -> None:
        self.body = ""
        # This step alone: the public way to it writes headers as well, which are not compared here.
        self.encode: Callable[[Any], str] = import_module("requests").PreparedRequest._encode_params  # noqa: SLF001

    def request(self, _method: str, _url: str, **arguments: Any) -> None:
        self.body = self.encode(arguments["data"])
        raise _Ready


def sdk(baskets: Purchases) -> Callable[[], str] | None:
    """Meta's own path, `EventRequest.execute()`, up to the finished body; None when it is not installed."""
    try:
        api = import_module("facebook_business.api")
        session = import_module("facebook_business.session")
        package = "facebook_business.adobjects.serverside."
        event = import_module(package + "event").Event
        request = import_module(package + "event_request").EventRequest
        user = import_module(package + "user_data").UserData
        custom = import_module(package + "custom_data").CustomData
        content = import_module(package + "content").Content
        website = import_module(package + "action_source").ActionSource.WEBSITE
    except ImportError:
        return None
    connection = session.FacebookSession(access_token="token")
    connection.requests = wire_end = _Wire()
    api.FacebookAdsApi.set_default_api(api.FacebookAdsApi(connection))

    # The SDK cannot write a Decimal, so it is given floats; everything else is the same.
    each = cycle([(who, as_floats(what)) for who, what in baskets])

    def build() -> str:
        who, what = next(each)
        person = user(**{THEIR_NAMES.get(key, key): value for key, value in who.items()})
        lines = [
            content(
                product_id=line["id"], quantity=line["quantity"], item_price=line["item_price"], title=line["title"]
            )
            for line in what["contents"]
        ]
        bought = custom(
            value=what["value"], currency=what["currency"], contents=lines, num_items=what["num_items"],
            order_id=what["order_id"], content_ids=what.get("content_ids"),
        )  # fmt: skip
        one = event(
            event_name="Purchase", event_time=EVENT_TIME, event_id=ID, event_source_url=URL, action_source=website,
            user_data=person, custom_data=bought,
        )  # fmt: skip
        with suppress(_Ready):
            request(pixel_id="1", events=[one]).execute()
        return wire_end.body

    return build


def contenders(baskets: Purchases) -> dict[str, Callable[[], object]]:
    sides: dict[str, Callable[[], object]] = {OURS: ours(wire.dumps_plainly, baskets), FLOOR: floor(baskets)}
    if wire.ORJSON is not None:
        sides[OURS_FAST] = ours(wire.dumps, baskets)
    if build := sdk(baskets):
        sides[SDK] = build
    return sides


def compare(*, has_content_ids: bool, rounds: int) -> bool:
    """Print the times and ratios of one kind of basket; True when every target is reached."""
    print(f"\nbaskets {'with' if has_content_ids else 'without'} content_ids")
    # Nothing here waits, so the processor's time is the fairer clock on a machine that others use as well.
    times = interleave(contenders(purchases(has_content_ids=has_content_ids)), rounds=rounds, clock=process_time)
    print(table(times))
    mine = [name for name in (OURS, OURS_FAST) if name in times]
    for name in mine:
        print(ratio_line(times, name, FLOOR))
    if SDK not in times:
        return True
    for name in mine:
        print(ratio_line(times, SDK, name), f"(target {TARGETS[name]:.0f})")
    return all(median(ratios(times, SDK, name)) >= TARGETS[name] for name in mine)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few rounds, no verdict: does it run?")
    options = parser.parse_args()
    if wire.ORJSON is None:
        print("orjson is not installed: only the json side is measured")
    if sdk(purchases(has_content_ids=False)) is None:
        print("facebook-business is not installed: no comparison (the first lines of this file say how)")
    reached = [compare(has_content_ids=each, rounds=3 if options.quick else ROUNDS) for each in (False, True)]
    return int(not all(reached) and not options.quick)


if __name__ == "__main__":
    sys.exit(main())
