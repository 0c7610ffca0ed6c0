"""Faults of a site, as they show in its ledger, and how each is repaired."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from django_capi.delivery import lanes
from django_capi.ledger import untracked
from django_capi.ledger.tallies import DAY, HOUR
from django_capi.models import (
    ConversionMark,
    ConversionState,
    Count,
    Event,
    ForeignPixel,
    Lane,
    NotSent,
    Origin,
    Span,
    Tally,
    UntrackedTally,
)
from django_capi.reports import diagnostics
from tests.support.factories import PIXEL_ID, ConversionMarkFactory, EventFactory, LaneFactory, match_keys

OTHER_ID: Final = "6543210987654321"
NOW: Final = timezone.now().replace(microsecond=0)
EARLIER: Final = int(NOW.timestamp()) - 600  # long enough ago for a page to have reported
SERVER_MONEY: Final = {"value": Decimal(20), "currency": "EUR"}
TOKEN_REASON: Final = "The access token has expired."


def refresh() -> None:
    """As if a minute had passed since the last one."""
    Count.objects.update(counted_at=None)
    assert diagnostics.refresh(every=timedelta())


def two_days_pass(_settings: Settings) -> None:
    Event.objects.update(event_time=F("event_time") - 2 * DAY)
    Tally.objects.all().delete()
    UntrackedTally.objects.update(start=F("start") - 2 * DAY)
    ForeignPixel.objects.update(last_seen_at=timezone.now() - timedelta(days=2))
    ConversionMark.objects.update(happened_at=F("happened_at") - timedelta(days=8))


def many(number: int, **values: Any) -> None:
    Event.objects.bulk_create(EventFactory.build_batch(number, **{"event_time": EARLIER, **values}))


def distinct(number: int, name: str, **values: Any) -> None:
    """Events that differ in one column."""
    rows = [EventFactory.build(**{"event_time": EARLIER, name: f"{place:04x}", **values}) for place in range(number)]
    Event.objects.bulk_create(rows)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """How it comes about, the diagnostic that it raises, and what an event's page says of it."""

    code: str
    seed: Callable[[Settings], object]
    affected: int
    total: int
    event_name: str = "Purchase"
    pixel_id: str = PIXEL_ID
    repair: Callable[[Settings], object] = two_days_pass
    sentence: str = ""
    of: Callable[[], Event] | None = None  # the event whose page says it


def first(**condition: Any) -> Callable[[], Event]:
    return lambda: Event.objects.filter(**condition).order_by("pk")[0]


def two_ids(_settings: Settings) -> None:
    """The browser made an id of its own for what the server tracked."""
    for place in range(3):
        visitor = {"server_fbp": f"{place:016x}", "event_time": EARLIER}
        EventFactory(accepted=True, origin=Origin.CONVERSION, **visitor)
        EventFactory(met=True, origin=Origin.BROWSER, **visitor | {"event_time": EARLIER + 4})


def renamed(_settings: Settings) -> None:
    for _ in range(2):
        event = EventFactory(accepted=True, origin=Origin.TRACK, event_time=EARLIER)
        EventFactory(
            met=True, origin=Origin.BROWSER, event_id=event.event_id, event_name="purchase_done", event_time=EARLIER
        )


def dead_worker(_settings: Settings) -> None:
    LaneFactory(seen_at=NOW - timedelta(minutes=20))
    EventFactory.create_batch(4, due_at=NOW - timedelta(minutes=12), event_time=EARLIER)


def worker_runs(_settings: Settings) -> None:
    Event.objects.update(status=1, finished_at=NOW)
    Lane.objects.update(seen_at=timezone.now())


def pause(reason: str) -> Callable[[Settings], None]:
    def seed(_settings: Settings) -> None:
        LaneFactory(paused=True, pause_reason=reason)
        EventFactory.create_batch(2)

    return seed


def resumed(_settings: Settings) -> None:
    lanes.resume(list(Lane.objects.values_list("pk", flat=True)))


def proxy(_settings: Settings) -> None:
    distinct(120, "server_fbp", accepted=True, server_ip="0a0b")


