"""Three ways to send the same events to a sink: through the ledger, as bare POSTs, and with Meta's SDK.

Every function here runs in a process of its own, the way workers do.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, Final

import requests
from django.test import override_settings

from benchmarks import backlog, ready, sample
from django_capi.conf import conf
from django_capi.delivery.drain import deliver

SDK_BATCH: Final = 1000


def start(database: str) -> None:
    """What each process does before the first round."""
    ready.join(database)


def ours(url: str, pixel_ids: tuple[str, ...], shards: int = 1) -> int:
    """One worker's pass; what it delivered."""
    with override_settings(CAPI=backlog.settings(url, pixel_ids, shards)):
        return deliver(seconds=3600).accepted


def bare(url: str, pixel_id: str, number: int) -> int:
    """The floor: a kept-alive session and bodies of the same size, ready before; nothing is read or stored."""
    body, size = ready_body()
    received = 0
    for _ in range(number // size):
        response = session().post(
            f"{url}/v26.0/{pixel_id}/events",
            data=body,
            headers={"Authorization": "Bearer test-token-0123456789", "Content-Type": "application/json"},
            timeout=(3, 15),
        )
        received += response.json()["events_received"]
    return received


@cache
def session() -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    return made


@cache
def ready_body() -> tuple[bytes, int]:
    return backlog.body(conf.BATCH_EVENTS), conf.BATCH_EVENTS


def sdk(url: str, pixel_id: str, number: int) -> int:
    """`EventRequest.execute()` of Meta's own library, with a batch of 1,000 events that was made before."""
    import_module("facebook_business.session").FacebookSession.GRAPH = url
    request = sdk_request()(pixel_id)
    return sum(request.execute().events_received for _ in range(number // SDK_BATCH))


def has_sdk() -> bool:
    try:
        import_module("facebook_business")
    except ImportError:
        return False
    return True


@cache
def sdk_request() -> Callable[[str], Any]:
    package = "facebook_business.adobjects.serverside."
    import_module("facebook_business.api").FacebookAdsApi.init(access_token="token", crash_log=False)
    request = import_module(package + "event_request").EventRequest
    user = import_module(package + "user_data").UserData
    custom = import_module(package + "custom_data").CustomData
    content = import_module(package + "content").Content
    event = import_module(package + "event").Event
    website = import_module(package + "action_source").ActionSource.WEBSITE
    person = sample.PERSON
    events = [
        event(
            event_name="Purchase", event_time=sample.EVENT_TIME, event_id=f"{index:016d}", event_source_url=sample.URL,
            action_source=website,
            user_data=user(
                email=person["em"], phone=person["ph"], first_name=person["fn"], last_name=person["ln"],
                city=person["ct"], state=person["st"], zip_code=person["zp"], country_code=person["country"],
                external_id=person["external_id"], **sample.VISIT,
            ),
            custom_data=custom(
                value=119.4, currency="EUR", num_items=6, order_id="1001",
                contents=[
                    content(product_id=line["id"], quantity=line["quantity"], item_price=19.9, title=line["title"])
                    for line in sample.LINES
                ],
            ),
        )
        for index in range(SDK_BATCH)
    ]  # fmt: skip
    return lambda pixel_id: request(pixel_id=pixel_id, events=events)
