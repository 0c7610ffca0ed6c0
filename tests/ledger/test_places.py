"""A stored event says on which page and in which browser it happened."""

from __future__ import annotations

import pytest
from django.test import override_settings

from django_capi.conf import conf
from django_capi.consent import Consent
from django_capi.ledger.browsers import family_of
from django_capi.ledger.store import EventEntry, store
from django_capi.meta.events import Event as MetaEvent
from django_capi.meta.events import UserData
from django_capi.models import BrowserFamily, Event, Origin
from tests.conftest import AGENT

WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
BLINK = "AppleWebKit/537.36 (KHTML, like Gecko)"
IPHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {WEBKIT}"
ANDROID = f"Mozilla/5.0 (Linux; Android 14; SM-S921B) {BLINK}"


@pytest.mark.parametrize(
    ("agent", "family"),
    [
        (AGENT, BrowserFamily.CHROME),
        (f"{IPHONE} CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1", BrowserFamily.CHROME),
        (f"{IPHONE} Version/18.1 Mobile/15E148 Safari/604.1", BrowserFamily.SAFARI),
        (f"Mozilla/5.0 (Macintosh) {WEBKIT} Version/18.1 Safari/605.1.15", BrowserFamily.SAFARI),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", BrowserFamily.FIREFOX),
        (f"{IPHONE} FxiOS/132.0 Mobile/15E148 Safari/605.1.15", BrowserFamily.FIREFOX),
        (f"Mozilla/5.0 (Windows NT 10.0) {BLINK} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0", BrowserFamily.EDGE),
        (f"{ANDROID} Chrome/130.0.0.0 Mobile Safari/537.36 EdgA/130.0.0.0", BrowserFamily.EDGE),
        (f"{ANDROID} SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36", BrowserFamily.SAMSUNG),
        (f"Mozilla/5.0 (X11; Linux) {BLINK} Chrome/130.0.0.0 Safari/537.36 OPR/115.0.0.0", BrowserFamily.OPERA),
        ("Opera/9.80 (X11; Linux) Presto/2.12.388 Version/12.16", BrowserFamily.OPERA),
        (f"{IPHONE} Mobile/22B83 Instagram 361.0.0.35.82 (iPhone14,5; iOS 18_1)", BrowserFamily.INSTAGRAM),
        (f"{IPHONE} Mobile/22B83 [FBAN/FBIOS;FBAV/490.0.0.32.105]", BrowserFamily.FACEBOOK),
        (f"{ANDROID} Chrome/131.0.0.0 Safari/537.36 [FB_IAB/FB4A;FBAV/490.0]", BrowserFamily.FACEBOOK),
        ("Stripe/1.0 (+https://stripe.com/docs/webhooks)", BrowserFamily.OTHER),
        ("", BrowserFamily.UNKNOWN),
    ],
)  # fmt: skip
def test_a_browser_is_known_by_its_user_agent(agent: str, family: BrowserFamily) -> None:
    assert family_of(agent) is family


def stored(address: str | None, **person: object) -> Event:
    event = MetaEvent(
        event_name="Lead",
        event_id="lead-1",
        event_time=1_790_078_400,
        event_source_url=address,
        user_data=UserData.from_raw(person),
    )
    store([EventEntry(event=event, consent=Consent.GRANTED, origin=Origin.TRACK)], conf.pixels().values())
    return Event.objects.get(event_id="lead-1")


@pytest.mark.django_db
def test_a_stored_event_has_its_page_and_its_browser() -> None:
    event = stored("https://shop.example/thanks/4711/?mail=jane", client_user_agent=AGENT)

    assert (event.page, event.browser_family) == ("/thanks/<pk>/", BrowserFamily.CHROME)


@pytest.mark.django_db
@pytest.mark.parametrize("is_restricted", [False, True])
def test_what_is_not_known_is_empty(is_restricted: bool) -> None:
    with override_settings(CAPI={"PIXEL_ID": "1234567890123456", "RESTRICT_DATA": is_restricted}):
        event = stored("https://shop.example/thanks/4711/" if is_restricted else None, em="jane@example.com")

    assert (event.page, event.browser_family) == ("", BrowserFamily.UNKNOWN)