def only_ipv4(_settings: Settings) -> None:
    distinct(110, "server_ip", accepted=True, server_ip_version=4)
    many(30, met=True)


def ipv6_is_offered(_settings: Settings) -> None:
    distinct(1, "server_ip", accepted=True, server_ip_version=6)


def proxy_is_trusted(_settings: Settings) -> None:
    """The next events carry the visitors' own addresses."""
    distinct(20, "server_ip", accepted=True)


def test_code(settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "TEST_EVENT_CODE": "TEST123"}
    many(3, test_event_code="TEST123")


def no_test_code(settings: Settings) -> None:
    settings.CAPI = {key: value for key, value in settings.CAPI.items() if key != "TEST_EVENT_CODE"}


def no_consent_policy(settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": None}


def consent_policy(settings: Settings) -> None:
    settings.CAPI = {**settings.CAPI, "CONSENT": "django_capi.consent.always"}


def policy(settings: Settings) -> None:
    """It lets the library run, and stops its requests to /tr/."""
    settings.SECURE_CSP = {
        "script-src": ["'self'", "https://connect.facebook.net"],
        "img-src": ["'self'"],
    }
    many(5, met=True)


def no_policy(settings: Settings) -> None:
    settings.SECURE_CSP = {}


def seen_pixel(other_id: str) -> Callable[[Settings], None]:
    def seed(_settings: Settings) -> None:
        for path in ("/", "/page/"):
            ForeignPixel.objects.create(
                pixel_id=PIXEL_ID, other_id=other_id, path=path, first_seen_at=NOW, last_seen_at=NOW
            )
        many(1, met=True, page="/page/")

    return seed


def seen_at(url: str) -> dict[str, Any]:
    return {"met": True, "payload": f'{{"event_name":"Lead","event_source_url":"{url}","user_data":{{}}}}'}


def landing_pages(settings: Settings) -> None:
    """An agency's pages report to the site's API."""
    settings.ALLOWED_HOSTS = [".shop.example"]
    many(3, **seen_at("https://landing.example/tea/"))
    many(1, **seen_at("https://landing.example:8443/"))
    many(5, **seen_at("https://www.shop.example/"))
    many(1, met=True, payload="")


def landing_pages_are_named(settings: Settings) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://landing.example"]


def consent_drop(_settings: Settings) -> None:
    refused = {"state": ConversionState.NOT_SENT, "reason": NotSent.UNKNOWN, "event_id": ""}
    before = NOW - timedelta(days=3)
    ConversionMarkFactory.create_batch(28, happened_at=before)
    ConversionMarkFactory.create_batch(2, happened_at=before, **refused)
    ConversionMarkFactory.create_batch(12, happened_at=NOW)
    ConversionMarkFactory.create_batch(8, happened_at=NOW, **refused)
    ConversionMarkFactory(happened_at=NOW, **refused | {"reason": NotSent.NO_PIXEL})


def fewer_agree(_settings: Settings) -> None:
    """A new version of the banner stores its answer in another cookie."""
    for moment, agree, silent in ((NOW - timedelta(days=3), 28, 2), (NOW, 12, 8)):
        many(agree, met=True, event_time=int(moment.timestamp()))
        not_tracked(moment, {NotSent.UNKNOWN: silent, NotSent.EXCLUDED: 50})
    not_tracked(NOW - timedelta(days=8), {NotSent.EXCLUDED: 1})  # counted since


def no_longer_tracked(_settings: Settings) -> None:
    """A new version of the shop lost the event of its orders; of page views there were too few on one day."""
    for day in range(8):
        at = int(NOW.timestamp()) - 26 * HOUR - day * DAY
        many(5, met=True, event_time=at)
        many(5 if day != 3 else 4, met=True, event_time=at, event_name="PageView")


def not_tracked(moment: datetime, counts: dict[NotSent, int]) -> None:
    start = int(moment.timestamp()) // HOUR * HOUR
    for reason, events in counts.items():
        untracked.add({untracked.UntrackedKind(Span.HOUR, start, PIXEL_ID, "Purchase", reason): events})


def lost_conversions(_settings: Settings) -> None:
    not_sent = {"state": ConversionState.NOT_SENT, "event_id": "", "happened_at": NOW}
    for reason in (*NotSent, NotSent.TOO_OLD):
        ConversionMarkFactory(**not_sent, reason=reason)
    ConversionMarkFactory(**not_sent | {"happened_at": NOW - timedelta(days=2)}, reason=NotSent.TOO_OLD)
    ConversionMarkFactory.create_batch(2, happened_at=NOW)


def rendered_conversions(_settings: Settings) -> None:
    """No page view of the site is made by the server, but its orders have thank-you pages."""
    marks = ConversionMarkFactory.create_batch(21, shown_at=NOW, happened_at=NOW)
    for mark in marks:
        many(1, accepted=True, origin=Origin.CONVERSION, event_id=mark.event_id)
    many(30, accepted=True, origin=Origin.CONVERSION)  # paid by webhook: no page


def mixed(**parts: tuple[int, dict[str, Any]]) -> Callable[[Settings], None]:
    def seed(_settings: Settings) -> None:
        for number, values in parts.values():
            many(number, **values)

    return seed


def late_by(**age: float) -> dict[str, Any]:
    """Accepted that long after it happened."""
    return {"accepted": True, "finished_at": NOW - timedelta(seconds=600) + timedelta(**age)}


FAULTS: Final = (
    Fault(code="two_event_ids", seed=two_ids, affected=3, total=6, sentence="4 seconds apart", of=first()),
    Fault(code="renamed_event", seed=renamed, affected=2, total=2, sentence="another event name", of=first()),
    Fault(
        code="reused_event_id",
        seed=mixed(cached=(2, {"met": True, "shared_id": True}), fine=(8, {"met": True})),
        affected=2,
        total=10,
        sentence="Browsers of different visitors reported this one event id",
        of=first(shared_id=True),
    ),
    Fault(
        code="worker_down",
        seed=dead_worker,
        repair=worker_runs,
        affected=4,
        total=4,
        event_name="",
        sentence="Start a Celery worker",
        of=first(),
    ),
    Fault(
        code="token",
        seed=pause(TOKEN_REASON),
        repair=resumed,
        affected=2,
        total=2,
        event_name="",
        sentence=TOKEN_REASON,
        of=first(),
    ),
    Fault(
        code="permission",
        seed=pause("The token lacks a permission."),
        repair=resumed,
        affected=2,
        total=2,
        event_name="",
        sentence="The token lacks a permission.",
        of=first(),
    ),
    Fault(
        code="dataset",
        seed=pause("The pixel does not exist or the token may not see it."),
        repair=resumed,
        affected=2,
        total=2,
        event_name="",
        sentence="sending for this pixel is paused until",
        of=first(),
    ),
    Fault(
        code="rate",
        seed=pause("The app made too many calls."),
        repair=lambda _: Lane.objects.update(paused_until=timezone.now() - timedelta(seconds=1)),
        affected=2,
        total=2,
        event_name="",
        sentence="The app made too many calls.",
        of=first(),
    ),
    Fault(
        code="delivery_paused",
        seed=pause("Meta could not be reached; nothing was sent."),
        repair=resumed,
        affected=2,
        total=2,
        event_name="",
        sentence="Meta could not be reached",
        of=first(),
    ),
    Fault(
        code="clock_skew",
        seed=mixed(
            refused=(2, {"rejected": True, "error_subcode": 2804004, "error_reason": "The time is in the future."}),
            early=(1, late_by(seconds=-90)),
            fine=(7, {"met": True}),
        ),
        affected=3,
        total=10,
        event_name="",
        sentence="The clock of the machine that stored this event was ahead.",
        of=first(error_subcode=2804004),
    ),
    Fault(
        code="ip_proxy",
        seed=proxy,
        repair=proxy_is_trusted,
        affected=120,
        total=120,
        event_name="",
        sentence="All visitors seem to have the same address",
        of=first(),
    ),
    Fault(
        code="ip_private",
        seed=mixed(private=(20, {"left_out": "client_ip_address:not_public"})),
        affected=20,
        total=20,
        event_name="",
        sentence="The visitor&#x27;s address is a private one",
        of=first(),
    ),
    Fault(
        code="test_code_left_on",
        seed=test_code,
        repair=no_test_code,
        affected=3,
        total=3,
        event_name="",
        sentence="A test event code is set on a live site",
        of=first(),
    ),
    Fault(
        code="no_consent_policy",
        seed=no_consent_policy,
        repair=consent_policy,
        affected=0,
        total=0,
        event_name="",
        pixel_id="",
    ),
    Fault(
        code="ad_blocker",
        seed=mixed(
            blocked=(6, {"accepted": True, "blocked": True}),
            silent=(2, {"accepted": True}),
            fired=(22, {"met": True}),
        ),
        affected=8,
        total=30,
        event_name="",
        sentence="pixel could not run, so without the server copy this event would be lost",
        of=first(browser_state=1),
    ),
    Fault(
        code="library_blocked",
        seed=mixed(blocked=(19, {"accepted": True, "blocked": True}), fired=(1, {"met": True})),
        affected=19,
        total=20,
        event_name="",
        sentence="library runs in nearly no browser",
        of=first(browser_state=1),
    ),
    Fault(
        code="collector_blocked",
        seed=mixed(silent=(25, {"accepted": True}), fired=(1, {"met": True})),
        affected=25,
        total=26,
        event_name="",
        sentence="never reported its browser copy",
        of=first(browser_state=0),
    ),
    Fault(code="collector_blocked", seed=rendered_conversions, affected=21, total=21, event_name=""),
    Fault(
        code="csp_blocks_pixel",
        seed=policy,
        repair=no_policy,
        affected=5,
        total=5,
        event_name="",
        sentence="Your Content-Security-Policy blocks Meta&#x27;s pixel",
        of=first(),
    ),
    Fault(
        code="lost",
        seed=mixed(
            rejected=(6, {"rejected": True}),
            expired=(7, {"expired": True, "blocked": True}),
            fine=(3, {"met": True}),
            withdrawn=(2, {"withdrawn": True}),
        ),
        affected=13,
        total=18,
        sentence="Events reached Meta by neither channel",
        of=first(status=3),
    ),
    Fault(code="conversions_lost", seed=lost_conversions, affected=3, total=5, pixel_id=""),
    Fault(
        code="expired",
        seed=mixed(expired=(4, {"expired": True, "fired": True})),
        affected=4,
        total=4,
        sentence="was not delivered before its deadline",
        of=first(),
    ),
    Fault(
        code="rejected",
        seed=mixed(rejected=(3, {"rejected": True}), fine=(1, {"met": True})),
        affected=3,
        total=4,
        sentence="Meta refused the server copy",
        of=first(status=2),
    ),
    Fault(
        code="weak_combo",
        seed=mixed(
            rejected=(2, {"rejected": True, "error_reason": "An event has too little customer information."}),
        ),
        affected=2,
        total=2,
        sentence="describes too many people",
        of=first(),
    ),
    Fault(
        code="missing_value",
        seed=mixed(rejected=(2, {"rejected": True, "error_reason": "A Purchase has no value."})),
        affected=2,
        total=2,
        sentence="Meta takes a Purchase only with the amount that was paid",
        of=first(),
    ),
    Fault(
        code="bad_currency",
        seed=mixed(
            rejected=(2, {"rejected": True, "error_reason": "A Purchase has no currency."}),
            unknown=(1, {"rejected": True, "left_out": "currency:unknown_currency"}),
        ),
        affected=3,
        total=3,
        sentence="A value needs a currency of three letters",
        of=first(left_out__contains="currency"),
    ),
    Fault(
        code="in_doubt",
        seed=mixed(held=(2, {"in_doubt": True})),
        affected=2,
        total=2,
        sentence="it is not known whether it arrived",
        of=first(),
    ),
    Fault(
        code="own_pixel_twice",
        seed=seen_pixel(PIXEL_ID),
        affected=2,
        total=2,
        event_name="",
        sentence="Other code starts your pixel as well",
        of=first(),
    ),
    Fault(
        code="second_pixel",
        seed=seen_pixel(OTHER_ID),
        affected=2,
        total=2,
        event_name="",
        sentence=f"Other code had pixel {OTHER_ID} on the page <bdi>/page/</bdi> as well",
        of=first(),
    ),
    Fault(
        code="consent_drop",
        seed=consent_drop,
        affected=8,
        total=20,
        pixel_id="",
    ),
    Fault(
        code="fewer_agree",
        seed=fewer_agree,
        affected=8,
        total=20,
    ),
    Fault(
        code="event_stopped",
        seed=no_longer_tracked,
        affected=1,
        total=1,
        repair=lambda _: many(1, met=True),
    ),
    Fault(
        code="event_delay",
        seed=mixed(late=(2, late_by(hours=3)), fine=(18, {"met": True})),
        affected=2,
        total=20,
    ),
    Fault(
        code="event_delay_day",
        seed=mixed(late=(2, late_by(hours=30)), fine=(18, {"met": True})),
        affected=2,
        total=20,
    ),
    Fault(
        code="missing_user_data",
        seed=mixed(
            poor=(6, {"met": True, "match_keys": match_keys("client_ip_address", "client_user_agent")}),
            without_agent=(1, {"met": True, "match_keys": match_keys("client_ip_address", "em")}),
            fine=(15, {"met": True}),
        ),
        affected=7,
        total=22,
        sentence="Events carry too little customer information",
        of=first(),
    ),
    Fault(
        code="invalid_key",
        seed=mixed(invalid=(4, {"met": True, "left_out": "ph:phone_needs_country em:empty"}), fine=(16, {"met": True})),
        affected=4,
        total=20,
        sentence="Customer information is left out because it is invalid",
        of=first(),
    ),
    Fault(
        code="fewer_server",
        seed=mixed(browser=(30, {"rejected": True, "fired": True}), both=(10, {"met": True})),
        affected=30,
        total=40,
    ),
    Fault(
        code="low_coverage",
        seed=mixed(browser=(8, {"rejected": True, "fired": True}), both=(12, {"met": True})),
        affected=8,
        total=20,
    ),
    Fault(
        code="low_overlap",
        seed=mixed(
            browser=(20, {"rejected": True, "fired": True}),
            server=(20, {"accepted": True}),
            both=(4, {"met": True}),
        ),
        affected=20,
        total=24,
    ),
    Fault(
        code="external_id_mismatch",
        seed=mixed(
            different=(3, {"met": True, "server_external_id": "aa", "browser_external_id": "bb"}),
            same=(17, {"met": True, "server_external_id": "aa", "browser_external_id": "aa"}),
        ),
        affected=3,
        total=20,
        sentence="The two copies carry different external ids",
        of=first(browser_external_id="bb"),
    ),
    Fault(
        code="value_mismatch",
        seed=mixed(
            lower=(2, {"met": True, **SERVER_MONEY, "browser_value": Decimal("19.9"), "browser_currency": "EUR"}),
            abroad=(1, {"met": True, **SERVER_MONEY, "browser_value": Decimal(20), "browser_currency": "USD"}),
            same=(17, {"met": True, **SERVER_MONEY, "browser_value": Decimal("20.00"), "browser_currency": "EUR"}),
            unsaid=(5, {"met": True, **SERVER_MONEY}),
        ),
        affected=3,
        total=20,
        sentence="Which one is right, only your site knows.",
        of=first(browser_currency="USD"),
    ),
    Fault(
        code="ip_v4_only",
        seed=only_ipv4,
        repair=ipv6_is_offered,
        affected=110,
        total=110,
        event_name="",
    ),
    Fault(
        code="new_domain",
        seed=landing_pages,
        repair=landing_pages_are_named,
        affected=4,
        total=10,
        event_name="",
        sentence="Events come from a domain that the settings do not name",
        of=first(payload__contains="landing.example"),
    ),
    Fault(
        code="no_fbc",
        seed=mixed(fine=(100, {"met": True})),
        affected=100,
        total=100,
        event_name="",
    ),
)
